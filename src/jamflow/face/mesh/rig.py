"""How key points move the face: control points on contours, each a weighted sum of key points.

Between the corner and the middle of a lip, the weights follow smooth shape functions along the person's own contour. The chin,
cheeks and forehead move with fixed shares of key points nearby. A thin-plate spline interpolates between control points.

Shapes: C control points, K key points (21), V mesh vertices (468); 3 = x right, y up, z towards the viewer.
"""

from dataclasses import dataclass

import numpy as np

from jamflow.face import topology as topo
from jamflow.face.mesh import space

# Fullness of the mouth's outline between corner and middle: 0 is a parabola, 1 nearly a superellipse.
_INNER_FULLNESS = 0.55
_OUTER_FULLNESS = 0.25
# Half the width of the opening between rounded lips, as a share of half the mouth's.
_ROUND_HALF = 0.62
# Share of a blink done by the upper lid; the lower lid rises by the rest.
_UPPER_LID_SHARE = 0.93
_CREASE_SHARE = 0.3

_Weights = dict[int, float]

# Vertices that move with fixed shares of key points; those without shares stay still and anchor the rest.
_FIXED: dict[int, _Weights] = {
    # nose
    4: {space.NOSE_TIP: 1.0},
    1: {space.NOSE_TIP: 1.0},
    5: {space.NOSE_TIP: 0.85, space.NOSE_BRIDGE: 0.15},
    195: {space.NOSE_TIP: 0.6, space.NOSE_BRIDGE: 0.4},
    197: {space.NOSE_TIP: 0.35, space.NOSE_BRIDGE: 0.65},
    6: {space.NOSE_TIP: 0.1, space.NOSE_BRIDGE: 0.9},
    168: {space.NOSE_BRIDGE: 1.0},
    2: {space.NOSE_TIP: 0.8, space.OUTER_UPPER: 0.2},
    98: {space.NOSE_TIP: 0.8, space.CORNER_RIGHT: 0.08},
    327: {space.NOSE_TIP: 0.8, space.CORNER_LEFT: 0.08},
    129: {space.NOSE_TIP: 0.6, space.CORNER_RIGHT: 0.08},
    358: {space.NOSE_TIP: 0.6, space.CORNER_LEFT: 0.08},
    # cheeks
    50: {space.CHEEK_RIGHT: 1.0},
    280: {space.CHEEK_LEFT: 1.0},
    101: {space.CHEEK_RIGHT: 0.6},
    330: {space.CHEEK_LEFT: 0.6},
    205: {space.CHEEK_RIGHT: 0.4, space.CORNER_RIGHT: 0.3},
    425: {space.CHEEK_LEFT: 0.4, space.CORNER_LEFT: 0.3},
    203: {space.CHEEK_RIGHT: 0.3, space.CORNER_RIGHT: 0.25, space.OUTER_UPPER: 0.1},
    423: {space.CHEEK_LEFT: 0.3, space.CORNER_LEFT: 0.25, space.OUTER_UPPER: 0.1},
    187: {space.CHEEK_RIGHT: 0.3, space.CORNER_RIGHT: 0.3, space.JAW_RIGHT: 0.15},
    411: {space.CHEEK_LEFT: 0.3, space.CORNER_LEFT: 0.3, space.JAW_LEFT: 0.15},
    192: {space.CORNER_RIGHT: 0.25, space.JAW_RIGHT: 0.5},
    416: {space.CORNER_LEFT: 0.25, space.JAW_LEFT: 0.5},
    # between lower lip and chin
    18: {space.OUTER_LOWER: 0.8, space.CHIN: 0.2},
    200: {space.OUTER_LOWER: 0.4, space.CHIN: 0.6},
    199: {space.OUTER_LOWER: 0.15, space.CHIN: 0.85},
    175: {space.CHIN: 1.0},
    152: {space.CHIN: 1.0},
    # jaw line, from the chin outwards
    148: {space.CHIN: 0.95, space.JAW_RIGHT: 0.05},
    377: {space.CHIN: 0.95, space.JAW_LEFT: 0.05},
    176: {space.CHIN: 0.83, space.JAW_RIGHT: 0.17},
    400: {space.CHIN: 0.83, space.JAW_LEFT: 0.17},
    149: {space.CHIN: 0.63, space.JAW_RIGHT: 0.37},
    378: {space.CHIN: 0.63, space.JAW_LEFT: 0.37},
    150: {space.CHIN: 0.4, space.JAW_RIGHT: 0.6},
    379: {space.CHIN: 0.4, space.JAW_LEFT: 0.6},
    136: {space.CHIN: 0.17, space.JAW_RIGHT: 0.83},
    365: {space.CHIN: 0.17, space.JAW_LEFT: 0.83},
    172: {space.JAW_RIGHT: 1.0},
    397: {space.JAW_LEFT: 1.0},
    58: {space.JAW_RIGHT: 0.6},
    288: {space.JAW_LEFT: 0.6},
    132: {space.JAW_RIGHT: 0.25},
    361: {space.JAW_LEFT: 0.25},
    # brows and forehead
    9: {space.BROW_RIGHT: 0.2, space.BROW_LEFT: 0.2, space.NOSE_BRIDGE: 0.3},
    8: {space.BROW_RIGHT: 0.1, space.BROW_LEFT: 0.1, space.NOSE_BRIDGE: 0.6},
    151: {space.BROW_RIGHT: 0.15, space.BROW_LEFT: 0.15},
    69: {space.BROW_RIGHT: 0.4},
    299: {space.BROW_LEFT: 0.4},
    104: {space.BROW_RIGHT: 0.4},
    333: {space.BROW_LEFT: 0.4},
}
_BROW_PROFILE = (0.7, 0.95, 1.0, 0.9, 0.7)
_STILL = (117, 346, 36, 266)
# Rings outside the face's outline: radius as a multiple of the outline's, and share of its motion.
_RINGS = ((1.14, 0.55), (1.35, 0.15), (1.6, 0.0), (2.0, 0.0))


