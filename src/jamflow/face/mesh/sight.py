"""The face in one frame of a video: landmarks smoothed over time, and the head's pose in them.

Shapes: K frames of the video, L landmarks (478), V mesh vertices (468); 3 = x right, y down, z away, pixels.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jamflow.face.canonical import CanonicalFace
from jamflow.face.film import LandmarkRows
from jamflow.face.pose import HeadPose, fit_pose
from jamflow.face.tracker import Face

# Savitzky-Golay, five points, second order: takes a third off the landmarks' scatter and leaves even acceleration as it is.
_KERNEL = np.array([-3, 12, 17, 12, -3]) / 35
_REACH = len(_KERNEL) // 2
_CUT_HEIGHTS = 0.25  # who moves further than this from frame to frame, in face heights, was cut to


@dataclass(frozen=True)
class Sight:
    """landmarks_l3: in frame pixels. pose: of the head. person_v3: the mesh in head centimetres."""

    landmarks_l3: np.ndarray
    pose: HeadPose

    @property
    def mesh_v3(self) -> np.ndarray:
        return self.landmarks_l3[:468]

    @cached_property
    def person_v3(self) -> np.ndarray:
        return self.pose.to_canonical(self.mesh_v3)

    @cached_property
    def per_cm_23(self) -> np.ndarray:
        """Head centimetres to frame pixels, for differences."""
        return self.pose.scale_px * self.pose.rotation_33[:2] * np.array([[1.0], [-1.0]])


def sight(rows: LandmarkRows, frame: int, canonical: CanonicalFace) -> Sight:
    """The face in a frame that has one. Neighbours are looked at on both sides, so that nothing lags."""
    start = max(0, frame - _REACH)
    around = rows(start, frame + _REACH + 1).astype(np.float64)
    landmarks = around[frame - start]
    if len(around) == len(_KERNEL) and np.isfinite(around).all():
        centres = around[:, :, :2].mean(1)
        height = np.linalg.norm(landmarks[10, :2] - landmarks[152, :2])
        if np.linalg.norm(np.diff(centres, axis=0), axis=1).max() < _CUT_HEIGHTS * height:
            landmarks = np.tensordot(_KERNEL, around, axes=1)
    return Sight(landmarks, fit_pose(Face(landmarks, 1.0), canonical))
