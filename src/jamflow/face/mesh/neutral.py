"""Brings the portrait's mouth to the neutral face: lips closed, whatever the picture shows.

Shapes: C control points, S points of a lip contour (11); 3 = x right, y up, z towards the viewer.
"""

import numpy as np

from jamflow.face import topology as topo
from jamflow.face.mesh.rig import Rig

# Lips nearer than this are closed already and stay exactly as they are.
PARTED_CM = 0.12
# Of the gap, the upper lip comes down by this share; the lower lip does the rest.
_UPPER_SHARE = 0.4
# A parted mouth has thin lips, a closed one thicker: the outer contour moves less than the inner.
_MIDDLE_SHARE = 0.85
_OUTER_SHARE = 0.6
_BELOW = {18: 0.45, 200: 0.25, 199: 0.2, 175: 0.2, 152: 0.2, 148: 0.18, 377: 0.18, 176: 0.14, 400: 0.14}
_ABOVE = {2: 0.1}


def lip_gap_cm(canonical_v3: np.ndarray) -> float:
    """Distance of the inner lips in the middle, in head centimetres."""
    upper, lower = canonical_v3[topo.UPPER_LIP_INNER[5]], canonical_v3[topo.LOWER_LIP_INNER[5]]
    return float(upper[1] - lower[1])


def closing_motion(rig: Rig, canonical_v3: np.ndarray, overlap_cm: float) -> np.ndarray:
    """(C, 3) displacement in centimetres that brings the lips together; zeros where they touch already.

    Args:
        rig: the control points.
        canonical_v3: the person's 468 vertices in head centimetres.
        overlap_cm: how far the lips go beyond touching, for a cut that lies inside the lips.
    """
    motion_c3 = np.zeros((len(rig.vertices_c), 3))
    if lip_gap_cm(canonical_v3) < PARTED_CM:
        return motion_c3
    index = {int(vertex): k for k, vertex in enumerate(rig.vertices_c) if vertex >= 0}
    gap_s3 = canonical_v3[list(topo.UPPER_LIP_INNER)] - canonical_v3[list(topo.LOWER_LIP_INNER)]
    gap_s3[1:-1, 1] += overlap_cm
    contours = (
        (topo.UPPER_LIP_INNER, topo.LOWER_LIP_INNER, 1.0),
        (topo.UPPER_LIP_MIDDLE, topo.LOWER_LIP_MIDDLE, _MIDDLE_SHARE),
        (topo.UPPER_LIP_OUTER, topo.LOWER_LIP_OUTER, _OUTER_SHARE),
    )
    for upper, lower, share in contours:
        for place in range(1, len(upper) - 1):
            motion_c3[index[upper[place]]] = -share * _UPPER_SHARE * gap_s3[place]
            motion_c3[index[lower[place]]] = share * (1 - _UPPER_SHARE) * gap_s3[place]
    for vertex, share in _BELOW.items():
        motion_c3[index[vertex]] = share * (1 - _UPPER_SHARE) * gap_s3[5]
    for vertex, share in _ABOVE.items():
        motion_c3[index[vertex]] = -share * _UPPER_SHARE * gap_s3[5]
    return motion_c3
