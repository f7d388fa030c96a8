"""Forward motion of source points, and its inverse: the backward map for sampling a picture.

Forward motion is known on a grid of source points. A frame needs the opposite: for every target pixel, the source point that
lands on it. The motion is smooth and free of folds (see ``geometry``), so Newton's method finds it in a few steps.

Shapes: N points of a grid of h rows and w columns, K key points (21); 2 = xy in frame pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face.mesh import space
from jamflow.face.mesh.geometry import PIVOT_CM, HeadGeometry
from jamflow.face.mesh.rounding import roundness, smile_off
from jamflow.face.mesh.sampling import remap
from jamflow.face.pose import rotation_from_angles

_NEWTON_STEPS = 5
_FIRST_STEP_MAX_PX, _STEP_MAX_PX = 40.0, 8.0
_JACOBIAN_MIN = 0.15


@dataclass(frozen=True)
class Motion3:
    """The motion of one frame, prepared for every patch.

    Attributes:
        expression_k3: (K, 3) head centimetres.
        rounding_23: motion of the inner upper and lower lip away from each other, where the lips are round.
        smile_off, roundness: share of the portrait's smile that is gone, and how round the lips are, 0 to 1.
        closures_e: (2,) closure of right and left eye, 0 to 1.
        still_23: matrix from head centimetres to frame pixels, for the head at rest.
        moved_23: the same for the moved head.
        shift_2: place of the moved pivot, frame pixels.
    """

    expression_k3: np.ndarray
    rounding_23: np.ndarray
    smile_off: float
    roundness: float
    closures_e: np.ndarray
    still_23: np.ndarray
    moved_23: np.ndarray
    shift_2: np.ndarray


def frame_motion(
    geometry: HeadGeometry,
    expression_k3: np.ndarray,
    closures_e: np.ndarray,
    rotation_3: np.ndarray,
    translation_3: np.ndarray,
    scale: float,
    speaking: float = 0.0,
) -> Motion3:
    """The motion of one frame; rotation in degrees, translation in centimetres, both in picture axes.

    speaking: 0 where the portrait wears its own smile, 1 where it speaks.
    """
    flip = np.array([1.0, -1.0])
    pose = geometry.pose
    still = pose.scale_px * pose.rotation_33[:2] * flip[:, None]
    turned = rotation_from_angles(rotation_3) @ pose.rotation_33
    moved = scale * pose.scale_px * turned[:2] * flip[:, None]
    pivot = pose.to_picture(PIVOT_CM[None])[0, :2]
    shift = pivot + pose.scale_px * flip * translation_3[:2]
    round_share = roundness(expression_k3)
    apart = expression_k3[space.INNER_UPPER] - expression_k3[space.INNER_LOWER]
    return Motion3(
        expression_k3=np.asarray(expression_k3, np.float32),
        rounding_23=(round_share / 2 * np.stack([apart, -apart])).astype(np.float32),
        smile_off=smile_off(speaking, round_share),
        roundness=round_share,
        closures_e=np.asarray(closures_e, np.float32),
        still_23=still.astype(np.float32),
        moved_23=moved.astype(np.float32),
        shift_2=shift.astype(np.float32),
    )


@dataclass(frozen=True)
class Grid:
    """A square grid. origin_2: first point, frame pixels. step_px: spacing. unit: see `HeadGeometry.unit`."""

    origin_2: np.ndarray
    step_px: float
    unit: float = 1.0


@dataclass(frozen=True)
class Patch:
    """Source points on a regular grid, with everything needed to move them.

    Attributes:
        origin_2: first grid point, frame pixels.
        step_px: grid spacing.
        shape_hw: rows and columns.
        points_n2: the grid points.
        head_n3: the same, relative to the pivot, in head centimetres.
        rest_n3: displacement from the portrait to the neutral face, centimetres.
        weights_nk: weights of the key points.
        rounding_n2: weights of the inner lips where they round.
        unsmiling_n3: displacement that takes the portrait's smile off, centimetres.
        puckering_n3: displacement that makes its lips fuller, centimetres.
        closing_en3: displacement that shuts the right and the left eye, centimetres; None if blinks do not reach the patch.
        head_share_n1: 1 where a point moves with the head, 0 where it stays.
        unit: see `HeadGeometry.unit`.
    """

    origin_2: np.ndarray
    step_px: float
    shape_hw: tuple[int, int]
    points_n2: np.ndarray
    head_n3: np.ndarray
    rest_n3: np.ndarray
    weights_nk: np.ndarray
    rounding_n2: np.ndarray
    unsmiling_n3: np.ndarray
    puckering_n3: np.ndarray
    closing_en3: np.ndarray | None
    head_share_n1: np.ndarray
    unit: float

    def displacement(self, motion: Motion3) -> np.ndarray:
        """(h, w, 2) float32: displacement of each source point, pixels."""
        offset = self.rest_n3 + self.weights_nk @ motion.expression_k3
        if motion.smile_off > 0:
            offset += np.float32(motion.smile_off) * self.unsmiling_n3
        if motion.roundness > 0:
            offset += self.rounding_n2 @ motion.rounding_23 + np.float32(motion.roundness) * self.puckering_n3
        if self.closing_en3 is not None:
            offset = offset + np.tensordot(motion.closures_e, self.closing_en3, axes=1)
        still = offset @ motion.still_23.T
        moved = (self.head_n3 + offset) @ motion.moved_23.T + motion.shift_2 - self.points_n2
        return (still + self.head_share_n1 * (moved - still)).reshape(*self.shape_hw, 2)


def build_patch(
    geometry: HeadGeometry,
    origin_2: np.ndarray,
    step_px: float,
    shape_hw: tuple[int, int],
    rest_n3: np.ndarray,
    weights_nk: np.ndarray,
    rounding_n2: np.ndarray,
    unsmiling_n3: np.ndarray,
    puckering_n3: np.ndarray,
    closing_en3: np.ndarray | None,
) -> Patch:
    """A patch whose expression fades out around the face. The arguments are the attributes of `Patch` before fading."""
    points = grid_points(origin_2, step_px, shape_hw)
    share = geometry.expression_share(points)[:, None]
    return Patch(
        origin_2=np.asarray(origin_2, np.float32),
        step_px=step_px,
        shape_hw=shape_hw,
        points_n2=points.astype(np.float32),
        head_n3=(geometry.head_points(points) - PIVOT_CM).astype(np.float32),
        rest_n3=(share * rest_n3).astype(np.float32),
        weights_nk=(share * weights_nk).astype(np.float32),
        rounding_n2=(share * rounding_n2).astype(np.float32),
        unsmiling_n3=(share * unsmiling_n3).astype(np.float32),
        puckering_n3=(share * puckering_n3).astype(np.float32),
        closing_en3=None if closing_en3 is None else (share * closing_en3).astype(np.float32),
        head_share_n1=geometry.head_share(points)[:, None].astype(np.float32),
        unit=geometry.unit,
    )


def grid_points(origin_2: np.ndarray, step_px: float, shape_hw: tuple[int, int]) -> np.ndarray:
    """(N, 2) points of a grid, row by row."""
    rows, columns = shape_hw
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    return np.stack([x.ravel(), y.ravel()], 1) * step_px + np.asarray(origin_2)


def invert(patch: Patch | Grid, displacement_hw2: np.ndarray, target_hw2: np.ndarray) -> np.ndarray:
    """(h, w, 2) source point of every target point, by Newton's method on the patch's grid."""
    slope_x = cv2.Sobel(displacement_hw2, cv2.CV_32F, 1, 0, ksize=1, scale=0.5 / patch.step_px)
    slope_y = cv2.Sobel(displacement_hw2, cv2.CV_32F, 0, 1, ksize=1, scale=0.5 / patch.step_px)
    slopes = np.concatenate([slope_x, slope_y], axis=2)
    source = target_hw2.copy()
    for step in range(_NEWTON_STEPS):
        at = (source - patch.origin_2) / patch.step_px
        error = source - target_hw2 + remap(displacement_hw2, at)
        slope = remap(slopes, at)
        a, c, b, d = slope[..., 0] + 1, slope[..., 1], slope[..., 2], slope[..., 3] + 1
        determinant = np.maximum(a * d - b * c, _JACOBIAN_MIN)
        move_x = (d * error[..., 0] - b * error[..., 1]) / determinant
        move_y = (a * error[..., 1] - c * error[..., 0]) / determinant
        # The first step covers the motion itself, later ones correct it; a larger step would be lost in a fold.
        limit = patch.unit * (_FIRST_STEP_MAX_PX if step == 0 else _STEP_MAX_PX)
        source[..., 0] -= np.clip(move_x, -limit, limit)
        source[..., 1] -= np.clip(move_y, -limit, limit)
    return source
