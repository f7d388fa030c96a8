"""Head pose: the canonical face fitted to tracked landmarks.

A face in the picture is ``image = scale_px * (canonical R^T) + offset`` (weak perspective). Angles are
right-handed turns about the canonical axes, applied pitch first, then yaw, then roll: positive pitch
nods (the nose goes down), positive yaw turns the nose to the picture's right, positive roll turns the head
counter-clockwise in the picture.

Shapes: V mesh vertices (468), N points; 3 = x right, y up, z towards the viewer.
"""

from dataclasses import dataclass

import numpy as np

from jamflow.face.canonical import CanonicalFace
from jamflow.face.tracker import Face

# Landmarks have y down and z away from the viewer; the canonical frame has y up and z towards the viewer.
_FLIP = np.array([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class HeadPose:
    """Weak-perspective pose of a head.

    Attributes:
        rotation_33: canonical axes to picture axes.
        scale_px: pixels per canonical centimetre.
        offset_3: the canonical origin in the picture; pixels, in landmark axes.
    """

    rotation_33: np.ndarray
    scale_px: float
    offset_3: np.ndarray

    @property
    def angles_3(self) -> np.ndarray:
        """Pitch, yaw, roll in degrees."""
        return angles_of(self.rotation_33)

    def to_canonical(self, landmarks_n3: np.ndarray) -> np.ndarray:
        """Picture landmarks (N, 3) to centimetres in the head frame."""
        return ((landmarks_n3 - self.offset_3) * _FLIP) @ self.rotation_33 / self.scale_px

    def to_picture(self, points_n3: np.ndarray) -> np.ndarray:
        """Points (N, 3) in the head frame, centimetres, to picture landmarks."""
        return self.scale_px * (points_n3 @ self.rotation_33.T) * _FLIP + self.offset_3


def fit_pose(face: Face, canonical: CanonicalFace) -> HeadPose:
    """Least-squares pose (Procrustes) from the vertices that speech does not move."""
    target = face.mesh_v3[canonical.rigid] * _FLIP
    model = canonical.vertices_v3[canonical.rigid]
    target_mean, model_mean = target.mean(0), model.mean(0)
    u, singular, vt = np.linalg.svd((target - target_mean).T @ (model - model_mean))
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(sign) @ vt
    scale = float((singular * sign).sum() / ((model - model_mean) ** 2).sum())
    offset = (target_mean - scale * rotation @ model_mean) * _FLIP
    return HeadPose(rotation, scale, offset)


def fit_error_cm(face: Face, pose: HeadPose, canonical: CanonicalFace) -> float:
    """Root-mean-square distance of the upper face from the canonical one, cm; below about 0.5 for human faces."""
    person = pose.to_canonical(face.mesh_v3[canonical.rigid])
    return float(np.sqrt(((person - canonical.vertices_v3[canonical.rigid]) ** 2).sum(1).mean()))


def rotation_from_angles(angles_3: np.ndarray) -> np.ndarray:
    """(3, 3) matrix of pitch, yaw, roll in degrees."""
    (cp, cy, cr), (sp, sy, sr) = np.cos(np.deg2rad(angles_3)), np.sin(np.deg2rad(angles_3))
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return roll @ yaw @ pitch


def angles_of(rotation_33: np.ndarray) -> np.ndarray:
    """Pitch, yaw, roll in degrees of a rotation matrix."""
    pitch = np.arctan2(rotation_33[2, 1], rotation_33[2, 2])
    yaw = np.arcsin(np.clip(-rotation_33[2, 0], -1, 1))
    roll = np.arctan2(rotation_33[1, 0], rotation_33[0, 0])
    return np.rad2deg(np.array([pitch, yaw, roll]))
