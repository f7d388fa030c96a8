"""Tracks motion in the mesh's motion space with the face mesh."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from jamflow.errors import UserError
from jamflow.face.canonical import load_canonical
from jamflow.face.channels import interpolated
from jamflow.face.follow import Follow
from jamflow.face.measure import track_motion
from jamflow.face.mesh.lips import PARTED_CM
from jamflow.face.mesh.space import INNER_LOWER, INNER_UPPER, MESH_SPACE, OUTER_LOWER, OUTER_UPPER
from jamflow.face.motion import Motion
from jamflow.face.track import Track
from jamflow.face.tracker import FaceTracker

# As for a portrait whose lips are closed (`neutral.py`).
_UPPER_SHARE, _OUTER_SHARE = 0.4, 0.6


class MeshTracker:
    """See `Tracker`. Rest is the median of the frames with the least open lips, posed as in the first frame. If the lips are
    apart even there, they are closed: rest is a shut mouth, also for a person who smiles all the time."""

    space = MESH_SPACE

    def __init__(self, tracker: FaceTracker | None = None):
        self.finder = tracker or FaceTracker()
        self._canonical = load_canonical()

    def track(
        self, frames: Iterable[np.ndarray], fps: Fraction, follow: Follow | None = None, shots: Sequence[int] | None = None
    ) -> Track:
        """See `Tracker`. A face is found anew in every frame, so shots make no difference."""
        seen = track_motion(frames, fps, self.finder, follow, self._canonical)
        if not seen.found_t.any():
            raise UserError("No human face was found in the video.", "Use a video of one face, seen from the front.")
        motion = _without_gaps(seen.motion, seen.found_t)
        k = int(np.flatnonzero(seen.found_t)[0])
        at_rest = seen.keypoints_tk3[k] - seen.motion.expression_tk3[k]
        apart_cm = float(at_rest[INNER_UPPER, 1] - at_rest[INNER_LOWER, 1]) - PARTED_CM
        return Track(replace(motion, expression_tk3=motion.expression_tk3 + _parted(max(0.0, apart_cm))), seen.found_t)


def _parted(apart_cm: float) -> np.ndarray:
    """(21, 3) the expression that parts shut lips by `apart_cm`."""
    e_k3 = np.zeros((MESH_SPACE.n_keypoints, 3), np.float32)
    for upper, lower, share in ((INNER_UPPER, INNER_LOWER, 1.0), (OUTER_UPPER, OUTER_LOWER, _OUTER_SHARE)):
        e_k3[upper, 1], e_k3[lower, 1] = share * _UPPER_SHARE * apart_cm, share * (_UPPER_SHARE - 1) * apart_cm
    return e_k3


def _without_gaps(motion: Motion, found_t: np.ndarray) -> Motion:
    """Fills frames without a face by linear interpolation; constant at both ends."""
    there, all_t = np.flatnonzero(found_t), np.arange(len(found_t))

    def fill(x: np.ndarray) -> np.ndarray:
        flat = x.reshape(len(x), -1)
        return interpolated(there, flat[there], all_t).reshape(x.shape)

    return replace(
        motion,
        expression_tk3=fill(motion.expression_tk3),
        rotation_t3=fill(motion.rotation_t3),
        translation_t3=fill(motion.translation_t3),
        scale_t=fill(motion.scale_t),
    )