@dataclass(frozen=True)
class Rig:
    """Control points, and how key points move them.

    Attributes:
        vertices_c: (C,) mesh vertex of each control point; -1 for the points of the rings outside the face.
        points_c3: (C, 3) control points in the landmarks' own coordinates.
        weights_ck: (C, K) weight of each key point.
        rounding_c2: (C, 2) what is added to the weights of the inner upper and lower lip, of their motion away from each other,
            where the lips round: they stay together at the sides, and the opening is round.
        closing_ec3: (2, C, 3) displacement in centimetres that shuts the right and the left eye.
    """

    vertices_c: np.ndarray
    points_c3: np.ndarray
    weights_ck: np.ndarray
    rounding_c2: np.ndarray
    closing_ec3: np.ndarray

    def without(self, vertices: tuple[int, ...]) -> np.ndarray:
        """Indices of the control points that are not among these vertices."""
        return np.flatnonzero(~np.isin(self.vertices_c, vertices))


def build_rig(landmarks_v3: np.ndarray, canonical_v3: np.ndarray) -> Rig:
    """The rig of a person; the 468 vertices are given in picture pixels and in head centimetres."""
    weights = {vertex: _row({}) for vertex in (*topo.FACE_OVAL, *_STILL)}
    weights |= {vertex: _row(shares) for vertex, shares in _FIXED.items()}
    _add_brows(weights)
    _add_eyes(weights)
    _add_lips(weights, canonical_v3)
    vertices = np.array(list(weights))
    ring_points, ring_weights = _rings(landmarks_v3, weights)
    closing = np.concatenate([_closing(vertices, canonical_v3), np.zeros((2, len(ring_points), 3))], axis=1)
    return Rig(
        vertices_c=np.r_[vertices, np.full(len(ring_points), -1)],
        points_c3=np.concatenate([landmarks_v3[vertices], ring_points]),
        weights_ck=np.concatenate([np.stack(list(weights.values())), ring_weights]),
        rounding_c2=np.concatenate([_rounding(vertices, canonical_v3), np.zeros((len(ring_points), 2))]),
        closing_ec3=closing,
    )


