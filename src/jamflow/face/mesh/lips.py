"""Finds the cut between the lips: the dark line of closed lips, or the edges of parted ones.

Landmarks lie within a pixel or two of the true edge. That is too coarse: a strip of tooth would move with the lip. So the cut
follows the change in the picture itself.

Shapes: A places along the mouth, O offsets across it, S points of a lip contour (11); xy in frame pixels.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from jamflow.face import topology as topo
from jamflow.face.mesh.contour import Contour, build_contour, mean_contour
from jamflow.face.mesh.sampling import remap

# Lips nearer than this count as closed and stay unchanged.
PARTED_CM = 0.12
# Search range for the line between closed lips around the landmarks, and the costs of bending and of distance.
_LINE_REACH_CM, _LINE_BEND_COST, _LINE_AWAY_COST = 0.22, 3.0, 1.0
_EDGE_BEND_COST = 4.0
# How deep inside a lip its true edge may lie, as a share of the lip and in cm, and the smallest inset.
_EDGE_REACH, _EDGE_REACH_MAX_CM, _EDGE_MIN_PX = 0.5, 0.35, 0.6
_STEP_PX = 0.5
_EDGE_OVER_MEDIAN_PX = 0.8
_LIKE_LIP = 1.6
_LIKE_LIP_FLOOR = 7.0


@dataclass(frozen=True)
class LipCut:
    """The cut between the lips.

    Attributes:
        parted: whether there is a gap between the lips.
        upper, lower: edge of each lip; the same line for closed lips.
        upper_cm_s, lower_cm_s: (S,) distance of the cut inside the lip at each inner vertex.
    """

    parted: bool
    upper: Contour
    lower: Contour
    upper_cm_s: np.ndarray
    lower_cm_s: np.ndarray

    def placed(self, times: float, origin_2: np.ndarray) -> "LipCut":
        """The same in another picture, enlarged by `times` and with its first pixel at `origin_2`."""
        return replace(self, upper=self.upper.placed(times, origin_2), lower=self.lower.placed(times, origin_2))


def lip_gap_cm(person_v3: np.ndarray) -> float:
    """Distance of the inner lips in the middle, in head centimetres."""
    return float(person_v3[topo.UPPER_LIP_INNER[5], 1] - person_v3[topo.LOWER_LIP_INNER[5], 1])


def cut_lips(
    rgb: np.ndarray, mesh_v3: np.ndarray, person_v3: np.ndarray, scale_px: float, deepest_cm: float = _EDGE_REACH_MAX_CM
) -> LipCut:
    """Finds the cut in a portrait with these vertices in frame pixels and in head centimetres.

    deepest_cm: how deep inside a lip, from the landmarks, its edge is searched for.
    """
    corners = mesh_v3[[61, 291], :2]
    upper, lower = (
        build_contour(mesh_v3[[61, *inner, 291], :2], corners) for inner in (topo.UPPER_LIP_INNER, topo.LOWER_LIP_INNER)
    )
    lab = cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 0.6), cv2.COLOR_RGB2LAB)
    if lip_gap_cm(person_v3) < PARTED_CM:
        line = _closed_line(lab, mean_contour(upper, lower), scale_px)
        none = np.zeros(len(topo.UPPER_LIP_INNER))
        return LipCut(False, line, line, none, none)
    cuts, insets = [], []
    for contour, inner, outer, down in (
        (upper, topo.UPPER_LIP_INNER, topo.UPPER_LIP_OUTER, -1),
        (lower, topo.LOWER_LIP_INNER, topo.LOWER_LIP_OUTER, 1),
    ):
        inset = _edge_inset(lab, contour, mesh_v3[list(outer), :2], down, deepest_cm * scale_px)
        cuts.append(contour.displaced(down * inset))
        at = contour.local(mesh_v3[list(inner), :2])[:, 0]
        insets.append(np.interp(at, contour.along_s, inset) / scale_px)
    return LipCut(True, cuts[0], cuts[1], insets[0], insets[1])


def _closed_line(lab: np.ndarray, line: Contour, scale_px: float) -> Contour:
    """The darkest smooth line near the line of the landmarks."""
    reach = max(1, round(_LINE_REACH_CM * scale_px / _STEP_PX))
    offsets = np.arange(-reach, reach + 1) * _STEP_PX
    light = _profiles(lab[..., :1], line, offsets)[..., 0]
    path = _cheapest_path(light + _LINE_AWAY_COST * np.abs(offsets), _LINE_BEND_COST)
    return line.displaced(_towards_corners(offsets[path]))


def _edge_inset(lab: np.ndarray, contour: Contour, outer_s2: np.ndarray, down: int, deepest_px: float) -> np.ndarray:
    """(A,) pixels from the landmarks' edge to the place where the picture begins to look like lip."""
    outer = build_contour(outer_s2, np.stack([contour.origin_2, contour.origin_2 + contour.axes_22[0]]))
    outer_height = np.interp(contour.along_s, *_in_frame_of(contour, outer))
    thickness = np.maximum(0, down * (outer_height - contour.across_s))
    reach = np.minimum(_EDGE_REACH * thickness, deepest_px)
    offsets = np.arange(0, max(reach.max(), 1) + _STEP_PX, _STEP_PX)
    colour = _profiles(lab, contour, down * offsets).astype(np.float32)
    core = (offsets >= 0.5 * reach[:, None]) & (offsets <= 1.5 * reach[:, None] + _STEP_PX)
    lip = np.median(colour[core], axis=0)
    away = np.linalg.norm(colour - lip, axis=-1)
    limit = max(_LIKE_LIP_FLOOR, _LIKE_LIP * float(np.median(away[core])))
    unlike = 1 / (1 + np.exp(np.clip((limit - away) / (0.3 * limit), -30, 30)))
    # An edge labels all before it as gap and all behind it as lip; its cost is the sum of wrong labels.
    before = np.cumsum(np.pad(1 - unlike, ((0, 0), (1, 0)))[:, :-1], axis=1)
    behind = np.cumsum(unlike[:, ::-1], axis=1)[:, ::-1]
    out_of_reach = 10.0 * (offsets > reach[:, None] + _STEP_PX)
    depth = offsets[_cheapest_path(before + behind + out_of_reach, _EDGE_BEND_COST)]
    # A single deep place is a highlight on a wet lip, not a tooth.
    middle = depth[len(depth) // 4 : -(len(depth) // 4)]
    return _towards_corners(np.clip(depth, _EDGE_MIN_PX, np.median(middle) + _EDGE_OVER_MEDIAN_PX))


def _cheapest_path(cost_ao: np.ndarray, bend_cost: float) -> np.ndarray:
    """(A,) offset indices of the cheapest path along the mouth, by dynamic programming."""
    steps = np.arange(cost_ao.shape[1])
    bend = bend_cost * (steps[:, None] - steps) ** 2
    best, back = cost_ao[0], []
    for row in cost_ao[1:]:
        total = best + bend
        back.append(total.argmin(1))
        best = total.min(1) + row
    path = [int(best.argmin())]
    for choice in reversed(back):
        path.append(int(choice[path[-1]]))
    return np.array(path[::-1])


def _in_frame_of(contour: Contour, other: Contour) -> tuple[np.ndarray, np.ndarray]:
    """The points of `other` along and across the line of `contour`."""
    local = contour.local(other.points())
    return local[:, 0], local[:, 1]


def _profiles(image_hwc: np.ndarray, contour: Contour, offsets_o: np.ndarray) -> np.ndarray:
    """(A, O, C) the picture sampled across the contour at each of its positions."""
    across = contour.across_s[:, None] + offsets_o[None]
    local = np.stack(np.broadcast_arrays(contour.along_s[:, None], across), -1)
    at = (local @ contour.axes_22 + contour.origin_2).astype(np.float32)
    values = remap(image_hwc, at)
    return values.reshape(*at.shape[:2], -1)


def _towards_corners(offset_a: np.ndarray) -> np.ndarray:
    """(A,) the offsets, smoothed along the mouth and zero at its corners."""
    smooth = cv2.GaussianBlur(offset_a.astype(np.float32)[None], (0, 0), 5, borderType=cv2.BORDER_REPLICATE)[0]
    place = np.linspace(0, 1, len(offset_a))
    return smooth * np.clip(8 * place * (1 - place), 0, 1)
