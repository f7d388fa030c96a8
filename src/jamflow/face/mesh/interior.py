"""What an open mouth shows: teeth, tongue and the dark behind them.

Two small pictures are painted once per portrait in head centimetres, upper teeth (fixed to the head) and
lower teeth with the tongue (fixed to the jaw). A frame only places, shades and composites them.

Shapes: xy in head centimetres (y up) while painting, frame pixels when placed.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face.pose import HeadPose

_PAINT_PX_PER_CM = 48
_WIDTH_CM, _HEIGHT_CM = 6.0, 3.6
# Widths of incisors, canine and premolars as seen from the front, for a mouth of average width.
_UPPER_WIDTHS_CM = (0.84, 0.66, 0.68, 0.5, 0.42, 0.3)
_LOWER_WIDTHS_CM = (0.52, 0.55, 0.6, 0.52, 0.42, 0.3)
_UPPER_LENGTHS_CM = (0.95, 0.85, 0.92, 0.8, 0.72, 0.66)
_LOWER_LENGTHS_CM = (0.82, 0.84, 0.88, 0.76, 0.7, 0.62)
_CAVITY_RGB = (44, 14, 14)
_TOOTH_RGB = (222, 211, 194)
_GUM_RGB = (176, 96, 92)
_TONGUE_RGB = (162, 84, 82)
# Where teeth lie behind the lip line, and how far their edges reach below or above it with closed lips.
_TEETH_DEPTH_CM = 0.9
_UPPER_EDGE_CM = -0.14
_LOWER_EDGE_CM = -0.34
_TONGUE_TOP_CM = -0.5


@dataclass(frozen=True)
class MouthInterior:
    """Painted mouth.

    Attributes:
        upper_rgba, lower_rgba: (h, w, 4) float32, 0 to 255; premultiplied by alpha.
        origin_3: head centimetres of the middle of the closed lips, at the depth of the teeth.
        cavity_rgb: (3,) float32.
        lip_rgb: (3,) float32, the colour of the line between closed lips.
    """

    upper_rgba: np.ndarray
    lower_rgba: np.ndarray
    origin_3: np.ndarray
    cavity_rgb: np.ndarray
    lip_rgb: np.ndarray


def build_interior(
    rgb: np.ndarray, mesh_v3: np.ndarray, person_v3: np.ndarray, pose: HeadPose, parted: bool
) -> MouthInterior:
    """Paints teeth and tongue in the light of the portrait."""
    skin = _median_colour(rgb, mesh_v3[[50, 280, 205, 425, 101, 330], :2])
    lip = _median_colour(rgb, mesh_v3[[12, 15, 268, 38, 86, 316], :2])
    light = np.clip(skin.mean() / 185, 0.25, 1.1)
    tint = (skin / max(skin.mean(), 1)) ** 0.3
    saturation = min(1.0, float((skin.max() - skin.min()) / max(skin.max(), 1)) / 0.2)

    def lit(colour: tuple) -> np.ndarray:
        value = np.array(colour) * tint * light
        return value * saturation + value.mean() * (1 - saturation)

    middle = person_v3[[13, 14]].mean(0)
    half = np.abs(person_v3[[61, 291], 0] - middle[0]).mean()
    size = np.clip(half / 2.5, 0.8, 1.15)
    return MouthInterior(
        upper_rgba=_upper(lit(_TOOTH_RGB), lit(_GUM_RGB), size),
        lower_rgba=_lower(lit(_TOOTH_RGB) * 0.86, lit(_GUM_RGB), lit(_TONGUE_RGB), size),
        origin_3=middle - [0, 0, _TEETH_DEPTH_CM],
        cavity_rgb=lit(_CAVITY_RGB).astype(np.float32),
        lip_rgb=(0.55 * lip).astype(np.float32),
    )


def _median_colour(rgb: np.ndarray, points_n2: np.ndarray) -> np.ndarray:
    x, y = np.clip(points_n2.round().astype(int), 1, [rgb.shape[1] - 2, rgb.shape[0] - 2]).T
    around = [rgb[y + dy, x + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return np.median(np.concatenate(around), axis=0).astype(np.float64)


class _Paper:
    """A transparent picture in head centimetres, painted with smooth polygons."""

    def __init__(self):
        self.rgb = np.zeros(
            (round(_HEIGHT_CM * _PAINT_PX_PER_CM), round(_WIDTH_CM * _PAINT_PX_PER_CM), 3), np.float32
        )
        self.alpha = np.zeros(self.rgb.shape[:2], np.float32)

    def fill(self, outline_n2: np.ndarray, colour: np.ndarray, blur_cm: float) -> None:
        mask = np.zeros(self.alpha.shape, np.uint8)
        pixels = (outline_n2 * [1, -1] + [_WIDTH_CM / 2, _HEIGHT_CM / 2]) * _PAINT_PX_PER_CM
        cv2.fillPoly(mask, [np.round(pixels * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        matte = cv2.GaussianBlur(mask, (0, 0), blur_cm * _PAINT_PX_PER_CM).astype(np.float32) / 255
        self.rgb += matte[..., None] * (np.asarray(colour, np.float32) - self.rgb)
        self.alpha += matte * (1 - self.alpha)

    def rgba(self) -> np.ndarray:
        return np.dstack([self.rgb * 1.0, 255 * self.alpha]).astype(np.float32)


def _teeth(
    paper: _Paper, widths: tuple, lengths: tuple, edge_cm: float, up: int, colour: np.ndarray, size: float
) -> None:
    """A row of teeth, mirrored; ``up`` is 1 where the roots lie above the edge. Darker towards the sides."""
    for side in (-1, 1):
        start = 0.0
        for k, (width, length) in enumerate(zip(widths, lengths, strict=True)):
            end = start + width * size
            x = np.linspace(start, end, 9)
            u = np.linspace(-1, 1, 9)
            rise = 0.03 * k if up > 0 else 0.05 * k
            edge = edge_cm + up * (rise + 0.07 * np.abs(u) ** 3.5)
            root = edge_cm + up * (length + rise - 0.14 * np.abs(u) ** 2)
            outline = np.concatenate([np.c_[side * x, edge], np.c_[side * x[::-1], root[::-1]]])
            shade = max(0.3, 1 - 0.05 * k - 0.025 * k * k)
            paper.fill(outline, colour * shade * 0.8, 0.012)
            inner = outline.copy()
            centre = outline.mean(0)
            inner = centre + (inner - centre) * [0.84, 0.93]
            paper.fill(inner, colour * shade, 0.05)
            start = end


def _upper(tooth: np.ndarray, gum: np.ndarray, size: float) -> np.ndarray:
    paper = _Paper()
    reach = 3.2 * size
    gums = np.array([[-reach, 1.75], [reach, 1.75], [reach, 0.55], [0, 0.5], [-reach, 0.55]])
    paper.fill(gums, gum * 0.8, 0.1)
    _teeth(paper, _UPPER_WIDTHS_CM, _UPPER_LENGTHS_CM, _UPPER_EDGE_CM, 1, tooth, size)
    return paper.rgba()


def _lower(tooth: np.ndarray, gum: np.ndarray, tongue: np.ndarray, size: float) -> np.ndarray:
    paper = _Paper()
    angle = np.linspace(0, 2 * np.pi, 48)
    ring = np.c_[np.cos(angle), np.sin(angle)]
    paper.fill(ring * [1.75 * size, 0.75] + [0, _TONGUE_TOP_CM - 0.62], tongue * 0.8, 0.12)
    paper.fill(ring * [1.15 * size, 0.42] + [0, _TONGUE_TOP_CM - 0.55], tongue, 0.2)
    reach = 2.7 * size
    gums = np.array([[-reach, -1.75], [reach, -1.75], [reach, -0.9], [0, -1.0], [-reach, -0.9]])
    paper.fill(gums, gum * 0.6, 0.1)
    _teeth(paper, _LOWER_WIDTHS_CM, _LOWER_LENGTHS_CM, _LOWER_EDGE_CM, -1, tooth, size)
    return paper.rgba()


def paint_matrix(origin_2: np.ndarray, per_cm_22: np.ndarray) -> np.ndarray:
    """(2, 3) matrix from painted pixels to frame pixels.

    Args:
        origin_2: where the picture's centre lies, frame pixels.
        per_cm_22: columns are the frame vectors of one centimetre right and one centimetre up.
    """
    linear = per_cm_22 @ np.diag([1, -1]) / _PAINT_PX_PER_CM
    centre = np.array([_WIDTH_CM, _HEIGHT_CM]) / 2 * _PAINT_PX_PER_CM
    return np.c_[linear, origin_2 - linear @ centre]
