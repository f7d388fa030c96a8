"""The mesh renderer's motion space: 21 vertices of the face mesh, in canonical centimetres.

Shapes: T frames, K key points (21), M mouth key points (6); 3 = x right, y up, z towards the viewer.
"""

import numpy as np

from jamflow.face.motion import MotionSpace

# Mesh vertex of every key point.
KEY_VERTICES = (
    61,
    291,
    13,
    14,
    0,
    17,  # mouth: right, left corner; inner upper, lower; outer upper, lower
    152,
    172,
    397,  # jaw: chin, right and left jaw line
    4,
    168,  # nose: tip, bridge
    33,
    263,
    159,
    386,
    145,
    374,  # eyes: outer corners, upper lids, lower lids; right then left
    105,
    334,  # brows: right, left
    50,
    280,  # cheeks: right, left
)

CORNER_RIGHT, CORNER_LEFT, INNER_UPPER, INNER_LOWER, OUTER_UPPER, OUTER_LOWER = range(6)
CHIN, JAW_RIGHT, JAW_LEFT = 6, 7, 8
NOSE_TIP, NOSE_BRIDGE = 9, 10
EYE_RIGHT, EYE_LEFT, LID_RIGHT, LID_LEFT, LOWER_LID_RIGHT, LOWER_LID_LEFT = range(11, 17)
BROW_RIGHT, BROW_LEFT, CHEEK_RIGHT, CHEEK_LEFT = range(17, 21)

MESH_SPACE = MotionSpace(
    name="mesh",
    n_keypoints=len(KEY_VERTICES),
    mouth=tuple(range(6)),
    clue=tuple(range(9, 21)),
    follow=(CHIN, JAW_RIGHT, JAW_LEFT),
)

# Lids that approach each other by this much close the eye, whatever its own aperture: the eyes of the driving person and of the
# portrait differ in size, and a blink must close both.
LID_CLOSURE_CM = 0.8

# The jaw turns about its joint: the chin goes down with the lower lip, but less, and slightly back.
_CHIN_DROP = 0.8
_CHIN_RISE = 0.3
_CHIN_BACK = 0.25
_JAW_LINE_SHARE = 0.35


def follow_mouth(e_mouth_tm3: np.ndarray) -> np.ndarray:
    """Completes mouth key points to all key points.

    The jaw follows the lower lip; the rest stays neutral.

    Args:
        e_mouth_tm3: (T, 6, 3) displacements of the mouth key points in centimetres.

    Returns:
        (T, 21, 3) float32, centimetres.
    """
    e_tk3 = np.zeros((len(e_mouth_tm3), MESH_SPACE.n_keypoints, 3), np.float32)
    e_tk3[:, : len(MESH_SPACE.mouth)] = e_mouth_tm3
    lip_y_t = e_mouth_tm3[:, OUTER_LOWER, 1]
    chin_y_t = np.where(lip_y_t < 0, _CHIN_DROP, _CHIN_RISE) * lip_y_t
    chin_t3 = np.stack([0.8 * e_mouth_tm3[:, OUTER_LOWER, 0], chin_y_t, -_CHIN_BACK * np.abs(chin_y_t)], 1)
    e_tk3[:, CHIN] = chin_t3
    e_tk3[:, [JAW_RIGHT, JAW_LEFT]] = _JAW_LINE_SHARE * chin_t3[:, None]
    return e_tk3


def lip_opening_cm(keypoints_tk3: np.ndarray) -> np.ndarray:
    """(T,) lip opening, cm; the key points must begin with the six of the mouth, as those of the mesh space do."""
    return keypoints_tk3[:, INNER_UPPER, 1] - keypoints_tk3[:, INNER_LOWER, 1]
