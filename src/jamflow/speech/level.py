"""Bring speech to the one level the model knows."""

import numpy as np

LOUD = 0.3125  # where the 99.5th percentile of |sample| goes


def to_model_level(wave: np.ndarray) -> np.ndarray:
    """(N,) float32 at the corpus's level, with peaks below 1."""
    loud = float(np.quantile(np.abs(wave), 0.995))
    wave = wave * (LOUD / max(loud, 1e-4))
    return (wave * min(1.0, 0.98 / max(float(np.abs(wave).max()), 1e-4))).astype(np.float32)
