"""Features of a shard, computed once: clean and degraded log mels, and loudness."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from jamflow.data.augment import degrade_sound
from jamflow.data.corpus import Shard
from jamflow.mel_format import MelFormat
from jamflow.speech.mel import LogMel


@dataclass(frozen=True)
class Example:
    """One utterance as features. Shapes: F mel frames, M mel bands."""

    voice: str
    phones: list[tuple[str, float, float]]
    mel_fm: np.ndarray  # (F, M) log mel, float16
    heard_fm: np.ndarray  # (F, M) the same, degraded
    loudness_f: np.ndarray  # (F,) in [0, 1]


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


def examples(shard: Shard, mel_format: MelFormat) -> list[Example]:
    """All utterances of a shard that was prepared in this format; the arrays stay on disk until they are read."""
    mel = np.load(shard.folder / "mel.npy", mmap_mode="r")
    heard = np.load(shard.folder / "heard.npy", mmap_mode="r")
    out, first = [], 0
    for u in shard.utterances:
        last = first + u.samples // mel_format.hop
        level = loudness(np.asarray(mel[first:last]))
        out.append(Example(u.voice, u.phones, mel[first:last], heard[first:last], level))
        first = last
    return out
