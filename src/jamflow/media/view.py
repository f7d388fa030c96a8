"""How stored pictures are to be shown: the shape of their pixels, their colours, and which way is up.

Shapes: H, W of a frame as it is stored, h, w of the same frame as it is shown; 3 = red, green, blue.
"""

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

_NEARLY = Fraction(1, 100)
_BT709 = 1  # in ITU-T H.273, of primaries and of transfer functions


@dataclass(frozen=True)
class PictureTags:
    """What a player must know of stored pictures to show them right.

    Attributes:
        pixel_ratio: width over height of a pixel.
        primaries, transfer: of the colours, by their numbers in ITU-T H.273.
    """

    pixel_ratio: Fraction = Fraction(1)
    primaries: int = _BT709
    transfer: int = _BT709

    @property
    def view(self) -> "View":
        """How such frames are shown. Pixels that are nearly square, as after a cut to odd sizes, count as square: nobody sees the
        difference, and frames need no other size."""
        return STORED if abs(self.pixel_ratio - 1) < _NEARLY else View(self.pixel_ratio)


USUAL_TAGS = PictureTags()


@dataclass(frozen=True)
class View:
    """From frames as they are stored to frames in which a face is upright and has its right shape, and back.

    Attributes:
        pixel_ratio: width over height of a stored pixel.
        turn: quarter turns counter-clockwise that set the people in the picture upright, 0 to 3.
    """

    pixel_ratio: Fraction = Fraction(1)
    turn: int = 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height that a frame is shown with. The longer side of a pixel stays, so nothing is lost."""
        wide, high = width, height
        if self.pixel_ratio > 1:
            wide = round(width * self.pixel_ratio)
        else:
            high = round(height / self.pixel_ratio)
        return (high, wide) if self.turn % 2 else (wide, high)

    def shown(self, rgb: np.ndarray) -> np.ndarray:
        """(H, W, 3) to (h, w, 3) uint8."""
        height, width = rgb.shape[:2]
        size = View(self.pixel_ratio).size(width, height)
        if size != (width, height):
            rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC)
        return np.ascontiguousarray(np.rot90(rgb, self.turn)) if self.turn else rgb

    def with_change(self, stored: np.ndarray, shown: np.ndarray, changed: np.ndarray) -> np.ndarray:
        """A stored frame after a change to what is shown; unchanged to the bit where that is.

        Args:
            stored: (H, W, 3) uint8.
            shown: (h, w, 3) uint8, what `shown` gives for it.
            changed: the same after the change; the last row and column may be missing.
        """
        by = np.zeros(shown.shape, np.float32)
        height, width = changed.shape[:2]
        by[:height, :width] = changed.astype(np.float32) - shown[:height, :width]
        by = np.rot90(by, -self.turn)
        if by.shape != stored.shape:
            by = cv2.resize(by, (stored.shape[1], stored.shape[0]), interpolation=cv2.INTER_AREA)
        return np.clip(stored + by + np.float32(0.5), 0, 255).astype(np.uint8)


STORED = View()
"""Frames are shown as they are stored."""
