"""Recordings without high frequencies: at 8 or 16 kHz, or from a narrow codec. `mini` never heard speech with empty bands.

Shapes: F mel frames, M mel bands.
"""

import numpy as np
import soxr
import torch
from torch import Tensor

from jamflow.mel_format import MelFormat
from jamflow.speech.mel import htk_hz

_EMPTY = -7.0  # log mel at the model's level: 75 dB below the corpus's highest band
_LOUD_SHARE = 0.4  # of the frames, the loudest ones, are looked at
_LEAST_HZ = 2200.0  # speech always reaches this far
_EDGE, _BELOW = 2, 5  # bands of a filter's slope, and bands below them that the filled ones are made from
_FALL = 0.03  # nepers a band, as speech falls towards high frequencies


def bands_heard(mel_fm: Tensor, mel_format: MelFormat) -> int:
    """How many mel bands a recording at the model's level has, counted from the lowest; most recordings have all."""
    level_f = mel_fm.logsumexp(1)
    loud = mel_fm[level_f >= level_f.quantile(1 - _LOUD_SHARE)].mean(0)
    there = torch.nonzero(loud > _EMPTY).flatten()
    least = int(torch.searchsorted(htk_hz(mel_format), _LEAST_HZ))
    return mel_format.bands if len(there) == 0 else max(least, int(there[-1]) + 1)


def bands_below(bandwidth_hz: float | None, mel_format: MelFormat) -> int:
    """How many mel bands peak below a frequency, counted from the lowest; all if it is None."""
    if bandwidth_hz is None:
        return mel_format.bands
    return int(torch.searchsorted(htk_hz(mel_format)[1:-1].contiguous(), max(bandwidth_hz, _LEAST_HZ), right=True))


def bands_kept(bands: int, mel_format: MelFormat) -> int:
    """How many bands `with_top` leaves as they are: the slope of the filter is filled, too."""
    return bands if bands >= mel_format.bands else bands - _EDGE


def with_top(mel_fm: Tensor, bands: int) -> Tensor:
    """(F, M) mel whose bands above the first `bands` are filled: as loud as the bands below them, and falling."""
    if bands >= mel_fm.shape[1]:
        return mel_fm
    first = bands - _EDGE
    under = mel_fm[:, first - _BELOW : first].mean(1, keepdim=True)
    top = under - _FALL * torch.arange(mel_fm.shape[1] - first, device=mel_fm.device)
    return torch.cat([mel_fm[:, :first], torch.maximum(mel_fm[:, first:], top)], dim=1)


def without_top(wave: np.ndarray, bands: int, mel_format: MelFormat) -> np.ndarray:
    """(N,) samples without the frequencies above the first `bands` mel bands."""
    if bands >= mel_format.bands:
        return wave
    cutoff_hz = round(float(htk_hz(mel_format)[bands]))
    low = soxr.resample(wave, mel_format.sample_rate_hz, 2 * cutoff_hz, quality="HQ")
    back = soxr.resample(low, 2 * cutoff_hz, mel_format.sample_rate_hz, quality="HQ")
    return np.pad(back, (0, max(0, len(wave) - len(back))))[: len(wave)].astype(np.float32)
