"""Confidence interval of a mean over few clips."""

import numpy as np


def bootstrap_interval(value_n: np.ndarray, share: float = 0.95, draws: int = 10_000, seed: int = 0) -> tuple[float, float]:
    """Percentile bootstrap of the mean: the lower and upper bound that hold `share` of the means of resampled values.

    Raises:
        ValueError: no values, or some are not finite.
    """
    if not len(value_n) or not np.isfinite(value_n).all():
        raise ValueError("an interval needs values that are numbers")
    pick = np.random.default_rng(seed).integers(len(value_n), size=(draws, len(value_n)))
    low, high = np.quantile(value_n[pick].mean(axis=1), [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)
