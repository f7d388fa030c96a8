"""The part of a frame that may change when a mouth is repainted, and how its skin moves.

Where skin comes from is smooth, so for a large face it is found for every second pixel, or fewer, and interpolated. The picture
itself is always sampled in the frame's own pixels: it stays as sharp as it was filmed.

Shapes: N points of the mesh of r rows and c columns, C control points, h, w of the part; 2 = xy in frame pixels.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from jamflow.face import topology as topo
from jamflow.face.mesh.rig import Rig
from jamflow.face.mesh.sampling import smoothstep
from jamflow.face.mesh.seen_face import SeenFace
from jamflow.face.mesh.thin_plate import thin_plate
from jamflow.face.mesh.warp import Grid, grid_points, invert
from jamflow.face.outline import outline_radius

# The range in which motion fades out: outwards in multiples of the face's outline, upwards in face heights above the nose base.
_FULL, _END = 1.3, 1.6
_UP_FULL, _UP_END = 0.05, 0.2
_CONTROLS_UP = 0.4
_STEPS_PER_CM, _STEP_PX = 3, (2, 16)
_UNIT_PX_PER_CM = 11.0  # in a frame of 512, in whose pixels the steps of an inversion are bounded
_MESH_PX_PER_CM = 36.0  # the finest mesh; a face in 1080 lines seldom has more pixels


@dataclass(frozen=True)
class Part:
    """The part and two grids in it; `part_of` makes it.

    Attributes:
        box: left, top, right, bottom.
        step_px: pixels between the points of the mesh.
        grid: coarse points, on which motion is computed.
        points_n2: these points.
        share_hw: weight of the motion at these points.
        weight_hw: (h, w) float32 weight of the new picture for every pixel, 1 except at the rim.
    """

    box: tuple[int, int, int, int]
    step_px: int
    grid: Grid
    points_n2: np.ndarray
    share_hw: np.ndarray
    weight_hw: np.ndarray

    @property
    def shape_rc(self) -> tuple[int, int]:
        """Rows and columns of the mesh, which covers the box."""
        left, top, right, bottom = self.box
        return -(-(bottom - top) // self.step_px), -(-(right - left) // self.step_px)

    @cached_property
    def mesh_n2(self) -> np.ndarray:
        """(N, 2) float32: the middle of every square of `step_px` pixels."""
        return grid_points(np.array(self.box[:2]) + (self.step_px - 1) / 2, self.step_px, self.shape_rc).astype(np.float32)

    def field(self, rig: Rig, face: SeenFace, left_out: tuple[int, ...], motion_c2: np.ndarray) -> np.ndarray:
        """(h, w, 2) displacement of the grid points in pixels, from the control points without the vertices left out."""
        keep = rig.without(left_out)
        height = heights_up(rig.points_c3[keep, :2], face)
        keep = keep[height < _CONTROLS_UP]
        motion = thin_plate(rig.points_c3[keep, :2], motion_c2[keep], self.points_n2)
        return motion.reshape(*self.share_hw.shape, 2) * self.share_hw[..., None]

    def look_back(self, field_hw2: np.ndarray) -> np.ndarray:
        """(N, 2) float32: where each point of the mesh comes from."""
        rows, columns = self.share_hw.shape
        target = self.points_n2.reshape(rows, columns, 2).astype(np.float32)
        back = invert(self.grid, field_hw2, target) - target
        times = int(self.grid.step_px) // self.step_px
        r, c = self.shape_rc
        return self.mesh_n2 + _enlarged(back, times)[:r, :c].reshape(-1, 2)

    def at(self, from_n2: np.ndarray) -> np.ndarray:
        """(h, w, 2) float32: for every pixel, its place in the part, from the places of the mesh's points in the frame."""
        moved = self.per_pixel(from_n2 - self.mesh_n2)
        height, width = moved.shape[:2]
        moved[..., 0] += np.arange(width, dtype=np.float32)
        moved[..., 1] += np.arange(height, dtype=np.float32)[:, None]
        return moved

    def per_pixel(self, values_n: np.ndarray) -> np.ndarray:
        """(h, w) or (h, w, C) float32, from values (N,) or (N, C) of the mesh's points."""
        left, top, right, bottom = self.box
        grid = values_n.astype(np.float32).reshape(*self.shape_rc, *values_n.shape[1:])
        return _enlarged(grid, self.step_px)[: bottom - top, : right - left]


def part_of(face: SeenFace, shape: tuple[int, ...]) -> Part:
    """The part around the lower face, in a frame of this shape."""
    oval = face.mesh_v3[list(topo.FACE_OVAL), :2]
    centre = oval.mean(0)
    ring = centre + _END * (oval - centre)
    ring = ring[heights_up(ring, face) < _UP_END + 0.05]
    fine = mesh_px(face)
    step = fine * int(np.clip(round(face.pose.scale_px / fine / _STEPS_PER_CM), *_STEP_PX))
    left, top = np.clip(np.floor(ring.min(0)).astype(int), 0, [shape[1] - 2, shape[0] - 2])
    right, bottom = np.clip(np.ceil(ring.max(0)).astype(int), [left + 2, top + 2], [shape[1], shape[0]])
    size = (-(-(bottom - top) // step), -(-(right - left) // step))
    # Centres of the coarse cells, so that cv2.resize brings the map to full size without a shift.
    origin = np.array([left, top]) + (step - 1) / 2
    points = grid_points(origin, step, size)
    radius, _ = outline_radius(points, face.mesh_v3, face.pose)
    share = smoothstep((_END - radius) / (_END - _FULL))
    share *= smoothstep((_UP_END - heights_up(points, face)) / (_UP_END - _UP_FULL))
    share = share.reshape(size).astype(np.float32)
    weight = np.clip(_enlarged(share, step)[: bottom - top, : right - left] * 8, 0, 1)
    box = (int(left), int(top), int(right), int(bottom))
    grid = Grid(origin.astype(np.float32), step, max(1.0, face.pose.scale_px / _UNIT_PX_PER_CM))
    return Part(box, fine, grid, points, share, weight)


def mesh_px(face: SeenFace) -> int:
    """Pixels between the points of the mesh: 1 for a face of usual size."""
    return int(np.ceil(face.pose.scale_px / _MESH_PX_PER_CM))


def heights_up(points_n2: np.ndarray, face: SeenFace) -> np.ndarray:
    """(N,) height above the base of the nose, in face heights."""
    up = face.mesh_v3[10, :2] - face.mesh_v3[152, :2]
    return (points_n2 - face.mesh_v3[2, :2]) @ up / (up @ up)


def _enlarged(grid: np.ndarray, times: int) -> np.ndarray:
    rows, columns = grid.shape[:2]
    return cv2.resize(grid, (columns * times, rows * times), interpolation=cv2.INTER_LINEAR) if times > 1 else grid
