"""One block of a DiT stream in two parts, before and after attention: in between, the two streams meet.

Key names and arithmetic are F5-TTS's. Shapes: B batch, T time, D width, H heads, K head size, I = H * K.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.compute.linear import Linear, LinearGelu
from jamflow.model.embedding import rotate


class AdaLayerNorm(nn.Module):
    """Shift, scale and gate of attention, then of the feed-forward, each (B, 1, D), from the time embedding (B, D)."""

    def __init__(self, dim: int):
        super().__init__()
        self.linear = Linear(dim, dim * 6)

    def forward(self, time_bd: Tensor) -> tuple[Tensor, ...]:
        return self.linear(F.silu(time_bd).to(self.linear.weight.dtype))[:, None].chunk(6, dim=-1)


class FinalAdaLayerNorm(nn.Module):
    """The last norm, scaled and shifted by the time embedding."""

    def __init__(self, dim: int):
        super().__init__()
        self.linear = Linear(dim, dim * 2)

    def forward(self, x_btd: Tensor, time_bd: Tensor) -> Tensor:
        # Scale first, unlike the blocks.
        scale, shift = self.linear(F.silu(time_bd).to(self.linear.weight.dtype))[:, None].chunk(2, dim=-1)
        return modulate(x_btd, shift, scale)


def modulate(x_btd: Tensor, shift_b1d: Tensor, scale_b1d: Tensor) -> Tensor:
    """Normalise, scale and shift. Scale and shift of one row serve all rows."""
    if len(scale_b1d) == 1 and not torch.is_grad_enabled():
        # One scale and shift for all rows are the norm's own weight and bias, in one pass.
        scale, shift = (x[0, 0].to(x_btd.dtype) for x in (scale_b1d, shift_b1d))
        return F.layer_norm(x_btd, x_btd.shape[-1:], 1 + scale, shift, 1e-6)
    return F.layer_norm(x_btd, x_btd.shape[-1:], eps=1e-6) * (1 + scale_b1d) + shift_b1d


class Projections(nn.Module):
    """Query, key, value and output projections of one stream's attention."""

    def __init__(self, dim: int, heads: int, head_dim: int, qk_norm: bool):
        super().__init__()
        inner = heads * head_dim
        self.to_q = Linear(dim, inner)
        self.to_k = Linear(dim, inner)
        self.to_v = Linear(dim, inner)
        self.to_out = nn.ModuleList([Linear(inner, dim)])
        self.q_norm = nn.RMSNorm(head_dim, eps=1e-6) if qk_norm else None
        self.k_norm = nn.RMSNorm(head_dim, eps=1e-6) if qk_norm else None


class FeedForward(nn.Module):
    """Two linear layers with a GELU between them, `mult` times as wide inside."""

    def __init__(self, dim: int, mult: int):
        super().__init__()
        up = nn.Sequential(LinearGelu(dim, dim * mult, "tanh"))
        self.ff = nn.Sequential(up, nn.Identity(), Linear(dim * mult, dim))

    def forward(self, x_btd: Tensor) -> Tensor:
        return self.ff(x_btd)


@dataclass
class Heads:
    """Queries, keys and values of one stream, (B, H, T, K), and what the block needs afterwards."""

    q: Tensor
    k: Tensor
    v: Tensor
    gate: Tensor
    modulation: tuple[Tensor, Tensor, Tensor]  # shift, scale, gate of the feed-forward


class DiTBlock(nn.Module):
    """rotary_heads: how many heads have rotary positions; None for all."""

    def __init__(self, dim: int, heads: int, head_dim: int, ff_mult: int, rotary_heads: int | None = None, qk_norm: bool = False):
        super().__init__()
        self.heads = heads
        self.rotary_heads = rotary_heads
        self.attn_norm = AdaLayerNorm(dim)
        self.attn = Projections(dim, heads, head_dim, qk_norm)
        self.ff = FeedForward(dim, ff_mult)

    def project(self, x_btd: Tensor, time_bd: Tensor, rotary: tuple[Tensor, Tensor]) -> Heads:
        """Everything before attention. rotary: cosine and sine, each (T, K / 2)."""
        shift, scale, gate, ff_shift, ff_scale, ff_gate = self.attn_norm(time_bd)
        x = modulate(x_btd, shift, scale)
        q, k, v = (
            linear(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for linear in (self.attn.to_q, self.attn.to_k, self.attn.to_v)
        )
        if self.attn.q_norm is not None and self.attn.k_norm is not None:
            q, k = self.attn.q_norm(q), self.attn.k_norm(k)
        if self.rotary_heads is None:
            q, k = rotate(q, rotary), rotate(k, rotary)
        else:
            n = self.rotary_heads
            q, k = (torch.cat([rotate(x[:, :n], rotary), x[:, n:]], dim=1) for x in (q, k))
        return Heads(q, k, v, gate, (ff_shift, ff_scale, ff_gate))

    def finish(self, x_btd: Tensor, heads: Heads, attended_bti: Tensor, valid_bt: Tensor | None) -> Tensor:
        """Everything after attention, whose result is attended_bti, all heads side by side. valid_bt: (B, T) bool or None.

        Returns (B, T, D).
        """
        out = self.attn.to_out[0](attended_bti)
        if valid_bt is not None:
            out = out * valid_bt[..., None]
        x_btd = torch.addcmul(x_btd, heads.gate, out)
        shift, scale, gate = heads.modulation
        return torch.addcmul(x_btd, gate, self.ff(modulate(x_btd, shift, scale)))
