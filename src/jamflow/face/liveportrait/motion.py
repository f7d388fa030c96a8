"""Transfers a driving motion to a source: computes the driving key points for the warp.

The rules are those of the official pipeline for a single source picture. Shapes: T frames, K key points (21).
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from jamflow.face.liveportrait.keypoints import EYE_POINTS, LIP_POINTS, transform
from jamflow.face.liveportrait.retargeting import RetargetingNetwork, retarget, stitch
from jamflow.face.motion import Transfer

# The parts of the expression that are copied from another face: (key points, first axis, last axis + 1). The rest (neck, hair,
# contour) stays the source's.
_EXPRESSIVE = (((1, 2, 6, *range(11, 21)), 0, 3), ((3, 4), 1, 2), ((5, 8), 2, 3), ((9,), 1, 3))
_OPEN_LIPS = 0.03


@dataclass(frozen=True)
class Frames:
    """Motion of T frames: canonical_tk3, rotation_t33, expression_tk3, translation_t3, scale_t1."""

    canonical_tk3: Tensor
    rotation_t33: Tensor
    expression_tk3: Tensor
    translation_t3: Tensor
    scale_t1: Tensor

    def keypoints(self) -> Tensor:
        """(T, K, 3) key points in the picture."""
        return transform(self.canonical_tk3, self.rotation_t33, self.expression_tk3, self.translation_t3, self.scale_t1)


def transfer(source: Frames, driving: Frames, how: Transfer, anchor: Frames | None = None) -> Frames:
    """Applies the driving motion to the source, before stitching and retargeting.

    Args:
        source: one picture, T = 1.
        driving: the driving motion.
        how: relative (the change since the anchor) or absolute, and which part of the motion.
        anchor: one frame, the driving face at rest; needed for relative transfer. The official code uses the first frame of a
            video, and a fixed neutral expression for a single picture.
    """
    if how.relative and anchor is None:
        raise ValueError("relative transfer needs an anchor")
    expression, rotation = _wanted(source, driving, anchor if how.relative else None)
    moves_head, region = how.region in ("all", "pose"), how.region
    frames = len(driving.rotation_t33)
    source = Frames(*(x.expand(frames, *x.shape[1:]) for x in vars(source).values()))
    kept = source.expression_tk3.clone()
    if region in ("all", "exp"):
        if how.relative:
            kept = expression
        else:
            for points, low, high in _EXPRESSIVE:
                kept[:, list(points), low:high] = expression[:, list(points), low:high]
    elif region in ("lip", "eyes"):
        points = list(LIP_POINTS if region == "lip" else EYE_POINTS)
        kept[:, points] = expression[:, points]
    translation, scale = source.translation_t3, source.scale_t1
    if moves_head and not how.relative:
        translation = driving.translation_t3
    elif anchor is not None and how.relative:
        if moves_head:
            translation = translation + (driving.translation_t3 - anchor.translation_t3)
        if region == "all":
            scale = scale * (driving.scale_t1 / anchor.scale_t1)
    return replace(
        source,
        rotation_t33=rotation if moves_head else source.rotation_t33,
        expression_tk3=kept,
        translation_t3=translation,
        scale_t1=scale,
    )


def _wanted(source: Frames, driving: Frames, anchor: Frames | None) -> tuple[Tensor, Tensor]:
    """Target expression and rotation: the change of the driving motion since the anchor, or the motion itself."""
    if anchor is None:
        return driving.expression_tk3, driving.rotation_t33
    expression = source.expression_tk3 + (driving.expression_tk3 - anchor.expression_tk3)
    return expression, driving.rotation_t33 @ anchor.rotation_t33.mT @ source.rotation_t33


@dataclass(frozen=True)
class Adjustments:
    """Networks to use after the transfer, None for those that are off.

    eye_ratios_t3: source left, source right, target. lip_ratios_t2: source, target. All are opening over width.
    close_lips: the lip network, and the source's lip ratio; shuts lips that are open in the source.
    """

    stitching: RetargetingNetwork | None = None
    eye: RetargetingNetwork | None = None
    lip: RetargetingNetwork | None = None
    eye_ratios_t3: Tensor | None = None
    lip_ratios_t2: Tensor | None = None
    close_lips: tuple[RetargetingNetwork, float] | None = None


def adjust(source_tk3: Tensor, driving_tk3: Tensor, how: Transfer, by: Adjustments) -> Tensor:
    """Key points (T, K, 3) for the warping network: retargeted, stitched, lips closed, multiplied."""
    source = source_tk3.expand_as(driving_tk3)
    x = driving_tk3
    if by.eye is not None or by.lip is not None:
        x = source if how.relative else x
        if by.eye is not None and by.eye_ratios_t3 is not None:
            x = x + retarget(by.eye, source, by.eye_ratios_t3)
        if by.lip is not None and by.lip_ratios_t2 is not None:
            x = x + retarget(by.lip, source, by.lip_ratios_t2)
        if by.stitching is not None:
            x = stitch(by.stitching, source, x)
    else:
        if by.stitching is not None:
            x = stitch(by.stitching, source, x)
        if by.close_lips is not None and by.close_lips[1] >= _OPEN_LIPS:
            network, ratio = by.close_lips
            wanted = torch.tensor([[ratio, 0.0]], device=source.device).expand(len(source), -1)
            x = x + retarget(network, source, wanted)
    return source + how.multiplier * (x - source)
