"""The inside of a person's mouth, from frames of the same video, ordered by the opening of the mouth.

The target opening alone selects the picture of the inside, so the inside does not flicker with the filmed mouth.

Shapes: h, w of a cut-out.
"""

from dataclasses import dataclass

import numpy as np

from jamflow.face.mesh.gap import Gap, gap_between
from jamflow.face.mesh.sampling import remap
from jamflow.face.mesh.seen_face import SeenFace

_CHEEKS = (50, 280, 205, 425, 101, 330)
_MARGIN_PX = 1.0
_MARGIN_WIDTHS = 0.25  # of the mouth, around a cut-out
_GAIN = (0.5, 2.0)


@dataclass(frozen=True)
class Inside:
    """A picture of a gap between lips.

    Attributes:
        rgb: (h, w, 3) uint8.
        gap: the gap, in pixels of `rgb`.
        height_cm: distance of the lips.
        skin_3: RGB of the skin nearby, a measure of the light.
    """

    rgb: np.ndarray
    gap: Gap
    height_cm: float
    skin_3: np.ndarray

    def seen(self, u_hw: np.ndarray, v_hw: np.ndarray, skin_3: np.ndarray) -> np.ndarray:
        """(h, w, 3) float32: sampled at u and v of another gap, and scaled to the light of its skin colour."""
        at = self.gap.points(u_hw.ravel(), v_hw.ravel(), _MARGIN_PX).reshape(*u_hw.shape, 2).astype(np.float32)
        gain = np.clip(skin_3 / np.maximum(self.skin_3, 1), *_GAIN)
        return remap(self.rgb.astype(np.float32), at, cubic=True) * gain.astype(np.float32)


def between(insides: tuple[Inside, ...], height_cm: float, u_hw: np.ndarray, v_hw: np.ndarray, skin_3: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32: the inside of a mouth that is open by `height_cm`, blended from the two nearest openings."""
    heights = np.array([inside.height_cm for inside in insides])
    place = float(np.interp(height_cm, heights, np.arange(len(heights))))
    low = min(int(place), len(insides) - 1)
    image = insides[low].seen(u_hw, v_hw, skin_3)
    if place > low:
        image += np.float32(place - low) * (insides[low + 1].seen(u_hw, v_hw, skin_3) - image)
    return image


def cut_out(rgb: np.ndarray, upper_s2: np.ndarray, lower_s2: np.ndarray, scale_px: float, skin_3: np.ndarray) -> Inside:
    """The inside of the mouth in a picture (H, W, 3), between the edges of both lips there.

    scale_px: pixels per centimetre. skin_3: see `Inside`.
    """
    both = np.concatenate([upper_s2, lower_s2])
    margin = _MARGIN_WIDTHS * (both[:, 0].max() - both[:, 0].min()) + 4
    left, top = np.clip(np.floor(both.min(0) - margin).astype(int), 0, None)
    right, bottom = np.ceil(both.max(0) + margin).astype(int)
    gap = gap_between(upper_s2 - [left, top], lower_s2 - [left, top])
    return Inside(rgb[top:bottom, left:right].copy(), gap, gap.height_px / scale_px, skin_3)


def skin_of(rgb: np.ndarray, seen_face: SeenFace) -> np.ndarray:
    """(3,) median RGB of the cheeks."""
    x, y = np.clip(seen_face.mesh_v3[list(_CHEEKS), :2].round().astype(int), 1, [rgb.shape[1] - 2, rgb.shape[0] - 2]).T
    around = [rgb[y + dy, x + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return np.median(np.concatenate(around), axis=0).astype(np.float64)
