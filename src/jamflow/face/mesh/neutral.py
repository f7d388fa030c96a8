"""Closes the lips of a portrait, to get from its expression to the neutral face.

Shapes: C control points, S points of a lip contour (11); 3 = x right, y up, z towards the viewer.
"""

import numpy as np

from jamflow.face import topology as topo
from jamflow.face.mesh.lips import LipCut
from jamflow.face.mesh.rig import Rig

# The upper lip closes this share of the gap, the lower lip the rest. In an open smile the upper lip is raised; an open jaw lowers
# the lower lip.
_UPPER_SHARE, _UPPER_SHARE_SMILE = 0.4, 0.6
# Lips are thinner when parted than when closed, so the outer contour moves less than the inner.
_MIDDLE_SHARE = 0.85
_OUTER_SHARE = 0.6
_BELOW = {18: 0.45, 200: 0.25, 199: 0.2, 175: 0.2, 152: 0.2, 148: 0.18, 377: 0.18, 176: 0.14, 400: 0.14}
_ABOVE = {2: 0.1}


def closing_motion(rig: Rig, person_v3: np.ndarray, lips: LipCut, smile: bool) -> np.ndarray:
    """(C, 3) displacement in centimetres that brings the lips together; zeros where they touch."""
    motion_c3 = np.zeros((len(rig.vertices_c), 3))
    if not lips.parted:
        return motion_c3
    upper_share = _UPPER_SHARE_SMILE if smile else _UPPER_SHARE
    index = {int(vertex): k for k, vertex in enumerate(rig.vertices_c) if vertex >= 0}
    gap_s3 = person_v3[list(topo.UPPER_LIP_INNER)] - person_v3[list(topo.LOWER_LIP_INNER)]
    gap_s3[1:-1, 1] += lips.upper_cm_s[1:-1] + lips.lower_cm_s[1:-1]
    contours = (
        (topo.UPPER_LIP_INNER, topo.LOWER_LIP_INNER, 1.0),
        (topo.UPPER_LIP_MIDDLE, topo.LOWER_LIP_MIDDLE, _MIDDLE_SHARE),
        (topo.UPPER_LIP_OUTER, topo.LOWER_LIP_OUTER, _OUTER_SHARE),
    )
    for upper, lower, share in contours:
        for place in range(1, len(upper) - 1):
            motion_c3[index[upper[place]]] = -share * upper_share * gap_s3[place]
            motion_c3[index[lower[place]]] = share * (1 - upper_share) * gap_s3[place]
    middle = gap_s3[len(gap_s3) // 2]
    for vertex, share in _BELOW.items():
        motion_c3[index[vertex]] = share * (1 - upper_share) * middle
    for vertex, share in _ABOVE.items():
        motion_c3[index[vertex]] = -share * upper_share * middle
    return motion_c3


def closed_lips_middle(rig: Rig, rest_c3: np.ndarray, person_v3: np.ndarray, lips: LipCut) -> np.ndarray:
    """(3,) the point where the closed lips meet in the middle, head centimetres."""
    upper, lower = topo.UPPER_LIP_INNER[5], topo.LOWER_LIP_INNER[5]
    if not lips.parted:
        return person_v3[[upper, lower]].mean(0)
    rest = rest_c3[np.flatnonzero(rig.vertices_c == upper)[0]]
    return person_v3[upper] + rest + [0, lips.upper_cm_s[5], 0]
