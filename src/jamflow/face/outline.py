"""Distance from a face in multiples of its outline, and which part of a picture belongs to other people.

Shapes: N points, V mesh vertices (468); xy in pixels of the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jamflow.face import topology as topo
from jamflow.face.canonical import CanonicalFace
from jamflow.face.pose import HeadPose, fit_pose
from jamflow.face.tracker import Face

# What is as near to another face as to this one belongs to the other, down to its shoulders, for which a distance counts half.
# What is half as far again from it does not, and neither does what is beyond the second radius.
_NEARER, _RADII, _BODY = 1.5, (2.0, 3.0), 1.0


@dataclass(frozen=True)
class Outline:
    """The outline of a face. landmarks_v3: (V, 3) pixels."""

    landmarks_v3: np.ndarray
    pose: HeadPose

    @classmethod
    def of(cls, face: Face, canonical: CanonicalFace) -> "Outline":
        return cls(face.mesh_v3, fit_pose(face, canonical))

    @property
    def points_n2(self) -> np.ndarray:
        return self.landmarks_v3[list(topo.FACE_OVAL), :2]

    def radius(self, points_n2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `outline_radius`."""
        return outline_radius(points_n2, self.landmarks_v3, self.pose)


def apart(points_n2: np.ndarray, own: Outline, others: Sequence[Outline]) -> np.ndarray:
    """(N,) 0 where a point belongs to another person, 1 away from them, smooth in between."""
    share = np.ones(len(points_n2))
    for other in others:
        radius, downwards = other.radius(points_n2)
        radius /= 1 + _BODY * downwards
        nearer = (radius / np.maximum(own.radius(points_n2)[0], 1e-6) - 1) / (_NEARER - 1)
        beyond = (radius - _RADII[0]) / (_RADII[1] - _RADII[0])
        share *= _smoothstep(np.maximum(nearer, beyond))
    return share


def outline_radius(points_n2: np.ndarray, landmarks_v3: np.ndarray, pose: HeadPose) -> tuple[np.ndarray, np.ndarray]:
    """(N,) distance from the face's centre in multiples of its outline, and (N,) how far downwards (0 to 1)."""
    oval = landmarks_v3[list(topo.FACE_OVAL), :2]
    centre = oval.mean(0)
    down = pose.to_picture(np.array([[0.0, -1, 0]]))[0, :2] - pose.to_picture(np.zeros((1, 3)))[0, :2]
    down /= np.linalg.norm(down)
    axes = np.array([[down[1], -down[0]], down])
    outline, relative = (oval - centre) @ axes.T, (points_n2 - centre) @ axes.T
    angles = np.arctan2(outline[:, 1], outline[:, 0])
    order = np.argsort(angles)
    reach = np.interp(
        np.arctan2(relative[:, 1], relative[:, 0]),
        angles[order],
        np.linalg.norm(outline, axis=1)[order],
        period=2 * np.pi,
    )
    distance = np.linalg.norm(relative, axis=1)
    downwards = np.clip(relative[:, 1] / np.maximum(distance, 1e-6), 0, 1) ** 2
    return distance / reach, downwards


def _smoothstep(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)
