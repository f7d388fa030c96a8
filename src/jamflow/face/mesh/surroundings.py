"""The head's surroundings in a picture: all that can change from frame to frame. The rest stays as it is, to the bit.

A head of some size is drawn in the picture's own pixels. A small one is drawn finer and averaged down: lips and lids are cut too
coarsely otherwise.

Shapes: H, W of the picture, h, w of the surroundings in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face.framing import Box, cut, head_box
from jamflow.face.mesh.sampling import smoothstep
from jamflow.face.tracker import Face

# A little more than the frame of head and shoulders, so that such a frame is drawn whole.
_SIDE_FACE_HEIGHTS = 2.65
# Surroundings below the first side are drawn with the second one.
_SMALL_PX, _FINE_PX = 384, 512
_CORRECTIONS = 3
# What was averaged differs from the picture by rounding alone; it fades into it over this share of the side.
_FADE_SHARE = 0.08


@dataclass(frozen=True)
class Surroundings:
    """A picture and the part of it in which a head is drawn.

    Attributes:
        picture: (H, W, 3) uint8.
        box: that part.
        weight_hw1: weight of a head that was drawn finer than the picture, 0 at the border; None if it was not.
    """

    picture: np.ndarray
    box: Box
    weight_hw1: np.ndarray | None

    def with_head(self, head: np.ndarray) -> np.ndarray:
        """(H, W, 3) the picture with a head as it was drawn."""
        if self.weight_hw1 is None and head.shape == self.picture.shape:
            return head
        left, top, width, height = self.box
        frame = self.picture.copy()
        part = frame[top : top + height, left : left + width]
        if self.weight_hw1 is not None:
            small = cv2.resize(head, (width, height), interpolation=cv2.INTER_AREA)
            head = np.rint(part + self.weight_hw1 * (small.astype(np.float32) - part)).astype(np.uint8)
        part[:] = head
        return frame


def surroundings(picture: np.ndarray, faces: Sequence[Face]) -> tuple[Surroundings, np.ndarray, list[Face]]:
    """Where the head of the first face is drawn, its picture as it is drawn, and all faces in the pixels of that."""
    box = head_box(picture, faces[0], _SIDE_FACE_HEIGHTS)
    size = box[2:]
    if max(size) >= _SMALL_PX:
        head, there = cut(picture, faces, box, size)
        return Surroundings(picture, box, None), head, there
    width, height = (round(n * _FINE_PX / max(size)) for n in size)
    _, there = cut(picture, faces, box, (width, height))
    left, top, *_ = box
    part = picture[top : top + size[1], left : left + size[0]]
    return Surroundings(picture, box, _weight(size)), _finer(part, (width, height)), there


def _finer(rgb: np.ndarray, size_wh: tuple[int, int]) -> np.ndarray:
    """The picture scaled up such that averaging gives it back; without this, a drawn head would be softer than what is around."""
    small = rgb.astype(np.float32)
    fine = cv2.resize(small, size_wh, interpolation=cv2.INTER_CUBIC)
    for _ in range(_CORRECTIONS):
        lost = small - cv2.resize(fine, rgb.shape[1::-1], interpolation=cv2.INTER_AREA)
        fine += cv2.resize(lost, size_wh, interpolation=cv2.INTER_CUBIC)
    return np.rint(np.clip(fine, 0, 255)).astype(np.uint8)


def _weight(size_wh: tuple[int, int]) -> np.ndarray:
    x, y = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in size_wh)
    distance = np.minimum(x[None], y[:, None])
    return smoothstep(distance / (_FADE_SHARE * max(size_wh)))[..., None].astype(np.float32)
