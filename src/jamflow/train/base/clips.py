"""Batches of whole clips, padded to the longest.

Shapes: B rows, A audio tokens, N text tokens, T motion frames, C channels.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from jamflow.data.corpus import MOTION_FPS, Shard
from jamflow.data.features import write_mels
from jamflow.data.stream import Clips
from jamflow.face.liveportrait.space import liveportrait_space
from jamflow.model.config import JointConfig
from jamflow.text.f5_text import Vocabulary, tokenize

_OPEN = 64  # shards that a reader keeps open


@dataclass
class ClipBatch:
    """What is known of the rows. `rows` decides what is shown.

    number: of the batch; all that is drawn for it depends on this and the seed.
    names: where each clip comes from, for messages.
    mel_bac: log mel. text_bn: tokens of the whole text, then -1.
    mouth_btc, clue_btc: key points in the motion space's unit.
    audio_valid_ba, motion_valid_bt: bool, what is not padding.
    text_b, lips_b: bool, rows whose text is known, and whose face was filmed.
    """

    number: int
    names: list[str]
    mel_bac: Tensor
    text_bn: Tensor
    mouth_btc: Tensor
    clue_btc: Tensor
    audio_valid_ba: Tensor
    motion_valid_bt: Tensor
    text_b: Tensor
    lips_b: Tensor

    def broken(self) -> list[str]:
        """Names of clips that are not finite numbers."""
        fine = torch.stack([x.isfinite().flatten(1).all(1) for x in (self.mel_bac, self.mouth_btc, self.clue_btc)]).all(0)
        return [name for name, ok in zip(self.names, fine.tolist(), strict=True) if not ok]


class ClipReader:
    """From the number of a batch and its clips (`data.stream.batches`) to the batch."""

    def __init__(self, shards: list[Shard], clips: Clips, config: JointConfig, vocabulary: Vocabulary):
        self.shards, self.clips, self.config, self.vocabulary = shards, clips, config, vocabulary
        space = liveportrait_space(config.motion.mouth)
        self.mouth, self.clue = list(config.motion.mouth), list(space.clue)
        self._mels: OrderedDict[int, tuple[np.ndarray, np.ndarray]] = OrderedDict()

    def batch(self, number: int, clips: np.ndarray) -> ClipBatch:
        rows = [self._clip(int(i)) for i in clips]
        tokens = max(len(mel) for mel, _, _ in rows)
        frames = self.config.motion_frames(tokens)
        words = max(1, max(len(text) for _, _, text in rows))
        c = self.config.motion
        out = ClipBatch(
            number,
            [self._name(int(i)) for i in clips],
            torch.zeros(len(rows), tokens, self.config.audio.channels),
            torch.full((len(rows), words), -1),
            torch.zeros(len(rows), frames, c.mouth_channels),
            torch.zeros(len(rows), frames, c.clue_channels),
            torch.zeros(len(rows), tokens, dtype=torch.bool),
            torch.zeros(len(rows), frames, dtype=torch.bool),
            torch.tensor([bool(text) for _, _, text in rows]),
            torch.tensor([motion is not None for _, motion, _ in rows]),
        )
        for b, (mel, motion, text) in enumerate(rows):
            n, t = len(mel), self.config.motion_frames(len(mel))
            out.mel_bac[b, :n] = torch.from_numpy(mel.astype(np.float32))
            out.audio_valid_ba[b, :n] = True
            out.motion_valid_bt[b, :t] = True
            out.text_bn[b, : len(text)] = torch.tensor(text, dtype=torch.int64)
            if motion is not None:
                out.mouth_btc[b, :t] = torch.from_numpy(motion[:t, self.mouth].reshape(t, -1))
                out.clue_btc[b, :t] = torch.from_numpy(motion[:t, self.clue].reshape(t, -1))
        return out

    def filmed(self, i: int) -> bool:
        """Whether a clip has motion."""
        return self.shards[self.clips.shard_n[i]].utterances[self.clips.utterance_n[i]].motion is not None

    def _clip(self, i: int) -> tuple[np.ndarray, np.ndarray | None, list[int]]:
        """(A, C) log mel tokens, (T, K, 3) key points or None, and text tokens. Sound and motion last equally long."""
        shard = self.shards[self.clips.shard_n[i]]
        utterance = shard.utterances[self.clips.utterance_n[i]]
        mel, first = self._opened(int(self.clips.shard_n[i]))
        start, end = (int(first[self.clips.utterance_n[i] + k]) for k in (0, 1))
        filmed = shard.motion(utterance)
        tokens = (end - start) // self.config.frames_per_token
        motion = None
        if filmed is not None:
            motion = np.asarray(filmed[0])
            tokens = min(tokens, int(len(motion) / MOTION_FPS * self.config.token_rate_hz))
            motion = motion[: self.config.motion_frames(tokens)]
        frames = mel[start : start + tokens * self.config.frames_per_token]
        text = self.vocabulary.indices(tokenize(utterance.text)) if utterance.text else []
        # F5-TTS cuts off text that is longer than the sound.
        return frames.reshape(tokens, -1), motion, text[:tokens]

    def _opened(self, shard: int) -> tuple[np.ndarray, np.ndarray]:
        """Mel frames of a shard, on disk until they are read, and where each utterance begins in them."""
        if shard not in self._mels:
            hop = self.config.mel.hop
            lengths = [u.samples // hop for u in self.shards[shard].utterances]
            path = write_mels(self.shards[shard], self.config.mel)
            self._mels[shard] = np.load(path, mmap_mode="r"), np.concatenate([[0], np.cumsum(lengths)])
            if len(self._mels) > _OPEN:
                self._mels.popitem(last=False)
        self._mels.move_to_end(shard)
        return self._mels[shard]

    def _name(self, i: int) -> str:
        shard = self.shards[self.clips.shard_n[i]]
        number = int(self.clips.utterance_n[i])
        return f"{shard.folder.name}, clip {number} ({shard.utterances[number].voice})"
