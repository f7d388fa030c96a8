"""The head in the frame: depth of every pixel, how much each pixel moves with the head, and the pivot.

The warp is free of folds by construction: the slope of the depth is limited for the largest head rotation, and every motion fades
out smoothly before the edge of the frame.

Shapes: N points, V mesh vertices (468); xy in frame pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face import topology as topo
from jamflow.face.mesh.sampling import sample, smoothstep
from jamflow.face.mesh.thin_plate import thin_plate_matrix
from jamflow.face.outline import Outline, apart, outline_radius
from jamflow.face.pose import HeadPose

# The head turns about the top of the spine, in head centimetres.
PIVOT_CM = np.array([0.0, -6.0, -6.0])
# Hair and neck follow the head; radii in multiples of the face's outline, upwards and downwards.
_FOLLOW_FULL = (1.3, 1.0)
_FOLLOW_END = (2.6, 1.95)
_EXPRESSION_FULL, _EXPRESSION_END = 1.35, 1.7
_BORDER_SHARE = 0.14
# Beside another face, the head moves less: a quarter as far where they touch.
_LEAST_FREEDOM = 0.25
# Outside the face the skull recedes from the viewer by this much per radius.
_DEPTH_FALL = 0.35
_DEPTH_RADII = (1.15, 1.4, 1.8, 2.6)
# The head moves smoothly, so it is enough to know its motion and its depth on a grid, which is as fine as this in a frame of 512
# pixels and no finer in a larger one.
_USUAL_PX, _COARSE_PX = 512, 4
_DEPTH_SLOPE_MAX = 1.2
_DEPTH_BLUR_CM = 0.45


@dataclass(frozen=True)
class HeadGeometry:
    """The head in the frame.

    Attributes:
        pose: pose of the canonical face in the frame.
        landmarks_v3: (468, 3) frame pixels.
        size_wh: frame width and height.
        depth_hw: depth away from the viewer in pixels, on a grid of `coarse_px`.
        others: the other faces.
    """

    pose: HeadPose
    landmarks_v3: np.ndarray
    size_wh: tuple[int, int]
    depth_hw: np.ndarray
    others: tuple[Outline, ...] = ()

    @property
    def unit(self) -> float:
        """Pixels for one of a frame of 512, at least 1."""
        return _unit(self.size_wh)

    @property
    def coarse_px(self) -> int:
        """Step of the grid on which the motion of the whole head is known."""
        return _coarse_px(self.size_wh)

    @property
    def freedom(self) -> float:
        """How far the head may turn and move, as a share: 1, or less where another face is near."""
        room = [self.radius(other.points_n2)[0].min() - 1 for other in self.others]
        return float(np.clip(min(room, default=1.0), _LEAST_FREEDOM, 1))

    def depth(self, points_n2: np.ndarray) -> np.ndarray:
        """(N,) depth of frame points."""
        return sample(self.depth_hw[..., None], points_n2 / self.coarse_px)[:, 0]

    def head_points(self, points_n2: np.ndarray) -> np.ndarray:
        """(N, 3) head centimetres of the frame points."""
        return self.pose.to_canonical(np.c_[points_n2, self.depth(points_n2)])

    def radius(self, points_n2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N,) distance from the face's centre in multiples of its outline, and (N,) how far downwards (0 to 1)."""
        return outline_radius(points_n2, self.landmarks_v3, self.pose)

    def head_share(self, points_n2: np.ndarray) -> np.ndarray:
        """(N,) 1 where a point moves with the head, 0 where it stays."""
        radius, downwards = self.radius(points_n2)
        full = _FOLLOW_FULL[0] * (1 - downwards) + _FOLLOW_FULL[1] * downwards
        end = _FOLLOW_END[0] * (1 - downwards) + _FOLLOW_END[1] * downwards
        return smoothstep((end - radius) / (end - full)) * self._free(points_n2)

    def expression_share(self, points_n2: np.ndarray) -> np.ndarray:
        """(N,) 1 where a point follows the expression, 0 where it does not."""
        radius, _ = self.radius(points_n2)
        inside = smoothstep((_EXPRESSION_END - radius) / (_EXPRESSION_END - _EXPRESSION_FULL))
        return inside * self._free(points_n2)

    def _free(self, points_n2: np.ndarray) -> np.ndarray:
        """(N,) 0 at the border of the frame and on other people, 1 away from both."""
        width, height = self.size_wh
        x, y = points_n2.T
        distance = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
        inside = smoothstep((distance - 1) / (_BORDER_SHARE * max(width, height)))
        return inside * apart(points_n2, Outline(self.landmarks_v3, self.pose), self.others)


def build_geometry(
    landmarks_v3: np.ndarray,
    pose: HeadPose,
    size_wh: tuple[int, int],
    others: tuple[Outline, ...] = (),
) -> HeadGeometry:
    """Geometry whose depth comes from the mesh inside the face and recedes smoothly outside it."""
    width, height = size_wh
    step = _coarse_px(size_wh)
    oval = landmarks_v3[list(topo.FACE_OVAL)]
    centre = oval[:, :2].mean(0)
    radius_px = np.linalg.norm(oval[:, :2] - centre, axis=1).mean()
    rings = [np.c_[centre + (oval[:, :2] - centre) * r, oval[:, 2] + (r - 1) * _DEPTH_FALL * radius_px] for r in _DEPTH_RADII]
    known = np.concatenate([landmarks_v3, *rings])
    rows, columns = height // step + 2, width // step + 2
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    grid = np.stack([x.ravel(), y.ravel()], 1) * float(step)
    # A thin-plate spline would diverge beyond the outermost ring, so the ring's own depth is kept there.
    outermost = rings[-1][:, :2]
    reach = np.linalg.norm(outermost - centre, axis=1).min()
    offset = grid - centre
    distance = np.linalg.norm(offset, axis=1, keepdims=True)
    held = centre + offset * np.minimum(1, reach / np.maximum(distance, 1e-6))
    depth = (thin_plate_matrix(known[:, :2], held) @ known[:, 2]).reshape(rows, columns).astype(np.float32)
    depth = cv2.GaussianBlur(depth, (0, 0), _DEPTH_BLUR_CM * pose.scale_px / step)
    return HeadGeometry(pose, landmarks_v3, size_wh, _limit_slope(depth, _DEPTH_SLOPE_MAX * step), others)


def _unit(size_wh: tuple[int, int]) -> float:
    return max(1.0, max(size_wh) / _USUAL_PX)


def _coarse_px(size_wh: tuple[int, int]) -> int:
    return round(_COARSE_PX * _unit(size_wh))


def _limit_slope(depth_hw: np.ndarray, step: float) -> np.ndarray:
    """The nearest surface at or behind the depth whose slope nowhere exceeds ``step`` per cell."""
    limited = depth_hw
    kernel = np.ones((3, 3), np.uint8)
    for _ in range(16):
        limited = np.maximum(limited, cv2.dilate(limited, kernel) - step)
    return limited
