"""Smooths the landmarks of a frame over its neighbours, without lag and not across cuts.

Shapes: L landmarks (478), 3 = x right, y down, z away, pixels.
"""

import numpy as np

from jamflow.face.face_video import LandmarkRows

# Savitzky-Golay, five points, second order: removes a third of the landmark noise and keeps constant acceleration exact.
_KERNEL = np.array([-3, 12, 17, 12, -3]) / 35
_REACH = len(_KERNEL) // 2
_CUT_HEIGHTS = 0.25  # a larger move between frames, in face heights, is a cut


def steady(rows: LandmarkRows, frame: int, shot: tuple[int, int] | None = None) -> np.ndarray:
    """(L, 3) float64 pixels for a frame with a face; not smoothed where a neighbour has no face or is of another shot.

    shot: the first frame of its shot, and the one after the last; None is one shot for all.
    """
    if shot is not None and not shot[0] <= frame - _REACH <= frame + _REACH < shot[1]:
        return rows(frame, frame + 1)[0].astype(np.float64)
    start = max(0, frame - _REACH)
    around = rows(start, frame + _REACH + 1).astype(np.float64)
    landmarks = around[frame - start]
    if len(around) == len(_KERNEL) and np.isfinite(around).all():
        centres = around[:, :, :2].mean(1)
        height = np.linalg.norm(landmarks[10, :2] - landmarks[152, :2])
        if np.linalg.norm(np.diff(centres, axis=0), axis=1).max() < _CUT_HEIGHTS * height:
            landmarks = np.tensordot(_KERNEL, around, axes=1)
    return landmarks
