"""The motion of a video that was cut: after a cut, a head is at another place, of another size, and turned otherwise.

Shapes: N frames of the video.
"""

from dataclasses import replace

import numpy as np

from jamflow.face.channels import interpolated
from jamflow.face.motion import Motion
from jamflow.face.pose import angles_of, rotation_from_angles
from jamflow.face.track import Track


def as_one_shot(track: Track, shot_n: np.ndarray) -> Motion:
    """The motion with the head at rest in the first frame with a face of every shot, so that no cut moves it.

    Frames without a face lie on straight lines between their neighbours.

    Args:
        track: of the N frames.
        shot_n: (N,) number of each frame's shot, rising.
    """
    motion, found = track.motion, np.flatnonzero(track.found_t)
    rotation, translation, scale = (x.copy() for x in (motion.rotation_t3, motion.translation_t3, motion.scale_t))
    first = found[0]
    rest_33 = rotation_from_angles(motion.rotation_t3[first])
    for shot in np.unique(shot_n[found])[1:]:
        here = found[shot_n[found] == shot]
        start = here[0]
        to_rest_33 = rotation_from_angles(motion.rotation_t3[start]).T @ rest_33
        nearer = motion.scale_t[first] / motion.scale_t[start]
        rotation[here] = [angles_of(rotation_from_angles(angles) @ to_rest_33) for angles in motion.rotation_t3[here]]
        translation[here] = motion.translation_t3[first] + nearer * (motion.translation_t3[here] - motion.translation_t3[start])
        scale[here] = nearer * motion.scale_t[here]
    pose = np.column_stack([rotation, translation, scale])
    pose = interpolated(found, pose[found], np.arange(len(pose)))
    return replace(motion, rotation_t3=pose[:, :3], translation_t3=pose[:, 3:6], scale_t=pose[:, 6])
