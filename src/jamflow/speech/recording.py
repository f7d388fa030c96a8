"""A recording of any length, read block by block in constant memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import soxr

from jamflow.media.video_reader import stream_sound
from jamflow.speech.level import LOUD_QUANTILE, model_gain
from jamflow.speech.waveform import refuse_invalid, refuse_unusable

_BINS = 1 << 16  # of |sample|, as fine as 16-bit sound


@dataclass(frozen=True)
class Recording:
    """The first sound track of a file, as a model hears it. Make it with `open_recording`.

    Attributes:
        rate_hz: sample rate of `blocks`.
        length_s: how long it lasts.
        start_s: the time in the file of its first sample.
        gain: the factor to the model's level.
    """

    path: Path
    rate_hz: int
    length_s: Fraction
    start_s: Fraction
    gain: float

    def blocks(self) -> Iterator[np.ndarray]:
        """All samples in order, as (n,) float32 mono blocks at the model's rate and level."""
        for wave in _resampled(self.path, self.rate_hz):
            yield wave * np.float32(self.gain)


def open_recording(path: str | Path, rate_hz: int) -> Recording:
    """Open a recording; the file is read through once, for its length and level.

    Args:
        rate_hz: the sample rate of the model that hears it.

    Raises:
        UserError: the file cannot be read, holds no sound, is silent or lasts less than half a second.
    """
    path = Path(path)
    start_s = next(stream_sound(path)).start_s
    count, total, low, high = 0, 0.0, np.inf, -np.inf
    bins = np.zeros(_BINS, np.int64)
    for wave in _resampled(path, rate_hz):
        count += len(wave)
        total += float(wave.sum(dtype=np.float64))
        low, high = min(low, float(wave.min())), max(high, float(wave.max()))
        bins += np.bincount((np.abs(wave) * (_BINS - 1)).astype(np.int64), minlength=_BINS)
    mean = total / max(count, 1)
    refuse_unusable(path, count / rate_hz, max(high - mean, mean - low))
    loud = float(np.searchsorted(np.cumsum(bins), LOUD_QUANTILE * count)) / (_BINS - 1)
    return Recording(path, rate_hz, Fraction(count, rate_hz), start_s, model_gain(loud, max(high, -low)))


def _resampled(path: Path, rate_hz: int) -> Iterator[np.ndarray]:
    """What `waveform.read_wave` gives, as non-empty blocks."""
    stream = None
    for sound in stream_sound(path):
        refuse_invalid(path, sound.samples)
        if stream is None:
            stream = soxr.ResampleStream(sound.sample_rate, rate_hz, 1, dtype="float32", quality="HQ")
        wave = stream.resample_chunk(sound.samples)
        if len(wave):
            yield np.clip(wave, -1.0, 1.0)
    if stream is not None:
        wave = stream.resample_chunk(np.zeros(0, np.float32), last=True)
        if len(wave):
            yield np.clip(wave, -1.0, 1.0)
