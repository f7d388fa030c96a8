"""Whether two stretches of a video show the same person: the shape of the face, its edges, and the colours of head and collar.

It tells the people in the shots of one video apart, who are seen in much the same light and clothes. It is no identification.
docs/decisions.md says how often it is right.
"""

import cv2
import numpy as np

from jamflow.face.canonical import CanonicalFace
from jamflow.face.pose import fit_pose
from jamflow.face.tracker import Face

_PX, _PX_PER_CM = 128, 6.0
_MIDDLE_PX = (64.0, 56.0)
_ABOVE_CM = -1.0  # of the mesh: what speech does not move
_EDGES = cv2.HOGDescriptor((_PX, _PX), (32, 32), (16, 16), (16, 16), 9)
_BINS, _CHROMA = (6, 8, 8), 24  # of lightness and the two chroma channels (CIELAB), which are within 128 -+ 24
_COLOURS, _USUAL_COLOURS = 0.8, 0.8  # how much they count, and how alike they are where that is neither for nor against
_SAME = 0.64
_YAW_MAX_DEG = 35.0


class Likeness:
    """Collects what a person looks like, frame by frame."""

    def __init__(self, canonical: CanonicalFace):
        self._canonical = canonical
        self._rigid = np.flatnonzero(canonical.vertices_v3[:, 1] > _ABOVE_CM)
        self._shapes: list[np.ndarray] = []
        self._edges: list[np.ndarray] = []
        self._colours: list[np.ndarray] = []

    def __len__(self) -> int:
        return len(self._shapes)

    def add(self, rgb: np.ndarray, face: Face) -> None:
        """Notes a face in an (H, W, 3) uint8 RGB frame, unless it is turned far away."""
        pose = fit_pose(face, self._canonical)
        if abs(pose.angles_3[1]) > _YAW_MAX_DEG:
            return
        shape = pose.to_canonical(face.mesh_v3[self._rigid])
        head = self._head(rgb, face)
        self._shapes.append(shape - shape.mean(0))
        self._edges.append(np.asarray(_EDGES.compute(head), np.float32).ravel())
        self._colours.append(_colours(head))

    def means(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What is compared: shape (V, 3) in cm, edges (E,) and colours (384,), the means over the frames. None may be empty."""
        return _mean(self._shapes), _mean(self._edges), _mean(self._colours)

    @classmethod
    def of_means(cls, canonical: CanonicalFace, means: tuple[np.ndarray, np.ndarray, np.ndarray]) -> "Likeness":
        """The same person again, from `means`."""
        likeness = cls(canonical)
        likeness._shapes, likeness._edges, likeness._colours = ([mean] for mean in means)
        return likeness

    def to(self, other: "Likeness") -> float:
        """How much two people are alike, up to 1.16; neither may be empty."""
        apart_cm = _mean(self._shapes) - _mean(other._shapes)
        one, two = _mean(self._edges), _mean(other._edges)
        cosine = float(one @ two / max(float(np.linalg.norm(one) * np.linalg.norm(two)), 1e-9))
        shared = float(np.sqrt(_mean(self._colours) * _mean(other._colours)).sum())  # Bhattacharyya
        return cosine - float(np.sqrt((apart_cm**2).sum(1).mean())) + _COLOURS * (shared - _USUAL_COLOURS)

    def same(self, other: "Likeness") -> bool:
        """Whether it is the same person; also where nothing is known of one of them."""
        return not len(self) or not len(other) or self.to(other) > _SAME

    def most_alike(self, rgb: np.ndarray, faces: list[Face]) -> Face:
        """The face in a frame that is most like this person; the first one, where nothing is known."""

        def alike(face: Face) -> float:
            seen = Likeness(self._canonical)
            seen.add(rgb, face)
            return self.to(seen) if len(seen) and len(self) else -np.inf

        return max(faces, key=alike)

    def _head(self, rgb: np.ndarray, face: Face) -> np.ndarray:
        """(128, 128, 3) the head, upright and of a fixed size, slightly blurred."""
        points = self._canonical.vertices_v3[self._canonical.rigid, :2] * [_PX_PER_CM, -_PX_PER_CM] + _MIDDLE_PX
        seen = face.mesh_v3[self._canonical.rigid, :2]
        matrix, _ = cv2.estimateAffinePartial2D(seen.astype(np.float32), points.astype(np.float32), method=cv2.LMEDS)
        scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        if scale < 0.5:  # a strong reduction needs a smaller picture first
            rgb = cv2.resize(rgb, None, fx=1.2 * scale, fy=1.2 * scale, interpolation=cv2.INTER_AREA)
            matrix = np.c_[matrix[:, :2] / (1.2 * scale), matrix[:, 2]]
        small = cv2.warpAffine(rgb, matrix, (_PX, _PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return cv2.GaussianBlur(small, (0, 0), 1.0)


def _mean(rows: list[np.ndarray]) -> np.ndarray:
    return np.mean(rows, axis=0)


def _colours(rgb: np.ndarray) -> np.ndarray:
    """(384,) shares of the colours, each spread over its neighbours."""
    low = np.array([0, 128 - _CHROMA, 128 - _CHROMA])
    span = np.array([256, 2 * _CHROMA, 2 * _CHROMA])
    bins = (cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).reshape(-1, 3) - low) * _BINS // span
    counts = np.zeros(_BINS)
    np.add.at(counts, tuple(np.clip(bins, 0, np.array(_BINS) - 1).T), 1)
    for axis in range(3):
        wide = np.pad(counts, [(int(axis == k),) * 2 for k in range(3)], mode="edge")
        before, after = (np.take(wide, np.arange(_BINS[axis]) + shift, axis) for shift in (0, 2))
        counts = 0.5 * counts + 0.25 * (before + after)
    return counts.ravel() / counts.sum()
