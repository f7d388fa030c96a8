"""Attention within a window: blocks of queries, each on the stretch of keys around it.

Shapes: B batch, H heads, Q queries, K keys (audio, then motion), D head size, N blocks, S queries a block, W keys a block.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from jamflow.model.view import View

BLOCK = 16


@dataclass(frozen=True)
class Band:
    """keys: (N, W) indices of keys; hidden: (N, S, W) or (B, 1, N, S, W) bool, what the predicate forbids."""

    keys: Tensor
    hidden: Tensor


def band(view: View, block: int = BLOCK) -> Band:
    """For motion queries. The stretch is wide enough for the window, and the predicate decides inside it."""
    axis = view.axis
    n_blocks = -(-axis.n_motion // block)
    starts = torch.arange(n_blocks, device=axis.device) * block
    audio = _stretch(starts, block, axis.motion_fps, axis.window_s, axis.token_rate_hz)
    motion = _stretch(starts, block, axis.motion_fps, axis.window_s, axis.motion_fps)
    there = torch.cat([_inside(audio, axis.n_audio), _inside(motion, axis.n_motion)], dim=1)
    keys = torch.cat([audio.clamp(0, max(0, axis.n_audio - 1)), axis.n_audio + motion.clamp(0, axis.n_motion - 1)], dim=1)
    query = (starts[:, None] + torch.arange(block, device=axis.device))[..., None]
    beyond = query >= axis.n_motion  # in the last block: they see everything, so that softmax stays finite, and are cut off
    query = query.clamp(max=axis.n_motion - 1)
    seen = view.allowed(query, keys[:, None])
    if view.keep_bk is not None:
        seen = seen & view.keep_bk[:, keys][:, :, None] | view.is_itself(query, keys[:, None])
    seen = seen & there[:, None] | beyond
    return Band(keys, ~seen if view.keep_bk is None else ~seen[:, None])


def banded_attention(q: Tensor, k: Tensor, v: Tensor, band: Band) -> Tensor:
    """q: (B, H, Q, D); k, v: (B, H, K, D). Returns (B, H, Q, D)."""
    queries = q.shape[2]
    blocks, size = band.hidden.shape[-3:-1]
    q = F.pad(q * q.shape[-1] ** -0.5, (0, 0, 0, blocks * size - queries)).unflatten(2, (blocks, size))
    score = (q @ k[:, :, band.keys].transpose(-1, -2)).masked_fill(band.hidden, float("-inf"))
    return (torch.softmax(score, dim=-1) @ v[:, :, band.keys]).flatten(2, 3)[:, :, :queries]


def _stretch(starts: Tensor, block: int, fps: float, window_s: float, rate_hz: float) -> Tensor:
    """(N, W) indices of a stream's tokens from the beginning to the end of each block's window; some lie outside the stream."""
    width = math.ceil(((block - 1) / fps + 2 * window_s) * rate_hz) + 3
    first = torch.floor((starts / fps - window_s) * rate_hz).long() - 1
    return first[:, None] + torch.arange(width, device=starts.device)


def _inside(index: Tensor, n: int) -> Tensor:
    return (index >= 0) & (index < n)
