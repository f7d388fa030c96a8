"""Lips that round, and a portrait's smile that makes room for them.

Motion is relative to the portrait. Someone who smiles has the corners of the mouth far out, up and back, and would say "oo"
through the grin. So the smile is measured against a mouth at rest and taken off: a part of it while the person speaks, most of it
where the lips round.

Shapes: C control points, K key points (21); 3 = x right, y up, z towards the viewer, in head centimetres.
"""

import numpy as np

from jamflow.face.mesh import space
from jamflow.face.mesh.rig import Rig

# A mouth that does not smile, as the tracker sees it in eleven portraits: half its width, and how far its corners are above and
# behind the middle of the lips.
_HALF_WIDTH_CM, _LIFT_CM, _BACK_CM = 2.5, -0.05, -1.3
# Corners this much higher make a smile for sure; a wide mouth with low corners is just wide.
_SURE_CM = 0.35
_DEEPEST_CM = 0.6
_CHEEK_SHARE = 0.25
# Lips are stretched by a smile. This much of their lost height comes back with their width; rounded lips gain this much more.
_FULLER, _PUCKER = 0.3, 0.14

# Shares of the smile that are gone: while speaking, and of the rest where the lips are rounded as for "oo".
SPEAKING_SHARE, _ROUNDED_SHARE = 0.3, 0.75
_ROUNDED_CM = 0.5  # each corner this far in is as round as lips get
_WITH_OPENING = 0.1  # an open mouth is this much narrower at each corner, without being round


def roundness(expression_k3: np.ndarray) -> float:
    """How round an expression makes the lips, from 0 (not at all) to 1 (as for "oo")."""
    inwards = expression_k3[space.CORNER_RIGHT, 0] - expression_k3[space.CORNER_LEFT, 0]
    opening = expression_k3[space.INNER_UPPER, 1] - expression_k3[space.INNER_LOWER, 1]
    return float(np.clip((inwards / 2 - _WITH_OPENING * max(opening, 0)) / _ROUNDED_CM, 0, 1))


def smile_off(speaking: float, round_share: float) -> float:
    """The share of the portrait's smile that is gone, 0 to 1; `speaking` is 0 in pauses, 1 in speech."""
    faded = SPEAKING_SHARE * speaking
    return faded + (1 - faded) * _ROUNDED_SHARE * round_share


def unsmiling_motion(rig: Rig, person_v3: np.ndarray, middle_3: np.ndarray) -> np.ndarray:
    """(C, 3) displacement that takes the smile off the portrait; zeros where it does not smile.

    middle_3: where the closed lips meet.
    """
    corners = person_v3[[61, 291]]
    away = corners - middle_3
    sure = float(np.clip((away[:, 1].mean() - _LIFT_CM) / _SURE_CM, 0, 1)) ** 2
    wider = np.maximum(np.abs(away[:, 0]) - _HALF_WIDTH_CM, 0)
    by_k3 = np.zeros((space.MESH_SPACE.n_keypoints, 3))
    by_k3[:2] = np.c_[
        -np.sign(away[:, 0]) * wider, -np.maximum(away[:, 1] - _LIFT_CM, 0), np.clip(_BACK_CM - away[:, 2], 0, _DEEPEST_CM)
    ]
    by_k3[[space.CHEEK_RIGHT, space.CHEEK_LEFT]] = _CHEEK_SHARE * by_k3[:2]
    by_k3 += _fuller(person_v3, _FULLER * float(wider.mean()) / _HALF_WIDTH_CM)
    return rig.weights_ck @ (sure * by_k3)


def puckering_motion(rig: Rig, person_v3: np.ndarray) -> np.ndarray:
    """(C, 3) displacement that makes lips fuller as they round."""
    return rig.weights_ck @ _fuller(person_v3, _PUCKER)


def _fuller(person_v3: np.ndarray, share: float) -> np.ndarray:
    """(K, 3) displacement that makes both lips higher by a share of their own height."""
    by_k3 = np.zeros((space.MESH_SPACE.n_keypoints, 3))
    by_k3[space.OUTER_UPPER, 1] = share * max(person_v3[0, 1] - person_v3[13, 1], 0)
    by_k3[space.OUTER_LOWER, 1] = -share * max(person_v3[14, 1] - person_v3[17, 1], 0)
    return by_k3
