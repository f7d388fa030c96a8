"""What a sound is like: speech, music or neither; how loud; how far up its frequencies reach.

Shapes: N samples, F frames.
"""

from dataclasses import dataclass

import numpy as np
import soxr
import torch

from jamflow.mel_format import MelFormat
from jamflow.speech.bandwidth import bands_heard
from jamflow.speech.mel import htk_hz

_RATE_HZ = 16_000
_FRAME, _HOP = 640, 160  # 40 ms every 10 ms, for voicing
_PITCH_HZ = (70, 400)
_PERIODIC = 0.6  # autocorrelation at the pitch period, from which on a frame is voiced
_QUIET_DB = 30.0  # below the loud frames: not active
_LONG, _LONG_HOP, _BINS = 1024, 320, 256  # 64 ms every 20 ms up to 4 kHz, for partials
_STAYS_FRAMES, _STAYS = 15, 0.8  # a partial stays if it is in the same bin in this share of the next 0.3 s
_PEAK, _LOUD = 4.0, 3.5  # nepers under the highest of a frame, of the clip

SPOKEN_S = 0.2
"""Speech has at least so many seconds of voiced sound."""
MUSIC = 0.1
"""The share of steady partials is over this in music, also under speech as loud. 675 recordings of speech have 0.054 at most."""


@dataclass(frozen=True)
class Heard:
    """voiced_s: seconds with a pitch. steady: share of partials that stay in place, as those of music do. level_db: of the loud
    frames, below full scale."""

    voiced_s: float
    steady: float
    level_db: float


def listen(wave: np.ndarray, rate_hz: int) -> Heard:
    """What (N,) float32 samples in [-1, 1] are like."""
    low = soxr.resample(wave, rate_hz, _RATE_HZ)
    if len(low) < _FRAME:
        low = np.pad(low, (0, _FRAME - len(low)))
    frames = _framed(low, _FRAME, _HOP)
    frames = frames - frames.mean(1, keepdims=True)
    level_db = 10 * np.log10((frames**2).mean(1) + 1e-12)
    top_db = float(np.quantile(level_db, 0.95))
    voiced = (_periodicity(frames) > _PERIODIC) & (level_db > top_db - _QUIET_DB)
    return Heard(float(voiced.sum() * _HOP / _RATE_HZ), _steady(low), top_db)


def bandwidth_hz(mel_fm: np.ndarray, mel_format: MelFormat, source_rate_hz: float | None = None) -> float | None:
    """Up to which frequency there is sound in an (F, M) log mel at the model's level; None: all frequencies.

    Args:
        source_rate_hz: sample rate of the original: above half of it, a copy has nothing but what its codec made.
    """
    bands = bands_heard(torch.from_numpy(mel_fm.astype(np.float32)), mel_format)
    heard_hz = None if bands >= mel_format.bands else round(float(htk_hz(mel_format)[bands]), 1)
    if source_rate_hz is None or source_rate_hz >= mel_format.sample_rate_hz:
        return heard_hz
    return source_rate_hz / 2 if heard_hz is None else min(heard_hz, source_rate_hz / 2)


def _framed(wave: np.ndarray, size: int, hop: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(wave, size)[::hop]


def _periodicity(frames: np.ndarray) -> np.ndarray:
    """(F,) the highest autocorrelation at a period of speech, 1 for a periodic frame."""
    window = np.hanning(_FRAME)
    spectrum = np.abs(np.fft.rfft(frames * window, 2 * _FRAME, axis=1)) ** 2
    correlation = np.fft.irfft(spectrum, axis=1)[:, :_FRAME]
    tapered = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * _FRAME)) ** 2)[:_FRAME]
    shortest, longest = (_RATE_HZ // hz for hz in reversed(_PITCH_HZ))
    part = correlation[:, shortest:longest] / np.maximum(correlation[:, :1], 1e-12)
    return (part / (tapered[shortest:longest] / tapered[0])).max(1)


def _steady(wave: np.ndarray) -> float:
    """The share of spectral peaks of loud frames that stay where they are: notes do, the partials of speech glide."""
    if len(wave) < _LONG + _STAYS_FRAMES * _LONG_HOP:
        return 0.0
    spectrum = np.abs(np.fft.rfft(_framed(wave, _LONG, _LONG_HOP) * np.hanning(_LONG), axis=1))[:, :_BINS]
    log = np.log(spectrum + 1e-6)
    inner = log[:, 1:-1]
    highest = inner.max(1, keepdims=True)
    peaks = (inner > log[:, :-2]) & (inner > log[:, 2:]) & (inner > highest - _PEAK)
    count = len(peaks) - _STAYS_FRAMES
    if count < 1:
        return 0.0
    later = sum(peaks[k : count + k].astype(int) for k in range(1, _STAYS_FRAMES + 1))
    stays = peaks[:count] & (later >= _STAYS * _STAYS_FRAMES)
    loud = highest[:count, 0] > np.quantile(highest[:count, 0], 0.95) - _LOUD
    return float(stays[loud].sum() / max(1, peaks[:count][loud].sum()))
