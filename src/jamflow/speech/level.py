"""Bring speech to the one level the model knows."""

import numpy as np

LOUD = 0.3125  # where the 99.5th percentile of |sample| goes


def to_model_level(wave: np.ndarray) -> np.ndarray:
    """(N,) float32 at the corpus's level, with peaks below 1."""
    loud = float(np.quantile(np.abs(wave), 0.995))
    wave = wave * (LOUD / max(loud, 1e-4))
    return (wave * min(1.0, 0.98 / max(float(np.abs(wave).max()), 1e-4))).astype(np.float32)


def end_in_silence(wave: np.ndarray, silent_from_s: float, sample_rate: int, fade_s: float = 0.05) -> np.ndarray:
    """(N,) with a fade-out that ends `fade_s` after `silent_from_s`, and nothing after it.

    In the rows of the training the next sentence begins after a third of a second of silence, and the model puts its first
    sound into a pause that is as long.
    """
    time_s = np.arange(len(wave)) / sample_rate - silent_from_s
    return (wave * np.clip(1 - time_s / fade_s, 0, 1)).astype(np.float32)
