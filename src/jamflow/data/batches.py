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
from jamflow.data.features import Example, common_frames, lips_between
from jamflow.data.lips import Lips, articulated, heard
from jamflow.face.liveportrait.space import liveportrait_space
from jamflow.face.mesh.space import MESH_SPACE
from jamflow.model.config import JointConfig
from jamflow.speech.bandwidth import bands_below, bands_kept, with_top
from jamflow.text.phonemes import symbols, tokens_in_time

ANOTHER_VOICE = 0.2  # share of rows whose voice is changed (`augment.another_voice`)
PITCH = (0.86, 1.16)  # by how much, at most


@dataclass
class Batch:
    """Everything known about the rows. `train.regimes` decides what is shown and what is hidden.

    Attributes:
        mel_bac: log mel tokens, clean. Bands above a recording's bandwidth are filled, as `speech.bandwidth` does.
        heard_bac: the same, degraded, with bands as they are: what `animate` hears.
        given_bac: the same, degraded and filled: how a recording is continued.
        known_bc: channels of a token that the recording has; the others are filled.
        timed_ba: phoneme tokens laid out in time; -1 where the text is unknown.
        aligned_ba: the same, a little off, as an aligner finds them in a recording.
        free_ba: the same phonemes one after the other from the start, then -1.
        text_b: rows whose text is known.
        mouth_btc: lip points in the motion space's unit: as filmed, or made from the phonemes. Zero where they are unknown.
        seen_btc: the same, as tracked.
        plain_btc: lips for the same words in the style of the model's own voice; as filmed where the text is unknown.
        clue_btc: the other key points.
        lips_b: rows whose lips are known.
    """

    mel_bac: Tensor
    heard_bac: Tensor
    given_bac: Tensor
    known_bc: Tensor
    timed_ba: Tensor
    aligned_ba: Tensor
    free_ba: Tensor
    text_b: Tensor
    mouth_btc: Tensor
    seen_btc: Tensor
    plain_btc: Tensor
    clue_btc: Tensor
    lips_b: Tensor


@dataclass(frozen=True)
class _Row:
    """Some pieces of utterances, one after the other, cut at the row's length."""

    pieces: list[Example]
    tokens: int
    frames: int  # mel
    motion_frames: int


