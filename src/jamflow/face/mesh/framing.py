"""Head-and-shoulders framing: which part of the picture becomes the video frame, and at what size."""

from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face.tracker import Face

_SIDE_FACE_HEIGHTS = 2.6
# The frame's centre lies below the face's, by this share of its height: room for the shoulders.
_CENTRE_BELOW = 0.14


@dataclass(frozen=True)
class Frame:
    """The picture inside the frame and the face in its coordinates.

    Attributes:
        rgb: (H, W, 3) uint8, both sides even.
        landmarks_l3: (478, 3) landmarks in frame pixels.
    """

    rgb: np.ndarray
    landmarks_l3: np.ndarray


def frame_face(rgb: np.ndarray, face: Face, size_px: int) -> Frame:
    """Crops the head and shoulders and scales the longer side to ``size_px``; never pads the picture."""
    height, width = rgb.shape[:2]
    low, high = face.mesh_v3[:, :2].min(0), face.mesh_v3[:, :2].max(0)
    side = _SIDE_FACE_HEIGHTS * face.height_px
    centre = (low + high) / 2 + [0, _CENTRE_BELOW * face.height_px]
    left, cut_width = _span(centre[0], side, width)
    top, cut_height = _span(centre[1], side, height)
    scale = size_px / max(cut_width, cut_height)
    out_width, out_height = (max(2, 2 * round(n * scale / 2)) for n in (cut_width, cut_height))
    cut = rgb[top : top + cut_height, left : left + cut_width]
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(cut, (out_width, out_height), interpolation=interpolation)
    ratio = np.array([out_width / cut_width, out_height / cut_height])
    landmarks = face.landmarks_l3.copy()
    landmarks[:, :2] = (landmarks[:, :2] - (left, top) + 0.5) * ratio - 0.5
    landmarks[:, 2] *= ratio.mean()
    return Frame(np.ascontiguousarray(picture), landmarks)


def _span(centre: float, side: float, length: int) -> tuple[int, int]:
    """Start and length of a window along one axis: moved into the picture first, then clipped to it."""
    size = min(round(side), length)
    start = round(centre - size / 2)
    return int(np.clip(start, 0, length - size)), size