def _rings(landmarks_v3: np.ndarray, weights: dict[int, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    oval = landmarks_v3[list(topo.FACE_OVAL)]
    centre = np.r_[oval[:, :2].mean(0), 0]
    oval_weights = np.stack([weights[vertex] for vertex in topo.FACE_OVAL])
    points = [centre + (oval - centre) * [radius, radius, 1] for radius, _ in _RINGS]
    return np.concatenate(points), np.concatenate([share * oval_weights for _, share in _RINGS])


def _closing(vertices: np.ndarray, canonical_v3: np.ndarray) -> np.ndarray:
    closing = np.zeros((2, len(vertices), 3))
    index = {int(vertex): k for k, vertex in enumerate(vertices)}
    eyes = (
        (topo.RIGHT_UPPER_LID, topo.RIGHT_LOWER_LID, topo.RIGHT_CREASE),
        (topo.LEFT_UPPER_LID, topo.LEFT_LOWER_LID, topo.LEFT_CREASE),
    )
    for eye, (upper, lower, crease) in enumerate(eyes):
        for up, low, fold in zip(upper[1:-1], lower[1:-1], crease, strict=True):
            gap = canonical_v3[low] - canonical_v3[up]
            closing[eye, index[up]] = _UPPER_LID_SHARE * gap
            closing[eye, index[low]] = -(1 - _UPPER_LID_SHARE) * gap
            closing[eye, index[fold]] = _CREASE_SHARE * gap
    return closing


def eye_closures(expression_k3: np.ndarray) -> np.ndarray:
    """(2,) closure of the right and the left eye, 0 (as in the portrait) to 1 (closed)."""
    upper = expression_k3[[space.LID_RIGHT, space.LID_LEFT], 1]
    lower = expression_k3[[space.LOWER_LID_RIGHT, space.LOWER_LID_LEFT], 1]
    return np.clip((lower - upper) / space.LID_CLOSURE_CM, 0, 1)


def _row(shares: _Weights) -> np.ndarray:
    row = np.zeros(space.MESH_SPACE.n_keypoints)
    for key, share in shares.items():
        row[key] = share
    return row


def _add_brows(weights: dict[int, np.ndarray]) -> None:
    """Profiles run from the outer end to the inner one on the right and back on the left."""
    for key, rows in (
        (space.BROW_RIGHT, (topo.RIGHT_BROW, topo.RIGHT_BROW_LOWER)),
        (space.BROW_LEFT, (topo.LEFT_BROW, topo.LEFT_BROW_LOWER)),
    ):
        for row, factor in zip(rows, (1.0, 0.85), strict=True):
            for vertex, share in zip(row, _BROW_PROFILE, strict=True):
                weights[vertex] = _row({key: share * factor})


def _add_eyes(weights: dict[int, np.ndarray]) -> None:
    """Lids move by closure alone; only their corners carry key points."""
    for lids in (topo.RIGHT_UPPER_LID, topo.RIGHT_LOWER_LID, topo.LEFT_UPPER_LID, topo.LEFT_LOWER_LID):
        for vertex in lids:
            weights[vertex] = _row({})
    weights[33] = _row({space.EYE_RIGHT: 1.0})
    weights[263] = _row({space.EYE_LEFT: 1.0})
    for key, crease in ((space.BROW_RIGHT, topo.RIGHT_CREASE), (space.BROW_LEFT, topo.LEFT_CREASE)):
        for vertex in crease:
            weights[vertex] = _row({key: 0.25})


def _add_lips(weights: dict[int, np.ndarray], canonical_v3: np.ndarray) -> None:
    contours = (
        (topo.UPPER_LIP_OUTER, {space.OUTER_UPPER: 1.0}, _OUTER_FULLNESS),
        (topo.UPPER_LIP_MIDDLE, {space.OUTER_UPPER: 0.5, space.INNER_UPPER: 0.5}, _OUTER_FULLNESS),
        (topo.UPPER_LIP_INNER, {space.INNER_UPPER: 1.0}, _INNER_FULLNESS),
        (topo.LOWER_LIP_OUTER, {space.OUTER_LOWER: 1.0}, _OUTER_FULLNESS),
        (topo.LOWER_LIP_MIDDLE, {space.OUTER_LOWER: 0.5, space.INNER_LOWER: 0.5}, _OUTER_FULLNESS),
        (topo.LOWER_LIP_INNER, {space.INNER_LOWER: 1.0}, _INNER_FULLNESS),
    )
    for contour, middle, fullness in contours:
        for vertex, u in zip(contour, contour_parameter(canonical_v3[list(contour)]), strict=True):
            right, mid, left = lip_shape(u, fullness)
            shares = {key: mid * share for key, share in middle.items()}
            weights[vertex] = _row({space.CORNER_RIGHT: right, space.CORNER_LEFT: left, **shares})


def _rounding(vertices: np.ndarray, canonical_v3: np.ndarray) -> np.ndarray:
    """(N, 2) from the usual shape of the opening to a narrower one, for the vertices of both lips' inner contours."""
    rounding = np.zeros((len(vertices), 2))
    index = {int(vertex): k for k, vertex in enumerate(vertices)}
    contours = (
        (0, topo.UPPER_LIP_INNER, 1.0, _INNER_FULLNESS),
        (0, topo.UPPER_LIP_MIDDLE, 0.5, _OUTER_FULLNESS),
        (1, topo.LOWER_LIP_INNER, 1.0, _INNER_FULLNESS),
        (1, topo.LOWER_LIP_MIDDLE, 0.5, _OUTER_FULLNESS),
    )
    for lip, contour, share, fullness in contours:
        for vertex, u in zip(contour, contour_parameter(canonical_v3[list(contour)]), strict=True):
            narrow = max(0.0, 1 - (u / _ROUND_HALF) ** 2)
            rounding[index[vertex], lip] = share * (narrow - lip_shape(u, fullness)[1])
    return rounding


def contour_parameter(contour_n3: np.ndarray) -> np.ndarray:
    """Position along a lip contour: -1 at the right corner, 0 in the middle, 1 at the left corner."""
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(contour_n3, axis=0), axis=1))]
    middle = along[len(along) // 2]
    return np.where(along < middle, along / middle - 1, (along - middle) / (along[-1] - middle))


def lip_shape(u: float, fullness: float) -> tuple[float, float, float]:
    """Weights of the right corner, the middle and the left corner at position ``u`` of a lip contour.

    They sum to one and reproduce linear motion, so turning or stretching the mouth does not bend it.
    """
    bump = (1 - u * u) * (1 + fullness * u * u)
    return (1 - bump - u) / 2, bump, (1 - bump + u) / 2
