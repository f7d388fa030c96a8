"""Measures the facial motion seen in a video.

Shapes: T frames, K key points (21); 3 = x right, y up, z towards the viewer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from jamflow.face.canonical import CanonicalFace, load_canonical
from jamflow.face.follow import Follow, Follower
from jamflow.face.mesh.space import KEY_VERTICES
from jamflow.face.motion import Motion, Rest
from jamflow.face.pose import angles_of, fit_pose
from jamflow.face.tracker import Face, FaceTracker


@dataclass(frozen=True)
class TrackedMotion:
    """Measurements per frame; NaN where no face was found.

    Attributes:
        motion: expression relative to the neutral key points, centimetres; pose in the picture: degrees, centimetres, and pixels
            per centimetre.
        keypoints_tk3: (T, K, 3) key points in head centimetres.
        opening_t: (T,) distance of the inner lips in the middle, centimetres, negative where they overlap.
        width_t: (T,) distance of the mouth corners, centimetres.
        aperture_t2: (T, 2) distance of the lids, right and left eye, centimetres.
        found_t: (T,) bool, whether a face was found.
    """

    motion: Motion
    keypoints_tk3: np.ndarray
    opening_t: np.ndarray
    width_t: np.ndarray
    aperture_t2: np.ndarray
    found_t: np.ndarray


def track_motion(
    frames: Iterable[np.ndarray],
    fps: Fraction,
    tracker: FaceTracker | None = None,
    follow: Follow | None = None,
    canonical: CanonicalFace | None = None,
) -> TrackedMotion:
    """Follows a face through (H, W, 3) uint8 RGB frames.

    Args:
        frames: the video.
        fps: its frame rate.
        tracker: tracker to use; None makes a new one.
        follow: finds the face in each frame; None follows the largest.
        canonical: the face that poses are fitted with; None reads it, which takes as long as three frames.
    """
    follow = follow or Follower(tracker or FaceTracker())
    canonical = canonical or load_canonical()
    rows = [_measured(follow(frame), canonical) for frame in frames]
    points = np.stack([row[0] for row in rows]) if rows else np.zeros((0, len(KEY_VERTICES), 3))
    poses = np.stack([row[1] for row in rows]) if rows else np.zeros((0, 3, 5))
    opening = points[:, 2, 1] - points[:, 3, 1]
    return TrackedMotion(
        motion=_motion(points, poses, _neutral(points, opening), fps),
        keypoints_tk3=points,
        opening_t=opening,
        width_t=np.linalg.norm(points[:, 0] - points[:, 1], axis=1),
        aperture_t2=points[:, [13, 14], 1] - points[:, [15, 16], 1],
        found_t=np.isfinite(opening),
    )


def _measured(face: Face | None, canonical: CanonicalFace) -> tuple[np.ndarray, np.ndarray]:
    """Key points (K, 3) in head centimetres, and (3, 5): rotation, offset in pixels, scale."""
    if face is None:
        return np.full((len(KEY_VERTICES), 3), np.nan), np.full((3, 5), np.nan)
    pose = fit_pose(face, canonical)
    points = pose.to_canonical(face.mesh_v3[list(KEY_VERTICES)])
    return points, np.c_[pose.rotation_33, pose.offset_3, np.full(3, pose.scale_px)]


def _neutral(points: np.ndarray, opening: np.ndarray) -> np.ndarray:
    """(K, 3) in head centimetres: the median over the tenth of the frames with the least open mouth."""
    seen = np.flatnonzero(np.isfinite(opening))
    if not len(seen):
        return np.zeros(points.shape[1:])
    closed = seen[np.argsort(opening[seen])[: max(1, len(seen) // 10)]]
    return np.median(points[closed], axis=0)


def _motion(points: np.ndarray, poses: np.ndarray, neutral_k3: np.ndarray, fps: Fraction) -> Motion:
    """Motion whose rest is the neutral face, posed as in the first frame with a face."""
    count = len(points)
    rotation = np.full((count, 3), np.nan)
    seen = np.flatnonzero(np.isfinite(poses[:, 0, 0]))
    for t in seen:
        rotation[t] = angles_of(poses[t, :, :3])
    first = seen[0] if len(seen) else 0
    scale = poses[:, 0, 4]
    translation = poses[:, :, 3] * [1, -1, -1] / scale[first : first + 1, None]
    rest = Rest(np.zeros_like(neutral_k3), rotation[first], translation[first], float(scale[first])) if len(seen) else None
    return Motion(
        expression_tk3=(points - neutral_k3).astype(np.float32),
        rotation_t3=rotation.astype(np.float32),
        translation_t3=translation.astype(np.float32),
        scale_t=scale.astype(np.float32),
        fps=fps,
        rest=rest,
    )
