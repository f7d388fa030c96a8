"""Which tokens see which in one call, and how that attention is computed: the same in every block and at every solver step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from jamflow.model.attention import Stream, dense_attention, own_instant_attention
from jamflow.model.banded import Band, band, banded_attention
from jamflow.model.view import Axis, Gathered, View

# How attention is computed. All give what the predicate says (`attention.may_attend`):
#   dense     a mask for each stream's queries
#   gathered  audio queries gather their one motion key, motion queries have a mask
#   banded    audio queries gather their one motion key, blocks of motion queries gather the stretch of keys around them
#   flex      FlexAttention, compiled, where the streams meet
AttentionKind = Literal["dense", "gathered", "banded", "flex"]
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
Rotary = tuple[Tensor, Tensor]
KeyValue = tuple[Tensor, Tensor]


@dataclass
class Visibility:
    """Per row of the batch: does the audio stream see motion, does the motion stream see audio? (B,) bool."""

    audio_sees_motion_b: Tensor
    motion_sees_audio_b: Tensor


@dataclass(frozen=True)
class AttentionPlan:
    """Masks, indices or functions; None where nothing is to be hidden or the stream is absent."""

    audio_alone: Tensor | None  # (B, 1, 1, Ta) valid keys
    audio_joint: Tensor | Gathered | Attend | None
    motion_alone: Tensor | Band | None
    motion_joint: Tensor | Band | Attend | None

    def audio(self, q: Tensor, own: KeyValue, motion: KeyValue | None) -> Tensor:
        """Attention of the audio stream; `motion` None in blocks that are not joint."""
        k, v = own
        if motion is None or self.audio_joint is None:
            return dense_attention(q, k, v, self.audio_alone)
        g = self.audio_joint
        if isinstance(g, Gathered):
            return own_instant_attention(q, k, v, *motion, g.own, g.see, g.keys)
        return _attend(q, *_pool(own, motion), g)

    def motion(self, q: Tensor, own: KeyValue, audio: KeyValue | None) -> Tensor:
        """Attention of the motion stream; `audio` None in blocks that are not joint."""
        if audio is None:
            return _attend(q, *own, self.motion_alone)
        return _attend(q, *_pool(audio, own), self.motion_joint)


def plan_attention(
    axis: Axis,
    visibility: Visibility | None,
    audio_valid_bt: Tensor | None,
    motion_valid_bt: Tensor | None,
    audio_keys_bt: Tensor | None,
    kind: AttentionKind,
) -> AttentionPlan:
    """Motion is masked by the window in every block, joint or not.

    The paper contradicts itself here: section 4.5 has "a local self-attention mask with a fixed temporal window" for Motion-DiT,
    and Algorithm 2 has no mask where attention is not joint. With a mask everywhere, a motion frame depends on a bounded stretch
    of time, and motion of any length can be made in windows (`sampling.windows`).

    Args:
        audio_valid_bt, motion_valid_bt: (B, T) bool, tokens inside their rows; None when all are.
        audio_keys_bt: (B, Ta) bool, those that audio queries may see (F5-TTS lets them see padding); None for all.
    """
    n_audio, n_motion = axis.n_audio, axis.n_motion
    audio_joint = motion_alone = motion_joint = None
    if n_audio and n_motion:
        sees = None if visibility is None else visibility.audio_sees_motion_b
        view = View(Stream.AUDIO, axis, _keep(axis, audio_keys_bt, _and(motion_valid_bt, sees)))
        dense = kind == "dense" or axis.mask in ("motion", "none")  # audio sees all motion
        audio_joint = _flex(view) if kind == "flex" else view.dense() if dense else view.gathered()
    if n_motion:
        sees = None if visibility is None else visibility.motion_sees_audio_b
        view = View(Stream.MOTION, axis, _keep(axis, _and(audio_valid_bt, sees), motion_valid_bt))
        banded = kind == "banded" and axis.mask in ("both", "motion")
        motion_joint = _flex(view) if kind == "flex" else band(view) if banded else view.dense()
        alone = axis.motion_alone()
        view = View(Stream.MOTION, alone, _keep(alone, None, motion_valid_bt))
        motion_alone = band(view) if banded else view.dense()
    keys = None if audio_keys_bt is None else audio_keys_bt[:, None, None]
    return AttentionPlan(keys, audio_joint, motion_alone, motion_joint)


def _flex(view: View) -> Attend:
    from jamflow.model.flex import block_mask, flex_attention_of  # only where it is used: it takes a second

    return flex_attention_of(block_mask(view))


def _attend(q: Tensor, k: Tensor, v: Tensor, how: Tensor | Band | Attend | None) -> Tensor:
    if how is None or isinstance(how, Tensor):
        return dense_attention(q, k, v, how)
    if isinstance(how, Band):
        return banded_attention(q, k, v, how)
    return how(q, k, v)


def _pool(audio: KeyValue, motion: KeyValue) -> KeyValue:
    return torch.cat([audio[0], motion[0]], dim=2), torch.cat([audio[1], motion[1]], dim=2)


def _and(valid_bt: Tensor | None, sees_b: Tensor | None) -> Tensor | None:
    """(B, T) or (B, 1)."""
    if sees_b is None:
        return valid_bt
    return sees_b[:, None] if valid_bt is None else valid_bt & sees_b[:, None]


def _keep(axis: Axis, audio: Tensor | None, motion: Tensor | None) -> Tensor | None:
    """Both streams' keys side by side, (B, K); None where all are kept."""
    rows = [len(x) for x in (audio, motion) if x is not None]
    if not rows:
        return None
    parts = [torch.ones(1, 1, dtype=torch.bool, device=axis.device) if x is None else x for x in (audio, motion)]
    sizes = (axis.n_audio, axis.n_motion)
    return torch.cat([x.expand(max(rows), n) for x, n in zip(parts, sizes, strict=True)], dim=1)
