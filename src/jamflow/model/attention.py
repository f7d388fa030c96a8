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
