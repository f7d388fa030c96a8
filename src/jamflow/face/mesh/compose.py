"""Draws the cuts of a face, mouth and eyes, over a frame in which the head is already in place.

Shapes: h, w of a box of the frame; S points of a lip contour (11); 2 = xy in frame pixels.
"""

from dataclasses import replace

import cv2
import numpy as np

from jamflow.face import topology as topo
from jamflow.face.mesh import space
from jamflow.face.mesh.geometry import PIVOT_CM
from jamflow.face.mesh.interior import MouthInterior, paint_matrix
from jamflow.face.mesh.sampling import remap, sample
from jamflow.face.mesh.source import Cut, MeshSource
from jamflow.face.mesh.warp import Motion3, Patch, grid_points, invert

_FEATHER_PX = 4.0
_EYE_MARGIN_PX, _MOUTH_MARGIN_PX = 7, 9


def draw_eye(frame: np.ndarray, cut: Cut, motion: Motion3) -> None:
    """Lower lid, then upper lid, over the eyeball, which stays where the head takes it."""
    box, (upper, lower) = _moved_layers(frame, cut, motion, _EYE_MARGIN_PX)
    open_motion = replace(motion, closures_e=np.zeros_like(motion.closures_e))
    target = _target(box)
    still = invert(cut.upper, cut.upper.displacement(open_motion), target)
    below = _texture(cut.upper_rgba[..., :3], still - cut.left_top)
    image = _over(_over(below, lower), upper)
    _paste(frame, image, box)


def draw_mouth(frame: np.ndarray, source: MeshSource, motion: Motion3) -> None:
    """Lower lip, then upper lip, over teeth, tongue and the dark behind them."""
    cut = source.mouth
    box, (upper, lower) = _moved_layers(frame, cut, motion, _MOUTH_MARGIN_PX)
    inside = _interior(source, motion, box)
    _paste(frame, _over(_over(inside, lower), upper), box)


def _moved_layers(
    frame: np.ndarray, cut: Cut, motion: Motion3, margin_px: int
) -> tuple[tuple[int, int, int, int], list[np.ndarray]]:
    fields = [patch.displacement(motion) for patch in (cut.upper, cut.lower)]
    box = _target_box(frame, cut.upper, fields, margin_px)
    target = _target(box)
    layers = []
    for patch, field, texture in zip(
        (cut.upper, cut.lower), fields, (cut.upper_rgba, cut.lower_rgba), strict=True
    ):
        layers.append(_texture(texture, invert(patch, field, target) - cut.left_top))
    return box, layers


def _target_box(
    frame: np.ndarray, patch: Patch, fields: list[np.ndarray], margin_px: int
) -> tuple[int, int, int, int]:
    """Where the patch's inner part lands: its outer part only feeds the inverse map."""
    points = patch.points_n2.reshape(*patch.shape_hw, 2)
    rim = int(margin_px / patch.step_px)
    landed = np.concatenate([(points + f)[rim:-rim, rim:-rim].reshape(-1, 2) for f in fields])
    low, high = np.floor(landed.min(0)).astype(int), np.ceil(landed.max(0)).astype(int)
    height, width = frame.shape[:2]
    return max(0, int(low[0])), max(0, int(low[1])), min(width, int(high[0])), min(height, int(high[1]))


def _target(box: tuple[int, int, int, int]) -> np.ndarray:
    left, top, right, bottom = box
    shape = (bottom - top, right - left)
    return grid_points(np.array([left, top]), 1, shape).astype(np.float32).reshape(*shape, 2)


def _texture(texture: np.ndarray, at_hw2: np.ndarray) -> np.ndarray:
    return remap(texture, at_hw2, cubic=True)


def _over(below_hw3: np.ndarray, layer_hw4: np.ndarray) -> np.ndarray:
    alpha = np.clip(layer_hw4[..., 3:] / 255, 0, 1)
    return below_hw3 + alpha * (layer_hw4[..., :3] - below_hw3)


