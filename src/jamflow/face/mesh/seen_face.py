"""The face in one frame of a video: landmarks smoothed over time, and the head pose.

Shapes: L landmarks (478), V mesh vertices (468); 3 = x right, y down, z away, pixels.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jamflow.face.canonical import CanonicalFace
from jamflow.face.face_video import LandmarkRows
from jamflow.face.pose import HeadPose, fit_pose
from jamflow.face.steady import steady
from jamflow.face.tracker import Face


@dataclass(frozen=True)
class SeenFace:
    """landmarks_l3: in frame pixels. pose: head pose. person_v3: the mesh in head centimetres."""

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
        """(2, 3) matrix from displacements in head centimetres to frame pixels."""
        return self.pose.scale_px * self.pose.rotation_33[:2] * np.array([[1.0], [-1.0]])


def seen_face(rows: LandmarkRows, frame: int, canonical: CanonicalFace, shot: tuple[int, int] | None = None) -> SeenFace:
    """The face in a frame that has one; `shot` as in `steady`."""
    landmarks = steady(rows, frame, shot)
    return SeenFace(landmarks, fit_pose(Face(landmarks, 1.0), canonical))