class Packer:
    """Draws rows: utterances of one voice one after the other, cut at the row's length.

    Utterances of a row have the same things known: with or without a text, with a filmed face or without. A voice is drawn in
    proportion to its seconds. `favour` has (beginning of a name, factor) for voices to draw more often. `lips` makes the lips of
    rows with a text and without a filmed face; they have the key points of the face mesh, so in another motion space the lips of
    such rows are unknown.
    """

    def __init__(
        self,
        examples: list[Example],
        config: JointConfig,
        rng: np.random.Generator,
        favour: tuple[tuple[str, float], ...] = (),
        lips: Lips = articulated,
    ):
        self.config = config
        self.rng = rng
        self.lips = lips if config.motion.space == "mesh" else None
        space = MESH_SPACE if config.motion.space == "mesh" else liveportrait_space(config.motion.mouth)
        self.mouth, self.clue = list(config.motion.mouth), list(space.clue)
        self.step = common_frames(config.mel)
        groups: dict[tuple[str, bool, bool], list[Example]] = defaultdict(list)
        for e in examples:
            if len(e):
                groups[e.voice, bool(e.phones), e.motion_tk3 is not None].append(e)
        self.groups = [groups[key] for key in sorted(groups)]
        self.names = [voice for voice, _, _ in sorted(groups)]
        weights = np.array([float(sum(len(e) for e in group)) for group in self.groups])
        for beginning, times in favour:
            weights[[n.startswith(beginning) for n in self.names]] *= times
        self.weights = weights / weights.sum()

    def batches(self, shapes: list[tuple[int, int]], shares: list[float], seed: int, first: int = 0) -> Iterator[Batch]:
        """Endless batches, from number `first` on; what is drawn depends on `seed` and a batch's number alone.

        Each has one of `shapes` (rows, audio tokens), drawn with the probabilities `shares`.
        """
        number = first
        while True:
            self.rng = np.random.default_rng([seed, number])
            rows, tokens = shapes[int(self.rng.choice(len(shapes), p=shares))]
            yield self.batch(rows, tokens)
            number += 1

    def batch(self, rows: int, tokens: int) -> Batch:
        made = [self._row(tokens) for _ in range(rows)]
        return Batch(**{name: torch.from_numpy(np.stack([row[name] for row in made])) for name in made[0]})

    def _row(self, tokens: int) -> dict[str, np.ndarray]:
        c = self.config
        frames = tokens * c.frames_per_token
        motion_frames = int(np.ceil(frames / c.mel.frame_rate_hz * c.motion_fps))
        row = _Row(self._pieces(frames), tokens, frames, motion_frames)
        phones, made = [], 0
        for e in row.pieces:
            shift = made / c.mel.frame_rate_hz
            phones += [(s, a + shift, b + shift) for s, a, b in e.phones]
            made += len(e)
        phones = [p for p in phones if p[1] < frames / c.mel.frame_rate_hz]
        return self._sound(row) | self._text(row, phones) | self._motion(row, phones)

    def _pieces(self, frames: int) -> list[Example]:
        """Utterances that fill a row. From one that is longer than the row, any stretch."""
        group = self.groups[int(self.rng.choice(len(self.groups), p=self.weights))]
        pieces, made = [], 0
        while made < frames:
            e = group[int(self.rng.integers(len(group)))]
            if not pieces and len(e) > frames:
                start = int(self.rng.integers((len(e) - frames) // self.step + 1)) * self.step
                e = e.part(start, len(e), self.config.mel)
            pieces.append(e)
            made += len(e)
        return pieces

    def _sound(self, row: _Row) -> dict[str, np.ndarray]:
        c = self.config
        bands = [bands_below(e.bandwidth_hz, c.mel) for e in row.pieces]

        def joined(parts: list[np.ndarray]) -> np.ndarray:
            return np.concatenate(parts)[: row.frames].astype(np.float32)

        def filled(mel_fm: np.ndarray, bands: int) -> np.ndarray:
            return mel_fm if bands >= c.mel.bands else with_top(torch.from_numpy(mel_fm.astype(np.float32)), bands).numpy()

        mel = joined([filled(e.mel_fm, n) for e, n in zip(row.pieces, bands, strict=True)])
        heard = joined([e.heard_fm for e in row.pieces])
        given = joined([filled(e.heard_fm, n) for e, n in zip(row.pieces, bands, strict=True)])
        known = min(bands)
        if self.rng.random() < ANOTHER_VOICE:
            pitch = self.rng.uniform(*PITCH)
            mel, heard, given = another_voice([mel, heard, given], c.mel, pitch, self.rng)
            widths = [e.bandwidth_hz for e in row.pieces if e.bandwidth_hz is not None]
            known = bands_below(pitch * min(widths), c.mel) if widths else known
        shape = (row.tokens, -1)
        kept = np.arange(c.mel.bands) < bands_kept(known, c.mel)
        return {
            "mel_bac": mel.reshape(shape),
            "heard_bac": heard.reshape(shape),
            "given_bac": given.reshape(shape),
            "known_bc": np.tile(kept, c.frames_per_token),
        }

    def _text(self, row: _Row, phones: list[tuple[str, float, float]]) -> dict[str, np.ndarray]:
        timed = aligned = np.full(row.tokens, -1, np.int64)
        free = timed.copy()
        if phones:
            rate_hz = self.config.token_rate_hz
            timed = tokens_in_time(phones, row.tokens, rate_hz)
            aligned = tokens_in_time(aligned_phones(phones, self.rng), row.tokens, rate_hz)
            index = {s: i for i, s in enumerate(symbols())}
            spoken = [index[s] for s, _, _ in phones][: row.tokens]
            free[: len(spoken)] = spoken
        return {"timed_ba": timed, "aligned_ba": aligned, "free_ba": free, "text_b": np.array(bool(phones))}

    def _motion(self, row: _Row, phones: list[tuple[str, float, float]]) -> dict[str, np.ndarray]:
        """Filmed lips with the rest of the face as it was; or lips made from phonemes; or none."""
        c = self.config
        filmed = None
        if row.pieces[0].motion_tk3 is not None:
            parts = [e.motion_tk3 for e in row.pieces if e.motion_tk3 is not None]
            filmed = np.concatenate(parts)[: row.motion_frames].astype(np.float32)
        made = None
        if self.lips is not None and filmed is None and all(e.lips_tc is not None for e in row.pieces):
            made = heard(self._heard(row), phones, c.motion_fps, self.rng)
        elif phones and self.lips is not None:
            level = np.concatenate([e.loudness_f for e in row.pieces])[: row.frames]
            at = np.minimum(np.arange(row.motion_frames) / c.motion_fps * c.mel.frame_rate_hz, row.frames - 1).astype(int)
            made = self.lips(phones, row.motion_frames / c.motion_fps, c.motion_fps, level[at], self.rng)
        if filmed is not None:
            mouth = seen = filmed[:, self.mouth].reshape(row.motion_frames, -1)
            plain = mouth if made is None else made[1]
            clue = self._of_another_moment(filmed[:, self.clue].reshape(row.motion_frames, -1))
        elif made is not None:
            mouth, plain = made
            seen = tracked_lips(mouth, self.rng)
            clue = self._clue(mouth)
        else:
            mouth = seen = plain = np.zeros((row.motion_frames, c.motion.mouth_channels), np.float32)
            clue = np.zeros((row.motion_frames, c.motion.clue_channels), np.float32)
        known = filmed is not None or made is not None
        return {"mouth_btc": mouth, "seen_btc": seen, "plain_btc": plain, "clue_btc": clue, "lips_b": np.array(known)}

    def _heard(self, row: _Row) -> np.ndarray:
        """(T, C) the lips that a teacher hears in the pieces of a row."""
        time_s = np.arange(row.motion_frames) / self.config.motion_fps
        lips = np.zeros((row.motion_frames, self.config.motion.mouth_channels), np.float32)
        start_s = 0.0
        for e in row.pieces:
            end_s = start_s + len(e) / self.config.mel.frame_rate_hz
            inside = (time_s >= start_s) & (time_s < end_s)
            if e.lips_tc is not None:
                lips[inside] = lips_between(e.lips_tc, time_s[inside] - start_s)
            start_s = end_s
        return lips

    def _clue(self, mouth_tc: np.ndarray) -> np.ndarray:
        """(T, clue channels): eyes, brows and nose with blinks, slow drift and a tracker's noise; cheeks follow the lips."""
        t = len(mouth_tc)
        clue = np.zeros((t, self.config.motion.clue_channels), np.float32)
        for _ in range(self.rng.poisson(t / 100)):  # blinks: the upper lids, key points 13 and 14 of the mesh
            start, close = int(self.rng.integers(t)), 0.9
            for channel in (4 * 3 + 1, 5 * 3 + 1):
                clue[start : start + 5, channel] -= close * np.array([0.4, 1.0, 0.9, 0.5, 0.2])[: t - start]
        leaning = self._of_another_moment(mouth_tc[:, 1:2])
        return track_noise(clue + leaning * self.rng.uniform(-0.1, 0.1, clue.shape[1]), self.rng)

    def _of_another_moment(self, motion_tc: np.ndarray) -> np.ndarray:
        """In half of the rows, motion from another moment: a video that gets a new mouth shows the cheeks of the old one."""
        return np.roll(motion_tc, int(self.rng.integers(len(motion_tc))) * int(self.rng.integers(2)), axis=0)