def _paste(frame: np.ndarray, image: np.ndarray, box: tuple[int, int, int, int]) -> None:
    """Puts the box into the frame; its rim fades into the head, which is the same there but for sampling."""
    left, top, right, bottom = box
    height, width = image.shape[:2]
    ramp_x = np.minimum(np.arange(width) + 1, width - np.arange(width)) / _FEATHER_PX
    ramp_y = np.minimum(np.arange(height) + 1, height - np.arange(height)) / _FEATHER_PX
    weight = np.clip(np.minimum(ramp_x[None], ramp_y[:, None]), 0, 1).astype(np.float32)[..., None]
    region = frame[top:bottom, left:right].astype(np.float32)
    frame[top:bottom, left:right] = np.clip(region + weight * (image - region) + 0.5, 0, 255).astype(np.uint8)


def _interior(source: MeshSource, motion: Motion3, box: tuple[int, int, int, int]) -> np.ndarray:
    """(h, w, 3) float32: the mouth's inside, as if there were no lips before it."""
    left, top, right, bottom = box
    size = (right - left, bottom - top)
    interior = source.interior
    upper_s2, lower_s2 = _lip_edges(source, motion)
    image = np.broadcast_to(interior.cavity_rgb, (size[1], size[0], 3)).copy()
    jaw = 0.6 * motion.expression_k3[space.CHIN] + 0.4 * motion.expression_k3[space.INNER_LOWER]
    for rgba, offset in ((interior.lower_rgba, jaw), (interior.upper_rgba, np.zeros(3))):
        matrix = _placed(interior, motion, offset, np.array([left, top]))
        layer = cv2.warpAffine(rgba, matrix, size, flags=cv2.INTER_AREA)
        image = _over(image, layer)
    return _shaded(image, interior, upper_s2 - (left, top), lower_s2 - (left, top))


def _placed(
    interior: MouthInterior, motion: Motion3, offset_3: np.ndarray, left_top: np.ndarray
) -> np.ndarray:
    origin = motion.moved_23 @ (interior.origin_3 + offset_3 - PIVOT_CM) + motion.shift_2
    return paint_matrix(origin - left_top, motion.moved_23[:, :2])


def _lip_edges(source: MeshSource, motion: Motion3) -> tuple[np.ndarray, np.ndarray]:
    """Where the inner edges of the lips are in the frame, (S, 2) each."""
    edges = []
    for patch, contour in (
        (source.mouth.upper, topo.UPPER_LIP_INNER),
        (source.mouth.lower, topo.LOWER_LIP_INNER),
    ):
        points = source.geometry.landmarks_v3[list(contour), :2]
        at = (points - patch.origin_2) / patch.step_px
        edges.append(points + sample(patch.displacement(motion), at))
    return edges[0], edges[1]


def _shaded(
    image: np.ndarray, interior: MouthInterior, upper_s2: np.ndarray, lower_s2: np.ndarray
) -> np.ndarray:
    """Darker under the upper lip and towards the corners; where the gap is closing, the line between lips."""
    height, width = image.shape[:2]
    x = np.arange(width)
    roof = np.interp(x, upper_s2[:, 0], upper_s2[:, 1])
    floor = np.interp(x, lower_s2[:, 0], lower_s2[:, 1])
    gap = np.maximum(floor - roof, 0)
    depth = np.clip((np.arange(height)[:, None] - roof) / (0.35 * gap.max() + 3), 0, 1)
    middle, half = (upper_s2[0, 0] + upper_s2[-1, 0]) / 2, max(4.0, (upper_s2[-1, 0] - upper_s2[0, 0]) / 2)
    side = 1 - np.clip((np.abs(x - middle) / half - 0.2) / 0.9, 0, 1) ** 1.5
    shade = (0.66 + 0.34 * depth**0.7) * (0.35 + 0.65 * side)
    open_share = np.clip((gap - 0.5) / 2.0, 0, 1)[None, :, None]
    lit = image * shade[..., None]
    return (interior.lip_rgb + open_share * (lit - interior.lip_rgb)).astype(np.float32)
