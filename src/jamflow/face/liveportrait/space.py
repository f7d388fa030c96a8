"""LivePortrait's motion space, and conversion of motions to `Frames` for motion transfer.

Its axes differ from the mesh's: x right, y down, z away from the viewer; 1 is half the side of the crop. Expression is added
after the head rotation, so its axes are those of the picture, not of the head.

Shapes: T frames, K key points (21).
"""

from collections.abc import Collection

import torch
from torch import Tensor

from jamflow.face.liveportrait.keypoints import KEY_POINTS, LIP_POINTS, rotation_matrix
from jamflow.face.liveportrait.motion import Frames
from jamflow.face.liveportrait.motion_extractor import KeyPointMotion
from jamflow.face.motion import Motion, MotionSpace, Rest

# Of the six lip points 6 and 12 hardly move.
MOUTH = (14, 17, 19, 20)


def liveportrait_space(mouth: Collection[int] = MOUTH) -> MotionSpace:
    """The model generates `mouth`; all other key points are the clue. Raises ValueError unless `mouth` is some lip points."""
    if not mouth or not set(mouth) <= set(LIP_POINTS):
        raise ValueError(f"the mouth must be some of the lip points {LIP_POINTS}, got {tuple(mouth)}")
    clue = tuple(k for k in range(KEY_POINTS) if k not in mouth)
    return MotionSpace("liveportrait", KEY_POINTS, tuple(sorted(mouth)), clue, unit="half a crop")


LIVEPORTRAIT_SPACE = liveportrait_space()


def frames_of(motion: Motion, canonical_k3: Tensor) -> Frames:
    """A motion as `Frames` with canonical key points (K, 3) of a person, on their device."""
    expression, angles, translation, scale = (
        torch.as_tensor(x, dtype=torch.float32, device=canonical_k3.device)
        for x in (motion.expression_tk3, motion.rotation_t3, motion.translation_t3, motion.scale_t)
    )
    canonical = canonical_k3.expand(len(angles), -1, -1)
    return Frames(canonical, rotation_matrix(*angles.unbind(-1)), expression, translation, scale[:, None])


def anchor_of(rest: Rest | None, canonical_k3: Tensor) -> Frames:
    """The anchor of relative transfer, one frame: the driving person at rest. None is zero, facing front, at scale 1."""
    if rest is None:
        zero = torch.zeros(1, 3, device=canonical_k3.device)
        expression, rotation = torch.zeros_like(canonical_k3)[None], rotation_matrix(*zero.unbind(-1))
        return Frames(canonical_k3[None], rotation, expression, zero, torch.ones_like(zero[:, :1]))
    expression, angles, translation = (
        torch.as_tensor(x, dtype=torch.float32, device=canonical_k3.device)[None]
        for x in (rest.expression_k3, rest.rotation_3, rest.translation_3)
    )
    scale = torch.full((1, 1), rest.scale, device=canonical_k3.device)
    return Frames(canonical_k3[None], rotation_matrix(*angles.unbind(-1)), expression, translation, scale)


def frames_in(seen: KeyPointMotion) -> Frames:
    """The extracted motion of pictures as `Frames`."""
    rotation = rotation_matrix(seen.pitch_b, seen.yaw_b, seen.roll_b)
    return Frames(seen.canonical_bk3, rotation, seen.expression_bk3, seen.translation_b3, seen.scale_b1)


def resting_in(motion: Motion, frame: int) -> Rest:
    """Takes one frame of a motion as the person at rest."""
    m, t = motion, frame
    return Rest(m.expression_tk3[t], m.rotation_t3[t], m.translation_t3[t], float(m.scale_t[t]))


def resting(seen: KeyPointMotion) -> Rest:
    """Takes the face in one picture as the person at rest."""
    angles = torch.stack([seen.pitch_b, seen.yaw_b, seen.roll_b], dim=-1)
    expression, rotation, translation = (x[0].float().cpu().numpy() for x in (seen.expression_bk3, angles, seen.translation_b3))
    return Rest(expression, rotation, translation, float(seen.scale_b1[0, 0]))
