"""Who may look at whom: one predicate, and the attention that follows from it.

JAM-Flow section 4.5: an audio token sees all audio and the one motion frame of its own instant; a motion
frame sees motion and audio within a local window. Pooling both streams and trimming the result, as in the
paper's Algorithm 2, is the same as each stream's own queries on both streams' keys: only those are computed.

Shapes: B batch, H heads, Q queries, K keys, D head size. Times are in seconds.
"""

from enum import IntEnum

import torch
from torch import Tensor
from torch.nn import functional as F


class Stream(IntEnum):
    AUDIO = 0
    MOTION = 1


def may_attend(
    query_stream: Tensor | int, query_s: Tensor, key_stream: Tensor | int, key_s: Tensor, window_s: float, fps: float
) -> Tensor:
    """The predicate: True where a query at `query_s` may see a key at `key_s`. Arguments broadcast.

    "The motion frame of its own instant" is the one whose display interval, k / fps to (k + 1) / fps,
    holds the audio token; times that fall on the border by rounding belong to the later frame.
    """
    audio_query = torch.as_tensor(query_stream) == Stream.AUDIO
    audio_key = torch.as_tensor(key_stream) == Stream.AUDIO
    own_instant = own_frame(query_s, fps) == own_frame(key_s, fps)
    near = (query_s - key_s).abs() <= window_s + 1e-6
    return torch.where(audio_query, audio_key | own_instant, near)


def own_frame(time_s: Tensor, fps: float) -> Tensor:
    """Index of the motion frame that is on show at a time."""
    return torch.floor(time_s * fps + 1e-4)


def attention_mask(
    query_stream: Stream, query_s: Tensor, audio_s: Tensor, motion_s: Tensor, window_s: float, fps: float
) -> Tensor:
    """(Q, audio keys + motion keys) bool, the predicate written out."""
    key_s = torch.cat([audio_s, motion_s])
    streams = [torch.full_like(audio_s, Stream.AUDIO), torch.full_like(motion_s, Stream.MOTION)]
    return may_attend(query_stream, query_s[:, None], torch.cat(streams)[None], key_s[None], window_s, fps)


def dense_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """The predicate as a mask, (Q, K) or (B, 1, Q, K): simplest, and right for short inputs."""
    if q.device.type == "cpu":
        # For short rows of bf16 the fused CPU kernel takes 1.1 to 3 times as long as its three steps, most of
        # it in the backward pass (PyTorch 2.13).
        score = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        if mask is not None:
            score = score.masked_fill(~mask, float("-inf"))
        return torch.softmax(score, dim=-1) @ v
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def own_instant_attention(
    q: Tensor, k_audio: Tensor, v_audio: Tensor, k_motion: Tensor, v_motion: Tensor, own: Tensor, see: Tensor | None,
    keys: Tensor | None,
) -> Tensor:  # fmt: skip
    """Audio queries on all audio keys and one motion key each, without a dense audio-by-motion part.

    own: (Q,) index of each query's motion frame. see: (B, Q) bool, whether that frame is there to be seen.
    keys: (B, K) bool, valid audio keys.
    """
    scale = q.shape[-1] ** -0.5
    score = (q * scale) @ k_audio.transpose(-1, -2)
    if keys is not None:
        score = score.masked_fill(~keys[:, None, None], float("-inf"))
    score_own = (q * scale * k_motion[:, :, own]).sum(-1, keepdim=True)
    if see is not None:
        score_own = score_own.masked_fill(~see[:, None, :, None], float("-inf"))
    weight = torch.softmax(torch.cat([score, score_own], dim=-1), dim=-1)
    return weight[..., :-1] @ v_audio + weight[..., -1:] * v_motion[:, :, own]


def banded_attention(q: Tensor, k: Tensor, v: Tensor, query_s: Tensor, key_s: Tensor, window_s: float) -> Tensor:
    """Motion queries on the keys of one stream within the window, gathered: cost grows with T, not T squared.

    Returns the softmax parts that `merge_attention` joins: (B, H, Q, D + 2), the unnormalised output with its
    maximum score and its sum.
    """
    low = torch.searchsorted(key_s, query_s - window_s - 1e-6)
    high = torch.searchsorted(key_s, query_s + window_s + 1e-6, right=True)
    width = int((high - low).max()) if len(query_s) else 0
    index = low[:, None] + torch.arange(max(width, 1), device=q.device)
    inside = index < high[:, None]
    index = index.clamp(max=len(key_s) - 1)
    score = torch.einsum("bhqd,bhqwd->bhqw", q * q.shape[-1] ** -0.5, k[:, :, index])
    score = score.masked_fill(~inside, float("-inf"))
    top = score.amax(-1, keepdim=True).clamp(min=-1e30)
    weight = torch.exp(score - top)
    out = torch.einsum("bhqw,bhqwd->bhqd", weight, v[:, :, index])
    return torch.cat([out, top, weight.sum(-1, keepdim=True)], dim=-1)


def merge_attention(parts: list[Tensor]) -> Tensor:
    """Softmax over all keys from the parts of disjoint sets of keys."""
    top = torch.stack([p[..., -2:-1] for p in parts]).amax(0)
    factors = [torch.exp(p[..., -2:-1] - top) for p in parts]
    total = sum(f * p[..., -1:] for f, p in zip(factors, parts, strict=True))
    return sum(f * p[..., :-2] for f, p in zip(factors, parts, strict=True)) / total
