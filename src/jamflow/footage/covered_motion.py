"""The motion of a face whose mouth is covered in some frames: there, the tracker imagines a mouth.

Shapes: N frames of the video.
"""

from dataclasses import replace

import numpy as np

from jamflow.face.channels import interpolated
from jamflow.face.motion import Motion, MotionSpace


def with_seen_mouth(motion: Motion, seen_n: np.ndarray, space: MotionSpace) -> Motion:
    """The motion with mouth and jaw on straight lines between frames that show the mouth, constant at both ends.

    Args:
        motion: of the N frames.
        seen_n: (N,) bool, whether the mouth is seen. If it is nowhere, the motion stays as it is.
        space: says which key points are mouth and jaw.
    """
    there = np.flatnonzero(seen_n)
    if len(there) in (0, len(seen_n)):
        return motion
    moved, every = [*space.mouth, *space.follow], np.arange(len(seen_n))
    expression, lips = motion.expression_tk3.copy(), motion.lips_t1
    mouth = expression[:, moved].reshape(len(expression), -1)
    expression[:, moved] = interpolated(there, mouth[there], every).reshape(-1, len(moved), 3)
    return replace(motion, expression_tk3=expression, lips_t1=None if lips is None else interpolated(there, lips[there], every))
