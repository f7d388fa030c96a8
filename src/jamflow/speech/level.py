"""The level that speech has in `mini`'s corpus, and the gain that brings a recording to it."""

import numpy as np

LOUD, LOUD_QUANTILE = 0.3125, 0.995  # this quantile of |sample| becomes LOUD


def to_model_level(wave: np.ndarray) -> np.ndarray:
    """(N,) float32 at the corpus's level, with peaks below 1."""
    return (wave * gain_to_model_level(wave)).astype(np.float32)


def gain_to_model_level(wave: np.ndarray) -> float:
    """The factor of `to_model_level`."""
    size = np.abs(wave)
    return model_gain(float(np.quantile(size, LOUD_QUANTILE)), float(size.max()))


def model_gain(loud: float, peak: float) -> float:
    """The factor to the corpus's level.

    Args:
        loud: the quantile `LOUD_QUANTILE` of |sample| in the recording.
        peak: the largest |sample|, which stays below 1.
    """
    gain = LOUD / max(loud, 1e-4)
    return gain * min(1.0, 0.98 / max(peak * gain, 1e-4))
