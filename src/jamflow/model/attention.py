"""Which query may attend to which key: one predicate, and attention computed from it.

JAM-Flow section 4.5: an audio token sees all audio and the one motion frame of its own instant. A motion frame sees motion and
audio within a local window. The paper's Algorithm 2 pools the tokens of both streams and trims the result. That equals each
stream's own queries on both streams' keys, and only those are computed here.

Shapes: B batch, H heads, Q queries, K keys, D head size. Times are in seconds.
"""

import itertools
from enum import IntEnum

import torch
from torch import Tensor
from torch.nn import functional as F

from jamflow.compute.linear import linear
from jamflow.model.config import MaskRule

HEAD_BY_HEAD_FROM = 200 * 200  # queries times keys


class Stream(IntEnum):
    AUDIO = 0
    MOTION = 1


def may_attend(
    query_stream: Tensor | int,
    query_s: Tensor,
    key_stream: Tensor | int,
    key_s: Tensor,
    window_s: float,
    fps: float,
    mask: MaskRule = "both",
) -> Tensor:
    """The predicate: True where a query at `query_s` may see a key at `key_s`. Arguments broadcast.

    mask: whose queries are masked; those of a stream that is not see everything.

    The motion frame of an audio token's own instant is the frame k that is displayed then, from k / fps to (k + 1) / fps. A time
    on the border, give or take rounding, belongs to the later frame.
    """
    audio = Stream.AUDIO.value  # a plain number: TorchDynamo cannot compile the enumeration
    audio_query = torch.as_tensor(query_stream) == audio
    audio_key = torch.as_tensor(key_stream) == audio
    own_instant = own_frame(query_s, fps) == own_frame(key_s, fps)
    near = (query_s - key_s).abs() <= window_s + 1e-6
    if mask in ("motion", "none"):
        own_instant = torch.ones_like(own_instant)
    if mask in ("audio", "none"):
        near = torch.ones_like(near)
    return torch.where(audio_query, audio_key | own_instant, near)


def own_frame(time_s: Tensor, fps: float) -> Tensor:
    """Index of the motion frame that is displayed at a time."""
    return torch.floor(time_s * fps + 1e-4)


def dense_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Attention (B, H, Q, D) with a mask, (Q, K) or (B, 1, 1 or Q, K) bool, True where a key is seen."""
    if q.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    if _head_by_head(q, k):
        return _attend_by_head(q, k, v, mask, None)
    # For short rows of bf16 the fused CPU kernel takes 1.1 to 3 times as long as its three steps, most of
    # it in the backward pass (PyTorch 2.13).
    score = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if mask is not None:
        score = score.masked_fill(~mask, float("-inf"))
    return torch.softmax(score, dim=-1) @ v


def own_instant_attention(
    q: Tensor,
    k_audio: Tensor,
    v_audio: Tensor,
    k_motion: Tensor,
    v_motion: Tensor,
    own: Tensor,
    see: Tensor | None,
    keys: Tensor | None,
) -> Tensor:
    """Audio queries on all audio keys and one motion key each, without audio-by-motion scores. Returns (B, H, Q, D).

    own: (Q,) index of each query's motion frame. see: (B, Q) bool, whether that frame exists and may be seen.
    keys: (B, K) bool, valid audio keys.
    """
    scale = q.shape[-1] ** -0.5
    own_v = v_motion[:, :, own]
    own_score = (q * k_motion[:, :, own]).sum(-1, keepdim=True) * scale
    if see is not None:
        own_score = own_score.masked_fill(~see[:, None, :, None], float("-inf"))
    mask = None if keys is None else keys[:, None, None]
    if q.device.type == "cpu" and _head_by_head(q, k_audio):
        return _attend_by_head(q, k_audio, v_audio, mask, (own_score, own_v))
    score = (q * scale) @ k_audio.transpose(-1, -2)
    if mask is not None:
        score = score.masked_fill(~mask, float("-inf"))
    weight = torch.softmax(torch.cat([score, own_score], dim=-1), dim=-1)
    return weight[..., :-1] @ v_audio + weight[..., -1:] * own_v


def _head_by_head(q: Tensor, k: Tensor) -> bool:
    """One head's scores fit the processor's cache, those of all heads do not: 1.4 times as fast as the fused kernel at 937."""
    return not torch.is_grad_enabled() and q.shape[2] * k.shape[2] >= HEAD_BY_HEAD_FROM


def _attend_by_head(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, own: tuple[Tensor, Tensor] | None) -> Tensor:
    """One head after the other. own: score (B, H, Q, 1) and value (B, H, Q, D) of one more key for each query."""
    batch, heads, queries, size = q.shape
    hidden = None if mask is None else ~mask.expand(batch, 1, -1, -1)
    out = q.new_empty(batch, queries, heads, size)
    last = q.new_zeros(1, size)  # room for the own key's score in the same matrix, so that no score is copied
    for b, h in itertools.product(range(batch), range(heads)):
        head_k, head_v = k[b, h], v[b, h]
        if own is not None:
            head_k, head_v = torch.cat([head_k, last]), torch.cat([head_v, last])
        score = linear(q[b, h] * size**-0.5, head_k.contiguous())
        if hidden is not None:
            score[:, : k.shape[2]].masked_fill_(hidden[b, 0], float("-inf"))
        if own is not None:
            score[:, -1:] = own[0][b, h]
        weight = torch.softmax(score, dim=-1)
        result = linear(weight, head_v.t().contiguous())
        if own is not None:
            result = result.addcmul_(weight[:, -1:], own[1][b, h])
        out[b, :, h] = result
    return out.transpose(1, 2)
