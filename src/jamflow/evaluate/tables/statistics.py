"""Means over clips, Fréchet distances of sets of clips, and bootstrap intervals of both: over clips, and over people.

A statistic of a set is a function of how often each clip counts, so that all are drawn anew in the same way. Clips of one person
are alike; resampling people with all their clips tells how far a number would hold for other people.

Shapes: N clips, D features, K draws.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Statistic = Callable[[np.ndarray], float]
"""(N,) how often each clip counts, to a number; NaN where there is none."""
_SHARE = 0.95


def draw_counts(people: Sequence[str], over: Literal["clips", "people"], draws: int, seed: int = 0) -> np.ndarray | None:
    """(K, N) how often each clip is drawn; None over people if there is only one, or if some clips have nobody.

    Args:
        people: (N,) who is in each clip.
    """
    rng = np.random.default_rng(seed)
    if over == "clips":
        return rng.multinomial(len(people), np.full(len(people), 1 / len(people)), draws)
    names, who = np.unique(people, return_inverse=True)
    if len(names) < 2 or "" in people:
        return None
    return rng.multinomial(len(names), np.full(len(names), 1 / len(names)), draws)[:, who]


def interval(statistic: Statistic, counts_kn: np.ndarray | None, middle: float | None = None) -> tuple[float, float] | None:
    """Percentile bootstrap: the bounds of 95 % of the statistic's values over the draws; None without draws or values.

    Args:
        middle: moves the draws so that this is their median, and not under 0: fewer different clips have a larger Fréchet
            distance, so draws with repetition all lie above the value.
    """
    if counts_kn is None:
        return None
    values = np.array([statistic(counts) for counts in counts_kn])
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    if middle is not None:
        values = np.maximum(0.0, values + middle - np.median(values))
    low, high = np.quantile(values, [(1 - _SHARE) / 2, (1 + _SHARE) / 2])
    return float(low), float(high)


def weighted_mean(value_n: np.ndarray, weight_n: np.ndarray | None = None) -> Statistic:
    """The mean over the clips that have a value (others are NaN), each with its weight if weights are given."""
    known = np.isfinite(value_n)
    weight_n = known.astype(float) if weight_n is None else np.where(known, weight_n, 0.0)
    value_n = np.where(known, value_n, 0.0)

    def mean(count_n: np.ndarray) -> float:
        whole = float(count_n @ weight_n)
        return float(count_n @ (value_n * weight_n)) / whole if whole else float("nan")

    return mean


@dataclass(frozen=True)
class Moments:
    """Of the features of one clip: how many, their sum (D,) and the sum of their squares (D, D)."""

    count: int
    sum_d: np.ndarray
    square_dd: np.ndarray

    @classmethod
    def of(cls, feature_td: np.ndarray) -> "Moments":
        feature_td = feature_td.astype(np.float64)
        return cls(len(feature_td), feature_td.sum(0), feature_td.T @ feature_td)


def frechet(one: Sequence[Moments], other: Sequence[Moments]) -> Statistic:
    """The Fréchet distance of two sets of clips, pair by pair: how often a pair counts holds for both sides."""
    both = [_stacked(side) for side in (one, other)]

    def distance(count_n: np.ndarray) -> float:
        means, covariances = [], []
        for count, total, square in both:
            whole = count_n @ count
            if whole < 2:
                return float("nan")
            mean = count_n @ total / whole
            means.append(mean)
            covariances.append(np.tensordot(count_n, square, 1) / whole - np.outer(mean, mean))
        root = _root(covariances[0])
        cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ covariances[1] @ root), 0, None)).sum()
        apart = means[0] - means[1]
        return max(0.0, float(apart @ apart + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * cross))

    return distance


def _stacked(side: Sequence[Moments]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.array([m.count for m in side]), np.stack([m.sum_d for m in side]), np.stack([m.square_dd for m in side])


def _root(matrix_dd: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix_dd)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
