"""The face mesh as a tracker: motion of the mesh's space from pictures."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from jamflow.errors import UserError
from jamflow.face.follow import Follow
from jamflow.face.measure import track_motion
from jamflow.face.mesh.space import MESH_SPACE
from jamflow.face.motion import Motion
from jamflow.face.renderer import Track
from jamflow.face.tracker import FaceTracker


class MeshTracker:
    """See `Tracker`. At rest is the median of the frames whose lips are nearest to each other, posed as in the first frame."""

    space = MESH_SPACE

    def __init__(self, tracker: FaceTracker | None = None):
        self.finder = tracker or FaceTracker()

    def track(self, frames: Iterable[np.ndarray], fps: Fraction, follow: Follow | None = None) -> Track:
        seen = track_motion(frames, fps, self.finder, follow=follow)
        if not seen.found_t.any():
            raise UserError(
                "No human face was found in the video.", "Use a video of one face, seen from the front."
            )
        return Track(_without_gaps(seen.motion, seen.found_t), seen.found_t)


def _without_gaps(motion: Motion, found_t: np.ndarray) -> Motion:
    """Where no face was found, straight on from the last to the next; at the ends, still."""
    there, all_t = np.flatnonzero(found_t), np.arange(len(found_t))

    def fill(x: np.ndarray) -> np.ndarray:
        flat = x.reshape(len(x), -1)
        columns = [np.interp(all_t, there, flat[there, k]) for k in range(flat.shape[1])]
        return np.stack(columns, axis=1).reshape(x.shape).astype(np.float32)

    return replace(
        motion, expression_tk3=fill(motion.expression_tk3), rotation_t3=fill(motion.rotation_t3),
        translation_t3=fill(motion.translation_t3), scale_t=fill(motion.scale_t),
    )  # fmt: skip
