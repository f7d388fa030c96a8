"""Who sees whom in one call, and how attention is computed for it: the same in every block and at every solver step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from jamflow.model.attention import Stream, dense_attention, own_instant_attention
from jamflow.model.banded import Band, band, banded_attention
from jamflow.model.view import Axis, Gathered, View

# What motion queries use: a band where the dense mask would be mostly empty. Audio queries: see `plan_attention`.
AttentionKind = Literal["dense", "banded", "flex"]
Rotary = tuple[Tensor, Tensor]
KeyValue = tuple[Tensor, Tensor]


@dataclass
class Visibility:
    """Per row of the batch: does the audio stream see motion, does the motion stream see audio? (B,) bool."""

    audio_sees_motion_b: Tensor
    motion_sees_audio_b: Tensor


@dataclass(frozen=True)
class Blocks:
    """FlexAttention and its mask. Held here because its module is imported only where it is used: it takes a second."""

    attend: Callable[..., Tensor]
    mask: Any


@dataclass(frozen=True)
class AttentionPlan:
    """Masks and indices; None where nothing is to be hidden or the stream is absent."""

    audio_alone: Tensor | None  # (B, 1, 1, Ta) valid keys
    audio_joint: Gathered | Blocks | None
    motion_alone: Tensor | Band | None
    motion_joint: Tensor | Band | Blocks | None

    def audio(self, q: Tensor, own: KeyValue, motion: KeyValue | None) -> Tensor:
        """Attention of the audio stream; `motion` None in blocks that are not joint."""
        k, v = own
        if motion is None or self.audio_joint is None:
            return dense_attention(q, k, v, self.audio_alone)
        if isinstance(self.audio_joint, Blocks):
            return self.audio_joint.attend(q, *_pool(own, motion), self.audio_joint.mask)
        g = self.audio_joint
        return own_instant_attention(q, k, v, *motion, g.own, g.see, g.keys)

    def motion(self, q: Tensor, own: KeyValue, audio: KeyValue | None) -> Tensor:
        """Attention of the motion stream; `audio` None in blocks that are not joint."""
        if audio is None:
            return _near(q, *own, self.motion_alone)
        return _near(q, *_pool(audio, own), self.motion_joint)


def plan_attention(
    axis: Axis,
    visibility: Visibility | None,
    audio_valid_bt: Tensor | None,
    motion_valid_bt: Tensor | None,
    audio_keys_bt: Tensor | None,
    way: AttentionKind,
) -> AttentionPlan:
    """
    audio_valid_bt, motion_valid_bt: tokens inside their rows. audio_keys_bt: those that audio queries may see
    (F5-TTS lets them see padding). way: audio queries gather their one motion key unless it is "flex".
    """
    n_audio, n_motion = axis.n_audio, axis.n_motion
    audio_joint = motion_alone = motion_joint = None
    if n_audio and n_motion:
        sees = None if visibility is None else visibility.audio_sees_motion_b
        view = View(Stream.AUDIO, axis, _keep(axis, audio_keys_bt, _and(motion_valid_bt, sees)))
        audio_joint = _blocks(view) if way == "flex" else view.gathered()
    if n_motion:
        sees = None if visibility is None else visibility.motion_sees_audio_b
        view = View(Stream.MOTION, axis, _keep(axis, _and(audio_valid_bt, sees), motion_valid_bt))
        motion_joint = _blocks(view) if way == "flex" else band(view) if way == "banded" else view.dense()
        alone = axis.motion_alone()
        view = View(Stream.MOTION, alone, _keep(alone, None, motion_valid_bt))
        motion_alone = band(view) if way == "banded" else view.dense()
    keys = None if audio_keys_bt is None else audio_keys_bt[:, None, None]
    return AttentionPlan(keys, audio_joint, motion_alone, motion_joint)


def _blocks(view: View) -> Blocks:
    from jamflow.model.flex import block_mask, blocked_attention

    return Blocks(blocked_attention, block_mask(view))


def _near(q: Tensor, k: Tensor, v: Tensor, how: Tensor | Band | Blocks | None) -> Tensor:
    if isinstance(how, Band):
        return banded_attention(q, k, v, how)
    if isinstance(how, Blocks):
        return how.attend(q, k, v, how.mask)
    return dense_attention(q, k, v, how)


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
