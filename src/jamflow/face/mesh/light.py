"""Colours for the inside of the mouth, in the light of the portrait.

Skin tells little about the light, because skin varies. The whites of the eyes tell more, and visible teeth tell most.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face import topology as topo
from jamflow.face.mesh.contour import Contour
from jamflow.face.mesh.lips import LipCut
from jamflow.face.mesh.sampling import smoothstep
from jamflow.face.mesh.warp import grid_points

_CAVITY_RGB = (40.0, 13.0, 13.0)
_TOOTH_RGB = (228.0, 217.0, 200.0)
_GUM_RGB = (170.0, 96.0, 92.0)
_TONGUE_RGB = (168.0, 88.0, 86.0)
_CHEEKS = (50, 280, 205, 425, 101, 330)
_LIPS = (12, 15, 268, 38, 86, 316)
_SHADE_POWER_RGB = (0.75, 1.0, 1.05)
_SCLERA_SHARE = 85
# A tooth is at least this light relative to the skin, and at most this red relative to the lips.
_TOOTH_LIGHT, _TOOTH_RED, _TOOTH_RED_FLOOR = 0.62, 0.5, 2.0
_OWN_TEETH_COVER = 0.5
_SHADE = (0.25, 0.55)  # lightness relative to teeth


@dataclass(frozen=True)
class MouthLight:
    """Colours, each (3,) float64 RGB from 0 to 255.

    Attributes:
        lip_rgb: the lips.
        line_rgb: the line between closed lips.
        shade_power_rgb: a shade of 0.5 leaves 0.5 to this power of each colour. Light in a mouth passes lips and gums and turns
            red before it turns dark, except in a monochrome picture.
        own_teeth: (H, W) share of the portrait's own teeth in each frame pixel, 0 to 1; None if they do not fill the gap between
            the lips.
    """

    tooth_rgb: np.ndarray
    gum_rgb: np.ndarray
    tongue_rgb: np.ndarray
    cavity_rgb: np.ndarray
    lip_rgb: np.ndarray
    line_rgb: np.ndarray
    shade_power_rgb: np.ndarray
    own_teeth: np.ndarray | None


def light_mouth(rgb: np.ndarray, mesh_v3: np.ndarray, lips: LipCut) -> MouthLight:
    """Estimates the light in a framed portrait from its mesh landmarks."""
    skin, lip = _median_at(rgb, mesh_v3, _CHEEKS), _median_at(rgb, mesh_v3, _LIPS)
    gap = _gap_matte(rgb, lips)
    teeth = _teeth_mask(rgb, gap, mesh_v3)
    # The geometric mean of two estimates: by average skin and by the whites of the eyes.
    level = np.sqrt(skin.mean() / 175 * _sclera(rgb, mesh_v3).mean() / 165)
    level = float(np.clip(level, 0.22, 1.12))
    spread = (skin.max() - skin.min()) / max(skin.max(), 1.0)
    saturation = float(np.clip(spread / 0.15, 0, 1))
    tint = (skin / max(skin.mean(), 1.0)) ** 0.25

    def lit(colour: tuple[float, float, float]) -> np.ndarray:
        value = np.minimum(np.array(colour) * tint * level, 255)
        return value * saturation + value.mean() * (1 - saturation)

    tooth = lit(_TOOTH_RGB)
    if teeth.sum() > 20:
        seen = np.percentile(rgb[teeth], 60, axis=0)
        tooth = 0.3 * tooth + 0.7 * seen
    return MouthLight(
        tooth_rgb=tooth,
        gum_rgb=lit(_GUM_RGB),
        tongue_rgb=lit(_TONGUE_RGB),
        cavity_rgb=lit(_CAVITY_RGB),
        lip_rgb=lip,
        line_rgb=0.55 * lip,
        shade_power_rgb=1 + saturation * (np.array(_SHADE_POWER_RGB) - 1),
        own_teeth=gap * _teeth_arc(rgb, lips) * _lit_part(rgb, tooth) if _fills(gap, teeth) else None,
    )


def _median_at(rgb: np.ndarray, mesh_v3: np.ndarray, vertices: tuple[int, ...]) -> np.ndarray:
    x, y = np.clip(mesh_v3[list(vertices), :2].round().astype(int), 1, [rgb.shape[1] - 2, rgb.shape[0] - 2]).T
    around = [rgb[y + dy, x + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return np.median(np.concatenate(around), axis=0).astype(np.float64)


def _sclera(rgb: np.ndarray, mesh_v3: np.ndarray) -> np.ndarray:
    """A light colour among the pixels of the open eyes: the white of the eye."""
    mask = np.zeros(rgb.shape[:2], np.uint8)
    for upper, lower in (
        (topo.RIGHT_UPPER_LID, topo.RIGHT_LOWER_LID),
        (topo.LEFT_UPPER_LID, topo.LEFT_LOWER_LID),
    ):
        outline = mesh_v3[list(upper + lower[::-1]), :2]
        cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 255)
    return np.percentile(rgb[mask > 0], _SCLERA_SHARE, axis=0)


def _gap_matte(rgb: np.ndarray, lips: LipCut) -> np.ndarray:
    """(H, W) 1 in the gap between parted lips, with soft edges; all zeros for closed lips."""
    height, width = rgb.shape[:2]
    if not lips.parted:
        return np.zeros((height, width), np.float32)
    pixels = grid_points(np.zeros(2), 1, (height, width))
    inside = np.minimum(lips.upper.below(pixels), -lips.lower.below(pixels))
    matte = np.clip(inside / 1.5, 0, 1) * (lips.upper.beyond(pixels) == 0)
    return matte.reshape(height, width).astype(np.float32)


def _teeth_mask(rgb: np.ndarray, gap: np.ndarray, mesh_v3: np.ndarray) -> np.ndarray:
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    skin, lip = _median_at(lab, mesh_v3, _CHEEKS), _median_at(lab, mesh_v3, _LIPS)
    light = lab[..., 0] > _TOOTH_LIGHT * skin[0]
    pale = lab[..., 1] < _TOOTH_RED * lip[1] + _TOOTH_RED_FLOOR
    return (gap > 0.9) & light & pale


def _fills(gap: np.ndarray, teeth: np.ndarray) -> bool:
    """Whether teeth fill the middle half of the gap; then they belong to an open smile and are kept."""
    columns = np.flatnonzero((gap > 0.9).sum(0) >= 3)
    if len(columns) < 8:
        return False
    middle = columns[len(columns) // 4 : -(len(columns) // 4)]
    cover = teeth[:, middle].sum(0) / np.maximum((gap[:, middle] > 0.9).sum(0), 1)
    return bool(cover.mean() > _OWN_TEETH_COVER)


def _lit_part(rgb: np.ndarray, tooth_rgb: np.ndarray) -> np.ndarray:
    """(H, W) 0 in the dark corners beside the teeth, which belong to the smile and not to the teeth."""
    light = cv2.GaussianBlur(luma(rgb).astype(np.float32), (0, 0), 1.0) / luma(tooth_rgb)
    return smoothstep((light - _SHADE[0]) / (_SHADE[1] - _SHADE[0])).astype(np.float32)


def luma(rgb: np.ndarray) -> np.ndarray:
    """Lightness of colours (..., 3), 0 to 255."""
    return np.asarray(rgb, float) @ [0.299, 0.587, 0.114]


def _teeth_arc(rgb: np.ndarray, lips: LipCut) -> np.ndarray:
    """(H, W) 1 above a smooth arc just over the lower lip: the visible edge of the teeth when the mouth opens."""
    edge = lips.lower
    arc = np.polyval(np.polyfit(edge.along_s, edge.across_s, 2), edge.along_s)
    lowest = np.minimum(arc + np.min(edge.across_s - arc), edge.across_s)
    height, width = rgb.shape[:2]
    contour = Contour(edge.origin_2, edge.axes_22, edge.along_s, lowest)
    below = contour.below(grid_points(np.zeros(2), 1, (height, width))).reshape(height, width)
    return np.clip(-below / 1.5, 0, 1).astype(np.float32)
