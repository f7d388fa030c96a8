"""The crop that LivePortrait's networks see, and pasting it back into the picture.

Shapes: N landmarks, 2 = x right, y down in pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face import topology as topo

_FEATHER_PX = 16
# Left eye, right eye (in the picture) and mouth corners for each landmark set of the official code, by number of points, and for
# the face mesh with its irises.
_PARTS = {
    478: ([33, 159, 133, 145], [362, 386, 263, 374], [61, 291]),
    203: ([0, 6, 12, 18], [24, 30, 36, 42], [48, 66]),
    106: ([33, 35, 40, 39], [87, 89, 94, 93], [52, 61]),
    101: ([39, 42, 45, 48], [51, 54, 57, 60], [75, 81]),
    68: ([36, 39], [42, 45], [48, 54]),
    5: ([0], [1], [3, 4]),
}
# The other landmark sets reach from the brows to the chin, and at the sides up to the eyes; the whole mesh also covers the
# forehead. On 21 photographs and the bundled portrait, the box of these points is 0.985 +- 0.014 times as large as that of dlib's
# 68 points, with its centre within 0.9 % of the side. With all points it would be 1.17 times as large and 7 % higher.
_MESH = 478
_LOWER_FACE = topo.FACE_OVAL[topo.FACE_OVAL.index(356) : topo.FACE_OVAL.index(127) + 1]
_MESH_EXTENT = [*_LOWER_FACE, *topo.RIGHT_BROW, *topo.LEFT_BROW]
# Top, bottom and the two ends of the left eye, the right eye and the inner lips (whose ends are the outer corners).
_OPENINGS = {
    478: ((159, 145, 33, 133), (386, 374, 362, 263), (13, 14, 61, 291)),
    203: ((6, 18, 0, 12), (30, 42, 24, 36), (90, 102, 48, 66)),
}


@dataclass(frozen=True)
class Box:
    """A square around a face: centre and side in pixels, angle in radians (clockwise on the screen)."""

    centre_2: np.ndarray
    side_px: float
    angle_rad: float

    def corners(self, turned: bool) -> np.ndarray:
        """(4, 2) corners from the upper left, clockwise."""
        offsets = self.side_px / 2 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        return self.centre_2 + (offsets @ _axes(self.angle_rad) if turned else offsets)

    def matrix(self, size_px: int, turned: bool = True) -> np.ndarray:
        """(3, 3) transform from the picture to a crop of `size_px`."""
        scale = size_px / self.side_px
        linear = scale * (_axes(self.angle_rad) if turned else np.eye(2))
        out = np.eye(3)
        out[:2, :2] = linear
        out[:2, 2] = size_px / 2 - linear @ self.centre_2
        return out


def face_box(landmarks_n2: np.ndarray, scale: float = 2.3, shift_y: float = -0.125) -> Box:
    """The square around all landmarks, upright along the line from eyes to mouth.

    Args:
        landmarks_n2: 5, 68, 101, 106 or 203 points, or the 478 of the face mesh.
        scale: side in units of the longest extent of the landmarks.
        shift_y: how far the square moves towards the mouth, in units of its side.
    """
    left, right, lips = (landmarks_n2[part].mean(0) for part in _PARTS[len(landmarks_n2)])
    down = lips - (left + right) / 2
    length = np.linalg.norm(down)
    down = down / length if length > 1e-3 else np.array([0.0, 1.0])
    across = np.array([down[1], -down[0]])
    axes = np.stack([across, down])
    extent = landmarks_n2[_MESH_EXTENT] if len(landmarks_n2) == _MESH else landmarks_n2
    middle = extent.mean(0)
    along = (extent - middle) @ axes.T
    low, high = along.min(0), along.max(0)
    side = float(max(high - low)) * scale
    centre = middle + (low + high) / 2 @ axes + down * shift_y * side
    return Box(centre, side, float(np.arctan2(across[1], across[0])))


def crop(rgb: np.ndarray, matrix_33: np.ndarray, size_px: int) -> np.ndarray:
    """(size, size, 3) uint8 crop; black outside the picture."""
    return cv2.warpAffine(rgb, matrix_33[:2], (size_px, size_px), flags=cv2.INTER_LINEAR)


def paste_mask(size_px: int = 512) -> np.ndarray:
    """(size, size) float32 in [0, 1]: weight of the crop, feathered at its edges."""
    i = np.arange(size_px)
    edge = np.clip(_FEATHER_PX - np.minimum(i, size_px - i), 0, _FEATHER_PX)
    away = np.hypot(edge[:, None], edge[None]) / _FEATHER_PX
    return (np.floor(255 * np.clip(1 - away, 0, 1)) / 255).astype(np.float32)


def paste(picture: np.ndarray, drawn: np.ndarray, back_33: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Pastes the drawn crop into the picture through `back_33`, the inverse of the crop's matrix."""
    size = (picture.shape[1], picture.shape[0])
    moved = cv2.warpAffine(drawn, back_33[:2], size, flags=cv2.INTER_LINEAR)
    weight = cv2.warpAffine(mask, back_33[:2], size, flags=cv2.INTER_LINEAR)[..., None]
    return np.clip(weight * moved + (1 - weight) * picture, 0, 255).astype(np.uint8)


def eye_ratios(landmarks_n2: np.ndarray) -> np.ndarray:
    """(2,) opening over width of the left and right eye in the picture, from 203 landmarks or the 478 of the face mesh."""
    left, right, _ = _OPENINGS[len(landmarks_n2)]
    return np.array([_ratio(landmarks_n2, *left), _ratio(landmarks_n2, *right)], np.float32)


def lip_ratio(landmarks_n2: np.ndarray) -> np.ndarray:
    """(1,) opening of the inner lips over the mouth's width, from 203 landmarks or the 478 of the face mesh."""
    return np.array([_ratio(landmarks_n2, *_OPENINGS[len(landmarks_n2)][2])], np.float32)


def _ratio(points: np.ndarray, top: int, bottom: int, start: int, end: int) -> float:
    return float(np.linalg.norm(points[top] - points[bottom]) / (np.linalg.norm(points[start] - points[end]) + 1e-6))


def _axes(angle_rad: float) -> np.ndarray:
    """(2, 2), rows: the square's x and y axes in the picture."""
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[cos, sin], [-sin, cos]])
