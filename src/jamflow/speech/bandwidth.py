"""Recordings that lack their top: of 8 or 16 kHz, or coded narrowly. To `mini` an empty band is no speech at all.

Shapes: F mel frames, M mel bands.
"""

import numpy as np
import soxr
import torch
from torch import Tensor

from jamflow.speech.mel import N_MELS, SAMPLE_RATE_HZ, MelConfig, htk_hz

_EMPTY = -7.0  # log mel at the model's level: 75 dB under what the corpus has in its highest band
_LOUD_SHARE = 0.4  # of the frames tell what a recording has
_LEAST_BANDS = 50  # below 2.2 kHz: that is no speech
_EDGE, _BELOW = 2, 5  # bands that a filter's slope takes, and bands under them that the top is made of
_FALL = 0.03  # a band, as speech falls towards the top


def bands_heard(mel_fm: Tensor) -> int:
    """How many mel bands there are in a recording at the model's level, counted from the lowest; all N_MELS in most."""
    level_f = mel_fm.logsumexp(1)
    loud = mel_fm[level_f >= level_f.quantile(1 - _LOUD_SHARE)].mean(0)
    there = torch.nonzero(loud > _EMPTY).flatten()
    return N_MELS if len(there) == 0 else max(_LEAST_BANDS, int(there[-1]) + 1)


def with_top(mel_fm: Tensor, bands: int) -> Tensor:
    """(F, M) with something like speech in the bands above the first `bands`: as loud as those under them, and falling."""
    if bands >= N_MELS:
        return mel_fm
    first = bands - _EDGE
    under = mel_fm[:, first - _BELOW : first].mean(1, keepdim=True)
    top = under - _FALL * torch.arange(N_MELS - first, device=mel_fm.device)
    return torch.cat([mel_fm[:, :first], torch.maximum(mel_fm[:, first:], top)], dim=1)


def without_top(wave: np.ndarray, bands: int) -> np.ndarray:
    """(N,) samples at 24 kHz cut off where a recording with the first `bands` is."""
    if bands >= N_MELS:
        return wave
    cutoff_hz = round(float(htk_hz(MelConfig())[bands]))
    low = soxr.resample(wave, SAMPLE_RATE_HZ, 2 * cutoff_hz, quality="HQ")
    back = soxr.resample(low, 2 * cutoff_hz, SAMPLE_RATE_HZ, quality="HQ")
    return np.pad(back, (0, max(0, len(wave) - len(back))))[: len(wave)].astype(np.float32)
