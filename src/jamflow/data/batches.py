"""Training batches: rows of one length, each packed from utterances of one voice; so there is no padding and no mask.

Shapes: B rows, A audio tokens, T motion frames, C channels.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from jamflow.data.augment import aligned_phones, another_voice, track_noise, tracked_lips
from jamflow.data.features import Example
from jamflow.face.articulation import articulate, random_style
from jamflow.model.config import JointConfig
from jamflow.text.phonemes import symbols, tokens_in_time

ANOTHER_VOICE = 0.35  # share of rows whose voice is changed (`augment.another_voice`)


@dataclass
class Batch:
    """Everything known about the rows. `train.regimes` decides what is shown and what is hidden.

    Attributes:
        mel_bac: log mel tokens, clean.
        heard_bac: the same, degraded.
        timed_ba: phoneme tokens laid out in time.
        aligned_ba: the same, a little off, as an aligner finds them in a recording.
        free_ba: the same phonemes one after the other from the start, then -1.
        mouth_btc: lip points in cm, clean.
        seen_btc: the same, as tracked.
        plain_btc: lips for the same words in the default style, which the model's own voice has.
        clue_btc: the other key points in cm.
    """

    mel_bac: Tensor
    heard_bac: Tensor
    timed_ba: Tensor
    aligned_ba: Tensor
    free_ba: Tensor
    mouth_btc: Tensor
    seen_btc: Tensor
    plain_btc: Tensor
    clue_btc: Tensor


class Packer:
    """Draws rows: utterances of one voice one after the other, cut at the row's length.

    A voice is drawn in proportion to its seconds. `favour` has (beginning of a name, factor) for voices to draw more often.
    """

    def __init__(
        self, examples: list[Example], config: JointConfig, rng: np.random.Generator, favour: tuple[tuple[str, float], ...] = ()
    ):
        self.config = config
        self.rng = rng
        self.voices: dict[str, list[Example]] = defaultdict(list)
        for example in examples:
            self.voices[example.voice].append(example)
        self.names = sorted(self.voices)
        weights = np.array([sum(e.phones[-1][2] for e in self.voices[n]) for n in self.names])
        for beginning, times in favour:
            weights[[n.startswith(beginning) for n in self.names]] *= times
        self.weights = weights / weights.sum()

    def batches(self, shapes: list[tuple[int, int]], shares: list[float]) -> Iterator[Batch]:
        """Endless batches. Each has one of `shapes` (rows, audio tokens), drawn with the probabilities `shares`."""
        while True:
            rows, tokens = shapes[int(self.rng.choice(len(shapes), p=shares))]
            yield self.batch(rows, tokens)

    def batch(self, rows: int, tokens: int) -> Batch:
        made = [self._row(tokens) for _ in range(rows)]
        return Batch(*(torch.from_numpy(np.stack(column)) for column in zip(*made, strict=True)))

    def _row(self, tokens: int) -> tuple[np.ndarray, ...]:
        c = self.config
        per = c.frames_per_token
        frames = tokens * per
        voice = self.voices[self.names[int(self.rng.choice(len(self.names), p=self.weights))]]
        mels, heards, levels, phones, made = [], [], [], [], 0
        while made < frames:
            e = voice[int(self.rng.integers(len(voice)))]
            shift = made / c.mel.frame_rate_hz
            phones += [(s, a + shift, b + shift) for s, a, b in e.phones]
            mels.append(e.mel_fm)
            heards.append(e.heard_fm)
            levels.append(e.loudness_f)
            made += len(e.mel_fm)
        mel, heard = (np.concatenate(x)[:frames].astype(np.float32) for x in (mels, heards))
        if self.rng.random() < ANOTHER_VOICE:
            mel, heard = another_voice([mel, heard], c.mel, self.rng)
        duration_s = frames / c.mel.frame_rate_hz
        phones = [p for p in phones if p[1] < duration_s]
        motion_frames = int(np.ceil(duration_s * c.motion_fps))
        level = np.concatenate(levels)[:frames]
        at = np.minimum(np.arange(motion_frames) / c.motion_fps * c.mel.frame_rate_hz, frames - 1).astype(int)
        # Half of the rows have the default style, with which `mini` should speak. The others teach it to continue other styles.
        style = None if self.rng.random() < 0.5 else random_style(self.rng)
        plain, mouth = (
            articulate(phones, motion_frames / c.motion_fps, c.motion_fps, s, level[at]).reshape(motion_frames, -1)
            for s in (None, style)
        )
        timed = tokens_in_time(phones, tokens, c.token_rate_hz)
        aligned = tokens_in_time(aligned_phones(phones, self.rng), tokens, c.token_rate_hz)
        index = {s: i for i, s in enumerate(symbols())}
        free = np.full(tokens, -1, np.int64)
        spoken = [index[s] for s, _, _ in phones][:tokens]
        free[: len(spoken)] = spoken
        shape = (tokens, per * mel.shape[1])
        return (
            mel.reshape(shape),
            heard.reshape(shape),
            timed,
            aligned,
            free,
            mouth,
            tracked_lips(mouth, self.rng),
            plain,
            self._clue(mouth),
        )

    def _clue(self, mouth_tc: np.ndarray) -> np.ndarray:
        """(T, clue channels): eyes, brows and nose with blinks, slow drift and a tracker's noise; cheeks follow the lips.

        In half of the rows they follow the lips of another moment: a video that gets a new mouth shows the cheeks of the old one.
        """
        t = len(mouth_tc)
        clue = np.zeros((t, self.config.motion.clue_channels), np.float32)
        for _ in range(self.rng.poisson(t / 100)):  # blinks: the upper lids, key points 13 and 14 of the mesh
            start, close = int(self.rng.integers(t)), 0.9
            for channel in (4 * 3 + 1, 5 * 3 + 1):
                clue[start : start + 5, channel] -= close * np.array([0.4, 1.0, 0.9, 0.5, 0.2])[: t - start]
        leaning = np.roll(mouth_tc[:, 1:2], int(self.rng.integers(t)) * int(self.rng.integers(2)), axis=0)
        return track_noise(clue + leaning * self.rng.uniform(-0.1, 0.1, clue.shape[1]), self.rng)
