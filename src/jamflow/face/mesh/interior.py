"""The inside of an open mouth: teeth, tongue and the dark behind them, painted once per portrait.

There are three layers in head centimetres: upper teeth (fixed to the head), lower teeth (fixed to the jaw) and the tongue (in
between). A portrait with an open smile keeps its own teeth. Per frame, the layers are only placed, shaded and composited.

Shapes: h, w of a painted layer; xy in head centimetres (y up) while painting.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face.mesh.geometry import HeadGeometry
from jamflow.face.mesh.light import MouthLight
from jamflow.face.pose import HeadPose

_PAINT_PX_PER_CM = 64
_KEPT_OVER_FRAME = 1.6
_WIDTH_CM, _HEIGHT_CM = 6.4, 3.6
# Widths (from the front) and lengths of incisors, canine, premolars and molar in an average mouth.
_UPPER_WIDTHS_CM = (0.84, 0.66, 0.68, 0.5, 0.42, 0.3)
_UPPER_LENGTHS_CM = (0.95, 0.85, 0.92, 0.8, 0.72, 0.66)
_LOWER_WIDTHS_CM = (0.52, 0.55, 0.6, 0.52, 0.42, 0.3)
_LOWER_LENGTHS_CM = (0.82, 0.84, 0.88, 0.76, 0.7, 0.62)
# Heights of the edges and of the tongue, relative to the line between closed lips.
_UPPER_EDGE_CM, _LOWER_EDGE_CM, _TONGUE_TOP_CM = -0.15, -0.1, -0.15
_TEETH_DEPTH_CM = 0.8
# A slightly darker line separates neighbouring teeth.
_BETWEEN = 0.86


@dataclass(frozen=True)
class MouthInterior:
    """A painted mouth.

    Attributes:
        upper_rgba, lower_rgba, tongue_rgba: (h, w, 4) float32, 0 to 255.
        px_per_cm: resolution of the layers; their centre is the middle of the closed lips.
        origin_3: that centre in head centimetres, at the depth of the teeth.
        light: colours for the parts that are not painted.
    """

    upper_rgba: np.ndarray
    lower_rgba: np.ndarray
    tongue_rgba: np.ndarray
    px_per_cm: float
    origin_3: np.ndarray
    light: MouthLight

    def placement(self, origin_2: np.ndarray, per_cm_22: np.ndarray) -> np.ndarray:
        """(2, 3) matrix from painted pixels to frame pixels.

        Args:
            origin_2: frame place of the layer's centre.
            per_cm_22: columns are the frame vectors of one centimetre to the right and one up.
        """
        linear = per_cm_22 @ np.diag([1, -1]) / self.px_per_cm
        height, width = self.upper_rgba.shape[:2]
        return np.c_[linear, origin_2 - linear @ [width / 2 - 0.5, height / 2 - 0.5]]


@dataclass(frozen=True)
class OwnTeeth:
    """The teeth in an open smile, cut out of the portrait.

    Attributes:
        rgba: (h, w, 4) float32, 0 to 255.
        corners_32: three corners of `rgba`, in its own pixels.
        corners_head_33: the same in head centimetres, at the depth of the teeth.
    """

    rgba: np.ndarray
    corners_32: np.ndarray
    corners_head_33: np.ndarray


def cut_own_teeth(rgb: np.ndarray, matte_hw: np.ndarray, geometry: HeadGeometry) -> OwnTeeth:
    """Cuts the part under the matte out of the framed portrait."""
    rows, columns = np.flatnonzero(matte_hw.any(1)), np.flatnonzero(matte_hw.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    region = np.s_[top:bottom, left:right]
    corners = np.array([[0, 0], [right - left, 0], [0, bottom - top]], np.float32)
    in_frame = corners + np.array([left, top])
    depth = geometry.depth(in_frame.mean(0)[None])[0] + _TEETH_DEPTH_CM * geometry.pose.scale_px
    in_head = geometry.pose.to_canonical(np.c_[in_frame, np.full(3, depth)])
    return OwnTeeth(np.dstack([rgb[region], 255 * matte_hw[region]]).astype(np.float32), corners, in_head)


def build_interior(light: MouthLight, middle_3: np.ndarray, half_width_cm: float, pose: HeadPose) -> MouthInterior:
    """Paints teeth and tongue, at a resolution that suits the frame.

    Args:
        light: the colours.
        middle_3: where the closed lips meet, head centimetres.
        half_width_cm: half the width of the mouth.
        pose: head pose in the portrait.
    """
    # Straight behind the lips in the portrait's view: the pitch is too uncertain to shift the teeth by it.
    origin_3 = middle_3 - _TEETH_DEPTH_CM * pose.rotation_33[2]
    scale_px = pose.scale_px
    size = float(np.clip(half_width_cm / 2.5, 0.8, 1.15))
    px_per_cm = min(_PAINT_PX_PER_CM, _KEPT_OVER_FRAME * scale_px)
    layers = (_upper(light, size), _lower(light, size), _tongue(light, size))
    upper, lower, tongue = (_shrunk(layer, px_per_cm) for layer in layers)
    return MouthInterior(upper, lower, tongue, upper.shape[1] / _WIDTH_CM, origin_3, light)


class _Paper:
    """A transparent picture in head centimetres, painted with smooth polygons."""

    def __init__(self):
        shape = (round(_HEIGHT_CM * _PAINT_PX_PER_CM), round(_WIDTH_CM * _PAINT_PX_PER_CM))
        self.rgb = np.zeros((*shape, 3), np.float32)
        self.alpha = np.zeros(shape, np.float32)

    def fill(self, outline_n2: np.ndarray, colour: np.ndarray, blur_cm: float, opacity: float = 1.0) -> None:
        """Paints a polygon with a soft edge over the picture."""
        mask = np.zeros(self.alpha.shape, np.uint8)
        pixels = (outline_n2 * [1, -1] + [_WIDTH_CM / 2, _HEIGHT_CM / 2]) * _PAINT_PX_PER_CM
        cv2.fillPoly(mask, [np.round(pixels * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        matte = cv2.GaussianBlur(mask, (0, 0), blur_cm * _PAINT_PX_PER_CM).astype(np.float32) / 255 * opacity
        below = (self.alpha * (1 - matte))[..., None]
        self.alpha = matte + below[..., 0]
        mixed = matte[..., None] * np.asarray(colour, np.float32) + below * self.rgb
        self.rgb = mixed / np.maximum(self.alpha, 1e-6)[..., None]


def _shrunk(paper: _Paper, px_per_cm: float) -> np.ndarray:
    """(h, w, 4) at lower resolution; averaged with opacity as weight, so that transparent black does not darken the edges."""
    size = (round(_WIDTH_CM * px_per_cm), round(_HEIGHT_CM * px_per_cm))
    alpha = paper.alpha[..., None]
    mean = cv2.resize(np.dstack([paper.rgb * alpha, alpha]), size, interpolation=cv2.INTER_AREA)
    colour = mean[..., :3] / np.maximum(mean[..., 3:], 1e-4)
    # Transparent pixels get their neighbours' colour, for the same reason when the layer is sampled.
    known = (mean[..., 3:] > 0.02).astype(np.float32)
    spread = cv2.GaussianBlur(colour * known, (0, 0), 2.0) / np.maximum(cv2.GaussianBlur(known, (0, 0), 2.0)[..., None], 1e-4)
    return np.dstack([np.where(known > 0, colour, spread), 255 * mean[..., 3]]).astype(np.float32)


def _row_of_teeth(paper: _Paper, widths: tuple, lengths: tuple, edge_cm: float, up: int, colour: np.ndarray, size: float) -> None:
    """Paints a mirrored row of teeth; ``up`` is 1 if the roots are above the edge, -1 if below."""
    for side in (-1, 1):
        start = 0.0
        for k, (width, length) in enumerate(zip(widths, lengths, strict=True)):
            end = start + width * size
            u = np.linspace(-1, 1, 13)
            x = side * (start + (u + 1) / 2 * (end - start))
            lift = (0.035 if up > 0 else 0.05) * k
            edge = edge_cm + up * (lift + 0.06 * np.abs(u) ** 4)
            root = edge_cm + up * (lift + length - 0.12 * u**2)
            outline = np.concatenate([np.c_[x, edge], np.c_[x[::-1], root[::-1]]])
            # Teeth recede from the light along the dental arch.
            tone = colour * max(0.35, 1 - 0.04 * k - 0.022 * k * k)
            paper.fill(outline, tone * _BETWEEN, 0.012)
            middle = outline.mean(0)
            paper.fill(middle + (outline - middle) * [0.86, 0.95], tone, 0.04)
            paper.fill(middle + [0, up * 0.1] + (outline - middle) * [0.5, 0.5], tone * 1.05, 0.1, 0.5)
            start = end


def _upper(light: MouthLight, size: float) -> _Paper:
    paper = _Paper()
    reach = 3.3 * size
    gums = np.array([[-reach, 1.75], [reach, 1.75], [reach, 0.6], [0, 0.55], [-reach, 0.6]])
    paper.fill(gums, light.gum_rgb, 0.1)
    _row_of_teeth(paper, _UPPER_WIDTHS_CM, _UPPER_LENGTHS_CM, _UPPER_EDGE_CM, 1, light.tooth_rgb, size)
    return paper


def _lower(light: MouthLight, size: float) -> _Paper:
    paper = _Paper()
    reach = 2.7 * size
    gums = np.array([[-reach, -1.75], [reach, -1.75], [reach, -0.7], [0, -0.8], [-reach, -0.7]])
    paper.fill(gums, light.gum_rgb * 0.8, 0.1)
    _row_of_teeth(paper, _LOWER_WIDTHS_CM, _LOWER_LENGTHS_CM, _LOWER_EDGE_CM, -1, light.tooth_rgb * 0.86, size)
    return paper


def _tongue(light: MouthLight, size: float) -> _Paper:
    paper = _Paper()
    angle = np.linspace(0, 2 * np.pi, 48)
    ring = np.c_[np.cos(angle), np.sin(angle)]
    colour = light.tongue_rgb
    paper.fill(ring * [1.9 * size, 0.8] + [0, _TONGUE_TOP_CM - 0.8], colour * 0.72, 0.16)
    for side in (-1, 1):
        paper.fill(ring * [0.72 * size, 0.5] + [side * 0.72 * size, _TONGUE_TOP_CM - 0.78], colour, 0.2, 0.8)
    return paper
