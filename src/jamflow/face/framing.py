"""What of a portrait is in the video: the whole picture or head and shoulders, and at what size.

Shapes: H, W of a picture; boxes are left, top, width, height in pixels.
"""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np

from jamflow.face.tracker import Face

FrameName = Literal["whole", "head"]
Box = tuple[int, int, int, int]

_WHOLE_LINES, _HEAD_PX = 1080, 512
# Wider pictures are more than most players decode.
_WIDEST_PX = 4096
_SIDE_FACE_HEIGHTS = 2.6
# The centre of head and shoulders lies below the face's, by this share of its height.
_CENTRE_BELOW = 0.14


def framed(
    rgb: np.ndarray, faces: Sequence[Face], frame: FrameName = "whole", lines: int | None = None
) -> tuple[np.ndarray, list[Face], list[str]]:
    """The picture of the video's frames, the faces in it, and what the user should know.

    Args:
        rgb: (H, W, 3) uint8.
        faces: the faces in it, first the one that is drawn.
        frame: "whole" keeps the picture and its pixels, but for an odd last row or column, unless it has more than `lines`;
            "head" is cut to head and shoulders of the first face, and scaled up or down.
        lines: height of the frames, even. None: the picture's own, at most 1080; of head and shoulders, 512 on the longer side.

    Returns:
        (H, W, 3) uint8 with even sides.
    """
    height, width = rgb.shape[:2]
    warnings = []
    if frame == "head":
        box = head_box(rgb, faces[0])
        size = _even(box, _HEAD_PX / max(box[2:]) if lines is None else lines / box[3])
    elif (scale := min((lines or _WHOLE_LINES) / height, _WIDEST_PX / width)) < 1:
        box = (0, 0, width, height)
        size = _even(box, scale)
        if lines is None:
            warnings = [
                f"The picture is {width} x {height} pixels, and the video {size[0]} x {size[1]} (--size sets its height)."
            ]
    else:
        box = (0, 0, width // 2 * 2, height // 2 * 2)
        size = box[2:]
        if lines is not None and lines > height:
            warnings = [f"The picture has {height} lines, and so has the video: --size {lines} would only blur it."]
    picture, there = cut(rgb, faces, box, size)
    return picture, there, warnings


def frame_face(rgb: np.ndarray, face: Face, size_px: int) -> tuple[np.ndarray, Face]:
    """Head and shoulders with the longer side scaled to ``size_px``, both sides even; never pads the picture."""
    box = head_box(rgb, face)
    picture, (there,) = cut(rgb, [face], box, _even(box, size_px / max(box[2:])))
    return picture, there


def head_box(rgb: np.ndarray, face: Face, face_heights: float = _SIDE_FACE_HEIGHTS) -> Box:
    """The square of that side around head and shoulders, moved into the picture and clipped to it."""
    height, width = rgb.shape[:2]
    low, high = face.mesh_v3[:, :2].min(0), face.mesh_v3[:, :2].max(0)
    side = face_heights * face.height_px
    centre = (low + high) / 2 + [0, _CENTRE_BELOW * face.height_px]
    left, cut_width = _span(centre[0], side, width)
    top, cut_height = _span(centre[1], side, height)
    return left, top, cut_width, cut_height


def cut(rgb: np.ndarray, faces: Sequence[Face], box: Box, size_wh: tuple[int, int]) -> tuple[np.ndarray, list[Face]]:
    """The box of a picture scaled to a size, and the faces in its pixels. The box's own size leaves every pixel as it is."""
    left, top, width, height = box
    smaller = size_wh[0] < width or size_wh[1] < height
    part = rgb[top : top + height, left : left + width]
    picture = cv2.resize(part, size_wh, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    ratio = np.array(size_wh) / (width, height)
    moved = []
    for face in faces:
        landmarks = face.landmarks_l3.copy()
        landmarks[:, :2] = (landmarks[:, :2] - (left, top) + 0.5) * ratio - 0.5
        landmarks[:, 2] *= ratio.mean()
        moved.append(Face(landmarks, face.presence))
    return picture, moved


def _even(box: Box, scale: float) -> tuple[int, int]:
    width, height = (max(2, 2 * round(n * scale / 2)) for n in box[2:])
    return width, height


def _span(centre: float, side: float, length: int) -> tuple[int, int]:
    """Start and length of a window along one axis: moved into the picture first, then clipped to it."""
    size = min(round(side), length)
    start = round(centre - size / 2)
    return int(np.clip(start, 0, length - size)), size
