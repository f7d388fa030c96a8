"""Pictures and expressions that several face tests use."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from jamflow.face.face_video import FaceVideo
from jamflow.face.follow import Follower
from jamflow.face.mesh import space
from jamflow.face.renderer import Tracker
from jamflow.face.tracker import Face


def read_rgb(path: Path) -> np.ndarray:
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])


def mouth(opening_cm: float, width_cm: float = 0.0, protrusion_cm: float = 0.0) -> np.ndarray:
    """(21, 3) expression whose inner lips are ``opening_cm`` apart."""
    e_m3 = np.zeros((6, 3))
    e_m3[space.CORNER_RIGHT, 0], e_m3[space.CORNER_LEFT, 0] = -width_cm / 2, width_cm / 2
    e_m3[space.INNER_UPPER, 1], e_m3[space.OUTER_UPPER, 1] = 0.12 * opening_cm, 0.1 * opening_cm
    e_m3[space.INNER_LOWER, 1], e_m3[space.OUTER_LOWER, 1] = -0.88 * opening_cm, -0.85 * opening_cm
    e_m3[:, 2] = protrusion_cm
    return space.follow_mouth(e_m3[None])[0]


def tracked_video(frames: Sequence[np.ndarray], tracker: Tracker, order: Sequence[int] | None = None) -> FaceVideo:
    """Frames (H, W, 3), 25 a second, as a video whose face was tracked. order: which frame is shown when."""
    follower, rows = Follower(tracker.finder), []

    def follow(rgb: np.ndarray) -> Face | None:
        face = follower(rgb)
        rows.append(np.full((478, 3), np.nan) if face is None else face.landmarks_l3)
        return face

    def read(numbers) -> Iterator[np.ndarray]:
        for k in numbers:
            frame = frames[k].view()
            frame.flags.writeable = False
            yield frame

    track = tracker.track(frames, Fraction(25), follow)
    landmarks = np.stack(rows).astype(np.float32)
    shown = np.arange(len(frames)) if order is None else np.array(order)
    times_s = [Fraction(n, 25) for n in range(len(shown) + 1)]
    size = (frames[0].shape[1], frames[0].shape[0])
    return FaceVideo(size, read, lambda start, end: landmarks[start:end], track, shown, times_s)
