"""Cuts at mouth and eyes: an upper and a lower sheet of skin part there and show what lies behind.

Shapes: xy in frame pixels; h, w of the cut's box in the portrait.
"""

from dataclasses import dataclass

import numpy as np

from jamflow.face import topology as topo
from jamflow.face.mesh.contour import Contour, build_contour, matte_below
from jamflow.face.mesh.lips import LipCut
from jamflow.face.mesh.sampling import remap, smoothstep
from jamflow.face.mesh.sheets import LOWER_LIDS, LOWER_LIP, UPPER_LIDS, UPPER_LIP, SheetMaker
from jamflow.face.mesh.warp import Patch, grid_points

RIGHT_EYE = (topo.RIGHT_UPPER_LID, topo.RIGHT_LOWER_LID, topo.RIGHT_CREASE)
LEFT_EYE = (topo.LEFT_UPPER_LID, topo.LEFT_LOWER_LID, topo.LEFT_CREASE)

# Steps, margins and fades in pixels are those of a frame of 512 (see `HeadGeometry.unit`).
_GRID_PX = 2.0
_MOUTH_MARGIN_CM, _EYE_MARGIN_CM = 1.6, 1.2
# The lower sheet reaches this far under the upper one, so that the gap does not show through a closed mouth.
_UNDERLAP_PX = 0.4
# Margin, in steps of the grid, that inverting a cut's motion needs around the drawn part.
BOX_RIM_STEPS = 4
_BLINK_FADE_PX = 6.0
# The lashes at the edge of the upper lid move with it.
_LASH_PX = 1.2
# Over the gap, a lip's texture is extended from this far inside its edge.
_TEXTURE_INSIDE_PX = 0.7


@dataclass(frozen=True)
class Cut:
    """Two sheets of skin and their textures.

    Attributes:
        upper, lower: motion of each sheet.
        upper_rgba, lower_rgba: (h, w, 4) float32 texture of each sheet, 0 to 255; alpha marks the sheet.
        left_top: (2,) frame pixel of the textures' first pixel.
        upper_edge_s2, lower_edge_s2: the edges of the sheets in the portrait, frame pixels.
    """

    upper: Patch
    lower: Patch
    upper_rgba: np.ndarray
    lower_rgba: np.ndarray
    left_top: np.ndarray
    upper_edge_s2: np.ndarray
    lower_edge_s2: np.ndarray


def cut_mouth(rgb: np.ndarray, sheets: SheetMaker, mesh_v3: np.ndarray, lips: LipCut) -> Cut:
    """The cut between the lips."""
    contours = mesh_v3[list(topo.UPPER_LIP_OUTER + topo.LOWER_LIP_OUTER), :2]
    box = _box(contours, _MOUTH_MARGIN_CM * sheets.geometry.pose.scale_px, rgb.shape)
    pixels = _pixels(box)
    upper_rgb = lower_rgb = _look(rgb, pixels, box)
    if lips.parted:
        upper_rgb = _look(rgb, lips.upper.held(pixels, above=True, inside_px=_TEXTURE_INSIDE_PX), box)
        lower_rgb = _look(rgb, lips.lower.held(pixels, above=False, inside_px=_TEXTURE_INSIDE_PX), box)
    lower_matte = matte_below(lips.lower.shifted(-_UNDERLAP_PX), pixels)
    lower_matte = np.where(lips.lower.beyond(pixels) > 0, 1, lower_matte)
    upper_matte = 1 - matte_below(lips.upper, pixels)
    return Cut(
        upper=_sheet(sheets, box, lips.upper, True, LOWER_LIP),
        lower=_sheet(sheets, box, lips.lower, False, UPPER_LIP),
        upper_rgba=_with_alpha(upper_rgb, upper_matte),
        lower_rgba=_with_alpha(lower_rgb, lower_matte),
        left_top=np.array(box[:2], np.float32),
        upper_edge_s2=lips.upper.points(),
        lower_edge_s2=lips.lower.points(),
    )


