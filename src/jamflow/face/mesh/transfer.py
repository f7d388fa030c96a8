"""Applies a driving motion to a portrait of the mesh renderer.

Shapes: T frames, K key points (21); 3 = x right, y up, z towards the viewer, or pitch, yaw, roll.
"""

import numpy as np

from jamflow.face.mesh.space import BROW_LEFT, BROW_RIGHT, EYE_RIGHT, LOWER_LID_LEFT, MESH_SPACE
from jamflow.face.motion import Motion, Transfer
from jamflow.face.pose import HeadPose, angles_of, rotation_from_angles

_LIPS = (*MESH_SPACE.mouth, *MESH_SPACE.follow)
_EYES = (*range(EYE_RIGHT, LOWER_LID_LEFT + 1), BROW_RIGHT, BROW_LEFT)


def drawn_motion(motion: Motion, how: Transfer, portrait: HeadPose) -> Motion:
    """Motion without `rest`: displacement from the neutral face, rotation and translation from the portrait's own pose.

    Position and size of the driving person's head are meaningless in another picture, so they are applied only in relative
    transfer.
    """
    rest = motion.rest
    expression, rotation = motion.expression_tk3, motion.rotation_t3
    translation, scale = motion.translation_t3, motion.scale_t
    if rest is not None:
        expression = expression - rest.expression_k3
        origin = rest.rotation_3 if how.relative else portrait.angles_3
        back = rotation_from_angles(origin).T
        rotation = np.array([angles_of(rotation_from_angles(angles) @ back) for angles in rotation]).reshape(-1, 3)
        translation, scale = translation - rest.translation_3, scale / rest.scale
        if not how.relative:
            translation, scale = np.zeros_like(translation), np.ones_like(scale)
    if how.region not in ("all", "pose"):
        rotation, translation, scale = np.zeros_like(rotation), np.zeros_like(translation), np.ones_like(scale)
    kept = np.zeros((MESH_SPACE.n_keypoints, 1), np.float32)
    kept[list({"lip": _LIPS, "eyes": _EYES, "pose": ()}.get(how.region, range(len(kept))))] = 1
    m = how.multiplier
    return Motion(
        (m * kept * expression).astype(np.float32),
        (m * rotation).astype(np.float32),
        (m * translation).astype(np.float32),
        (1 + m * (scale - 1)).astype(np.float32),
        motion.fps,
        speaking_t1=motion.speaking_t1 if kept[:6].all() else None,
    )
