"""Conditional flow matching on straight paths (JAM-Flow equations 1 to 3)."""

import torch
from torch import Tensor


def on_path(noise: Tensor, data: Tensor, time_b: Tensor) -> Tensor:
    """x_t = (1 - t) x_0 + t x_1 from noise x_0 to data x_1, both (B, ...). time_b: (B,) flow times in [0, 1]."""
    t = time_b.reshape(-1, *[1] * (data.dim() - 1))
    return (1 - t) * noise + t * data


def flow_error(velocity: Tensor, noise: Tensor, data: Tensor, known_bc: Tensor | None = None) -> Tensor:
    """(B, T) mean squared error of the velocity (B, T, C). known_bc: (B, C) bool, channels that count; None: all do."""
    error = (velocity.float() - (data - noise)).square()
    if known_bc is None:
        return error.mean(-1)
    return (error * known_bc[:, None]).sum(-1) / known_bc.sum(-1)[:, None]


def flow_loss(velocity: Tensor, noise: Tensor, data: Tensor, generated_bt: Tensor) -> Tensor:
    """Mean squared error of the velocity over the frames that are generated; zero if there are none.

    velocity, noise, data: (B, T, C); generated_bt: (B, T) bool.
    """
    return mean_where(flow_error(velocity, noise, data), generated_bt)


def mean_where(error_bt: Tensor, counts_bt: Tensor) -> Tensor:
    """Mean of (B, T) over the places where `counts_bt` (bool) is true; zero if there are none."""
    return (error_bt * counts_bt).sum() / counts_bt.sum().clamp(min=1)


def random_span(length: int, low: float, high: float, generator: torch.Generator | None = None) -> tuple[int, int]:
    """Start and end of a random span of `length` frames that covers a share between `low` and `high` of them."""
    share, place = torch.rand(2, generator=generator).tolist()
    size = int((low + (high - low) * share) * length)
    start = int((length - size) * place)
    return start, start + size
