"""Bring speech to the one level the model knows."""

import numpy as np

LOUD, LOUD_QUANTILE = 0.3125, 0.995  # where this quantile of |sample| goes
F5_RMS = 0.1
_FADE_S = 0.05


def to_model_level(wave: np.ndarray) -> np.ndarray:
    """(N,) float32 at the corpus's level, with peaks below 1."""
    return (wave * gain_to_model_level(wave)).astype(np.float32)


def gain_to_model_level(wave: np.ndarray) -> float:
    """The factor of `to_model_level`."""
    size = np.abs(wave)
    return model_gain(float(np.quantile(size, LOUD_QUANTILE)), float(size.max()))


def model_gain(loud: float, peak: float) -> float:
    """The factor to the corpus's level for a recording with this quantile (`LOUD_QUANTILE`) and this largest of |sample|."""
    gain = LOUD / max(loud, 1e-4)
    return gain * min(1.0, 0.98 / max(peak * gain, 1e-4))


def to_f5_level(wave: np.ndarray) -> tuple[np.ndarray, float]:
    """A reference recording as F5-TTS hears it: (N,) raised to an RMS of 0.1 if it is quieter.

    Also returns the factor that brings what is generated back to the recording's own level.
    """
    rms = float(np.sqrt(np.mean(np.square(wave))))
    if rms >= F5_RMS:
        return wave, 1.0
    return wave * np.float32(F5_RMS / max(rms, 1e-8)), rms / F5_RMS


def end_in_silence(wave: np.ndarray, silent_from_s: float, sample_rate: int) -> np.ndarray:
    """(N,) with a fade-out that ends 50 ms after `silent_from_s`, and nothing after it.

    In the rows of the training the next sentence begins after a third of a second of silence, and the model puts its first
    sound into a pause that is as long.
    """
    time_s = np.arange(len(wave)) / sample_rate - silent_from_s
    return (wave * np.clip(1 - time_s / _FADE_S, 0, 1)).astype(np.float32)
