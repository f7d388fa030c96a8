"""Features of a shard, computed once: clean and degraded log mels, and loudness. Examples: utterances as features."""

import os
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from jamflow.data.augment import degrade_sound
from jamflow.data.corpus import MOTION_FPS, Shard, Span
from jamflow.face.channels import interpolated
from jamflow.mel_format import MelFormat
from jamflow.speech.mel import LogMel


@dataclass(frozen=True)
class Example:
    """One utterance as features. Shapes: F mel frames, M mel bands, T motion frames, K key points.

    Attributes:
        voice: name of the speaker.
        phones: what is said when, without gaps; empty if the text is unknown.
        mel_fm: log mel, float16.
        heard_fm: the same, degraded.
        loudness_f: in [0, 1].
        motion_tk3: tracked expression, in the units of the model's motion space; None if no face was filmed. Mel and motion then
            last equally long: a whole number of `common_frames`.
        bandwidth_hz: the highest frequency with sound in it; None is all of them.
        lips_tc: (T, C) mouth channels that a teacher hears in the sound (`lips.npy` of the shard), frame k at k / 25 s, up to the
            end of the sound; None if there are none.
    """

    voice: str
    phones: list[Span]
    mel_fm: np.ndarray
    heard_fm: np.ndarray
    loudness_f: np.ndarray
    motion_tk3: np.ndarray | None = None
    bandwidth_hz: float | None = None
    lips_tc: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.mel_fm)

    def part(self, first: int, last: int, mel_format: MelFormat) -> "Example":
        """The mel frames from `first` to before `last`, a multiple of `common_frames` each where a face was filmed."""
        start_s, end_s = first / mel_format.frame_rate_hz, last / mel_format.frame_rate_hz
        inside = [(s, max(a, start_s) - start_s, min(b, end_s) - start_s) for s, a, b in self.phones if a < end_s and b > start_s]
        sound = [x[first:last] for x in (self.mel_fm, self.heard_fm, self.loudness_f)]
        motion = self.motion_tk3
        if motion is not None:
            motion = motion[_motion_frames(first, mel_format) : _motion_frames(last, mel_format)]
        lips = self.lips_tc
        if lips is not None:
            lips = lips_between(lips, start_s + np.arange(int(np.ceil((end_s - start_s) * MOTION_FPS))) / MOTION_FPS)
        return replace(
            self, phones=inside, mel_fm=sound[0], heard_fm=sound[1], loudness_f=sound[2], motion_tk3=motion, lips_tc=lips
        )


def lips_between(lips_tc: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """Lips at 25 frames a second, from second 0 on, at other moments; those beyond the ends are held."""
    return interpolated(np.arange(len(lips_tc)) / MOTION_FPS, np.asarray(lips_tc), time_s)


def lips_frames(samples: int, rate_hz: int) -> int:
    """Rows of an utterance in `lips.npy`."""
    return -(-samples * MOTION_FPS // rate_hz)


def common_frames(mel_format: MelFormat) -> int:
    """Mel frames in the shortest span that is whole in mel frames and in motion frames."""
    return (mel_format.frame_s * MOTION_FPS).denominator


def loudness(mel_fm: np.ndarray) -> np.ndarray:
    """(F, M) log mel to (F,) loudness in [0, 1]: 1 is the level of the loud parts, 0 is 45 dB below."""
    level_db = 8.686 * np.logaddexp.reduce(mel_fm.astype(np.float32), axis=1)
    top_db = np.quantile(level_db, 0.95)
    return np.clip(1 + (level_db - top_db) / 45, 0, 1)


def prepare(shard: Shard, mel_format: MelFormat, seed: int = 0) -> Path:
    """Write `mel.npy` (clean) and `heard.npy` (degraded) beside a shard's sound, if they are not there; returns the folder."""
    done = shard.folder / "heard.npy"
    if done.exists():
        return shard.folder
    rng = np.random.default_rng(seed)
    log_mel = LogMel(mel_format)
    mels, heard = [], []
    for utterance in shard.utterances:
        wave = shard.samples(utterance)
        frames = utterance.samples // mel_format.hop
        degraded = degrade_sound(wave, mel_format.sample_rate_hz, rng)
        both = log_mel(torch.from_numpy(np.stack([wave, degraded])))[:, :frames].half().numpy()
        mels.append(both[0])
        heard.append(both[1])
    np.save(shard.folder / "mel.npy", np.concatenate(mels))
    np.save(done.with_suffix(".part.npy"), np.concatenate(heard))
    done.with_suffix(".part.npy").rename(done)
    return shard.folder


def write_mels(shard: Shard, mel_format: MelFormat) -> Path:
    """Write `mel.npy` beside a shard's sound, if it is not there; returns its path. Several processes may do so at once."""
    path = shard.folder / "mel.npy"
    if path.exists():
        return path
    log_mel = LogMel(mel_format)
    mels = []
    for utterance in shard.utterances:
        frames = utterance.samples // mel_format.hop
        mels.append(log_mel(torch.from_numpy(shard.samples(utterance))[None])[0, :frames].half().numpy())
    part = path.with_name(f"mel.{os.getpid()}.part.npy")
    np.save(part, np.concatenate(mels))
    part.rename(path)
    return path


def examples(shard: Shard, mel_format: MelFormat) -> list[Example]:
    """All utterances of a shard that was prepared in this format; the arrays stay on disk until they are read.

    Where a face was filmed, the end that is not whole in mel frames and in motion frames, or has one without the other, is left
    out (0.16 s at most, if sound and motion last equally long): lips are then never shifted against their sound. Of a very short
    utterance nothing may be left.
    """
    mel = np.load(shard.folder / "mel.npy", mmap_mode="r")
    heard = np.load(shard.folder / "heard.npy", mmap_mode="r")
    taught = shard.folder / "lips.npy"
    all_lips = np.load(taught, mmap_mode="r") if taught.exists() else None
    out, first, first_lips = [], 0, 0
    for u in shard.utterances:
        lips = None
        if all_lips is not None:
            last_lips = first_lips + lips_frames(u.samples, mel_format.sample_rate_hz)
            lips, first_lips = all_lips[first_lips:last_lips], last_lips
        last = first + u.samples // mel_format.hop
        level = loudness(np.asarray(mel[first:last]))
        filmed = shard.motion(u)
        motion = None if filmed is None else filmed[0]
        whole = Example(u.voice, u.phones, mel[first:last], heard[first:last], level, motion, u.bandwidth_hz, lips)
        first = last
        if motion is not None:
            step = common_frames(mel_format)
            frames = min(len(whole), int(len(motion) / (mel_format.frame_s * MOTION_FPS))) // step * step
            whole = whole.part(0, frames, mel_format)
        out.append(whole)
    return out


def _motion_frames(mel_frames: int, mel_format: MelFormat) -> int:
    """Motion frames in so many mel frames, a multiple of `common_frames`."""
    frames = Fraction(mel_frames) * mel_format.frame_s * MOTION_FPS
    assert frames.denominator == 1, "cut between two motion frames"
    return int(frames)
