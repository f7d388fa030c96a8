"""The flow times of the solver's steps, from noise (0) to data (1)."""

import math

import torch
from torch import Tensor

# Empirically pruned step sampling (arXiv 2505.19931): more steps early, where the path bends.
_EPSS_32NDS = {
    5: (0, 2, 4, 8, 16, 32),
    6: (0, 2, 4, 6, 8, 16, 32),
    7: (0, 2, 4, 6, 8, 16, 24, 32),
    10: (0, 2, 4, 6, 8, 12, 16, 20, 24, 28, 32),
    12: (0, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32),
    16: (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32),
}


def time_grid(steps: int, sway: float | None = -1.0, epss: bool = True) -> Tensor:
    """(steps + 1,) flow times from 0 to 1.

    Args:
        steps: number of solver steps, at least 1.
        sway: F5-TTS's sway coefficient (`swayed`); None for none.
        epss: use empirically pruned steps where there are some for this number.
    """
    if epss and steps in _EPSS_32NDS:
        t = torch.tensor(_EPSS_32NDS[steps], dtype=torch.float32) / 32
    else:
        t = torch.linspace(0, 1, steps + 1)
    return t if sway is None else swayed(t, sway)


def swayed(t: Tensor, coefficient: float) -> Tensor:
    """Flow times moved towards noise (coefficient < 0) or data (> 0); 0 and 1 stay (arXiv 2410.06885, equation 7)."""
    return t + coefficient * (torch.cos(math.pi / 2 * t) - 1 + t)
