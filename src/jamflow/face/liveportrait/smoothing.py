"""Kalman smoothing of motion along time, as LivePortrait does it for video sources.

Shapes: T frames.
"""

import torch
from torch import Tensor

_PROCESS_VARIANCE = 1e-5
_START_VARIANCE = 1.0


def smooth(x: Tensor, observation_variance: float = 3e-7) -> Tensor:
    """(T, ...) with every number smoothed by itself: random walk, forward filter, backward pass (Rauch-Tung-Striebel)."""
    values = x.double()
    mean, variance = values[0], _START_VARIANCE
    means, variances, ahead = [], [], []
    for t, seen in enumerate(values):
        if t:
            variance = variance + _PROCESS_VARIANCE
        ahead.append(variance)
        gain = variance / (variance + observation_variance)
        mean, variance = mean + gain * (seen - mean), (1 - gain) * variance
        means.append(mean)
        variances.append(variance)
    for t in range(len(values) - 2, -1, -1):
        means[t] = means[t] + variances[t] / ahead[t + 1] * (means[t + 1] - means[t])
    return torch.stack(means).to(x.dtype)