def cut_eye(rgb: np.ndarray, sheets: SheetMaker, mesh_v3: np.ndarray, eye: tuple[tuple, tuple, tuple]) -> Cut:
    """The cut between the lids of ``RIGHT_EYE`` or ``LEFT_EYE``."""
    upper, lower, crease = eye
    box = _box(mesh_v3[list(upper + lower + crease), :2], _EYE_MARGIN_CM * sheets.geometry.pose.scale_px, rgb.shape)
    pixels = _pixels(box)
    corners = mesh_v3[[upper[0], upper[-1]], :2]
    upper_lid = build_contour(mesh_v3[list(upper), :2], corners)
    lower_lid = build_contour(mesh_v3[list(lower), :2], corners)
    texture = _look(rgb, pixels, box)
    lower_matte = np.where(lower_lid.beyond(pixels) > 0, 1, matte_below(lower_lid, pixels))
    upper_matte = 1 - matte_below(upper_lid.shifted(_LASH_PX * sheets.geometry.unit), pixels)
    return Cut(
        upper=_sheet(sheets, box, upper_lid, True, LOWER_LIDS + LOWER_LIP, blinks=True),
        lower=_sheet(sheets, box, lower_lid, False, UPPER_LIDS + LOWER_LIP, blinks=True),
        upper_rgba=_with_alpha(texture, upper_matte),
        lower_rgba=_with_alpha(texture, lower_matte),
        left_top=np.array(box[:2], np.float32),
        upper_edge_s2=upper_lid.points(),
        lower_edge_s2=lower_lid.points(),
    )


def _sheet(
    sheets: SheetMaker,
    box: tuple,
    edge: Contour,
    above: bool,
    left_out: tuple[int, ...],
    blinks: bool = False,
) -> Patch:
    """The patch of one sheet. Beyond its edge it moves like the edge, which keeps the warp free of folds."""
    left, top, right, bottom = box
    unit = sheets.geometry.unit
    step = _GRID_PX * unit
    shape = (int((bottom - top) // step) + 1, int((right - left) // step) + 1)
    origin = np.array([left, top], float)
    points = grid_points(origin, step, shape)
    held = edge.held(points, above, inside_px=0.0)
    blink = None
    if blinks:
        # A blink fades out at the rim of the box, where the whole head's patch takes over. Not at the far rim: the sheet is
        # hidden there, and fading would fold it.
        x, y = (points - origin).T
        distance = np.minimum(np.minimum(x, right - left - x), y if above else bottom - top - y)
        blink = smoothstep((distance - BOX_RIM_STEPS * step) / (_BLINK_FADE_PX * unit))
    return sheets.patch(origin, step, shape, sheets.spread(left_out, held), blink)


def _with_alpha(rgb: np.ndarray, matte_n: np.ndarray) -> np.ndarray:
    return np.dstack([rgb, 255 * matte_n.reshape(rgb.shape[:2])]).astype(np.float32)


def _box(points_n2: np.ndarray, margin_px: float, shape: tuple) -> tuple[int, int, int, int]:
    """Whole-pixel box around points with a margin, inside the picture."""
    left, top = np.clip(np.floor(points_n2.min(0) - margin_px), 0, None).astype(int)
    right, bottom = np.minimum(np.ceil(points_n2.max(0) + margin_px), [shape[1], shape[0]]).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _pixels(box: tuple) -> np.ndarray:
    left, top, right, bottom = box
    return grid_points(np.array([left, top]), 1, (bottom - top, right - left))


def _look(rgb: np.ndarray, points_n2: np.ndarray, box: tuple) -> np.ndarray:
    """(h, w, 3) the picture sampled at one point per pixel of the box."""
    left, top, right, bottom = box
    at = points_n2.astype(np.float32).reshape(bottom - top, right - left, 2)
    return remap(rgb, at).astype(np.float32)
