"""Draws the mouth and the eyes over a frame in which the head is already drawn.

Shapes: h, w of a box of the frame; S points of a lip contour (11); 2 = xy in frame pixels.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from jamflow.face.mesh import space
from jamflow.face.mesh.cuts import BOX_RIM_STEPS, Cut
from jamflow.face.mesh.geometry import PIVOT_CM
from jamflow.face.mesh.sampling import remap, sample, smoothstep
from jamflow.face.mesh.source import MeshSource
from jamflow.face.mesh.warp import Motion3, Patch, grid_points, invert

_FEATHER_PX = 4.0
# Share of the light left under the upper lip and at the corners of the mouth.
_SOFT_SHADE, _TEETH_SHADE, _OWN_TEETH_SHADE = (0.4, 0.3), (0.5, 0.2), (0.7, 1.0)
# A narrow gap lets in this share of the light; a gap of this height lets in all of it.
_NARROW_LIGHT, _WIDE_CM = 0.3, 0.7
# Rounded lips stand further before the teeth, and take up to this share of the light.
_ROUND_DARKER = 0.55
# From this place between middle (0) and corner (1) on, lips and cheeks are seen instead of the dark, at most by this share.
_JOINED_FROM, _JOINED_SHARE = 0.45, 0.85
_SHADOW_SHARE, _SHADOW_CM = 0.15, 0.2
_TONGUE_WITH_JAW = 0.55


def draw_eye(frame: np.ndarray, cut: Cut, motion: Motion3) -> None:
    """Draws the lower lid, then the upper lid, over the eyeball, which moves only with the head."""
    box, (upper, lower), within = _moved_layers(frame, cut, motion)
    open_motion = replace(motion, closures_e=np.zeros_like(motion.closures_e))
    target = _target(box)
    still = invert(cut.upper, cut.upper.displacement(open_motion), target)
    below = _texture(cut.upper_rgba[..., :3], still - cut.left_top)
    image = _over(_over(below, lower), upper)
    _paste(frame, image, box, within)


def draw_mouth(frame: np.ndarray, source: MeshSource, motion: Motion3) -> None:
    """Draws the lower lip, then the upper lip, over teeth, tongue and the dark behind them."""
    cut = source.mouth
    box, (upper, lower), within = _moved_layers(frame, cut, motion)
    inside = _interior(source, motion, box)
    _paste(frame, _over(_over(inside, lower), upper), box, within)


def landed_edges(source: MeshSource, motion: Motion3) -> tuple[np.ndarray, np.ndarray]:
    """(S, 2) edges of the upper and of the lower lip in the frame, pixels."""
    cut = source.mouth
    return _landed(cut.upper, cut.upper_edge_s2, motion), _landed(cut.lower, cut.lower_edge_s2, motion)


def _moved_layers(frame: np.ndarray, cut: Cut, motion: Motion3) -> tuple[tuple[int, int, int, int], list[np.ndarray], np.ndarray]:
    """Box of the frame, the upper and the lower sheet in it, and (h, w) how far inside the textures each pixel is, pixels.

    Where the head leans, the corners of the box are beyond the textures.
    """
    fields = [patch.displacement(motion) for patch in (cut.upper, cut.lower)]
    box = _target_box(frame, cut.upper, fields)
    target = _target(box)
    upper, lower = (
        invert(patch, field, target) - cut.left_top for patch, field in zip((cut.upper, cut.lower), fields, strict=True)
    )
    height, width = cut.upper_rgba.shape[:2]
    sides = [upper[..., 0], width - 1 - upper[..., 0], lower[..., 0], width - 1 - lower[..., 0]]
    within = np.minimum.reduce([*sides, upper[..., 1], height - 1 - lower[..., 1]])
    return box, [_texture(cut.upper_rgba, upper), _texture(cut.lower_rgba, lower)], within


def _target_box(frame: np.ndarray, patch: Patch, fields: list[np.ndarray]) -> tuple[int, int, int, int]:
    """The box (left, top, right, bottom) of the moved sheets: from the upper rim of one to the lower rim of the other."""
    rim = BOX_RIM_STEPS
    points = patch.points_n2.reshape(*patch.shape_hw, 2)[:, rim:-rim]
    upper, lower = (field[:, rim:-rim] for field in fields)
    landed = np.concatenate([points[rim] + upper[rim], points[-rim] + lower[-rim]])
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


def _paste(frame: np.ndarray, image: np.ndarray, box: tuple[int, int, int, int], within_hw: np.ndarray) -> None:
    """Pastes the box into the frame. The rim of box and textures fades into the head, which differs there by sampling only."""
    left, top, right, bottom = box
    height, width = image.shape[:2]
    ramp_x = np.minimum(np.arange(width) + 1, width - np.arange(width)) / _FEATHER_PX
    ramp_y = np.minimum(np.arange(height) + 1, height - np.arange(height)) / _FEATHER_PX
    rim = np.minimum(np.minimum(ramp_x[None], ramp_y[:, None]), within_hw / _FEATHER_PX)
    weight = np.clip(rim, 0, 1).astype(np.float32)[..., None]
    region = frame[top:bottom, left:right].astype(np.float32)
    frame[top:bottom, left:right] = np.clip(region + weight * (image - region) + 0.5, 0, 255).astype(np.uint8)


def _interior(source: MeshSource, motion: Motion3, box: tuple[int, int, int, int]) -> np.ndarray:
    """(h, w, 3) float32: the inside of the mouth, as seen without lips."""
    left, top, right, bottom = box
    size = (right - left, bottom - top)
    left_top = np.array([left, top])
    interior = source.interior
    opening = _opening(source, motion, box)
    jaw = 0.6 * motion.expression_k3[space.CHIN] + 0.4 * motion.expression_k3[space.INNER_LOWER]

    def painted(rgba: np.ndarray, offset_3: np.ndarray) -> np.ndarray:
        origin = motion.moved_23 @ (interior.origin_3 + offset_3 - PIVOT_CM) + motion.shift_2
        matrix = interior.placement(origin - left_top, motion.moved_23[:, :2])
        return cv2.warpAffine(rgba, matrix, size, flags=cv2.INTER_LINEAR)

    image = np.broadcast_to(interior.light.cavity_rgb.astype(np.float32), (size[1], size[0], 3))
    image = _over(image, painted(interior.tongue_rgba, _TONGUE_WITH_JAW * jaw))
    image = image * opening.shade(*_SOFT_SHADE)
    teeth_shade = opening.shade(*_TEETH_SHADE)
    image = _over(image, _shaded(painted(interior.lower_rgba, jaw), teeth_shade))
    own = source.own_teeth
    if own is None:
        image = _over(image, _shaded(painted(interior.upper_rgba, np.zeros(3)), teeth_shade))
    else:
        corners = (own.corners_head_33 - PIVOT_CM) @ motion.moved_23.T + motion.shift_2 - left_top
        matrix = cv2.getAffineTransform(own.corners_32, corners.astype(np.float32))
        image = _over(
            image,
            _shaded(
                cv2.warpAffine(own.rgba, matrix, size, flags=cv2.INTER_CUBIC),
                opening.shade(*_OWN_TEETH_SHADE),
            ),
        )
    # An almost closed gap shows the line between the lips, and where lips meet at the sides, what joins them.
    return interior.light.line_rgb + opening.open_share * (image - interior.light.line_rgb)


def _shaded(layer_hw4: np.ndarray, shade: np.ndarray | float) -> np.ndarray:
    layer_hw4[..., :3] *= shade
    return layer_hw4


@dataclass(frozen=True)
class _Opening:
    """The gap between the lips in a box of the frame.

    Attributes:
        depth_hw: 0 at the upper lip, 1 well below it.
        side_w: 0 in the middle of the mouth, 1 at its corners.
        light: share of the light that a gap of this height lets in, up to 1.
        power_rgb: see ``MouthLight.shade_power_rgb``.
        open_share: (1, w, 1) 0 where the lips touch, less than 1 at the sides, 1 where they are clearly apart.
    """

    depth_hw: np.ndarray
    side_w: np.ndarray
    light: float
    power_rgb: np.ndarray
    open_share: np.ndarray

    def shade(self, under_lip: float, at_corners: float) -> np.ndarray:
        """(h, w, 3) share of the light left, given the shares under the upper lip and at the corners."""
        down = under_lip + (1 - under_lip) * self.depth_hw
        side = 1 - (1 - at_corners) * self.side_w**3
        left = (self.light * down * side)[..., None].astype(np.float32)
        return (left**self.power_rgb).astype(np.float32)


def _opening(source: MeshSource, motion: Motion3, box: tuple[int, int, int, int]) -> _Opening:
    left, top, right, bottom = box
    roof, floor = (edge - (left, top) for edge in landed_edges(source, motion))
    x = np.arange(right - left)
    roof_w = np.interp(x, roof[:, 0], roof[:, 1])
    gap_w = np.maximum(np.interp(x, floor[:, 0], floor[:, 1]) - roof_w, 0)
    scale_px = source.geometry.pose.scale_px
    shadow_px = _SHADOW_SHARE * gap_w.max() + _SHADOW_CM * scale_px
    depth = np.clip((np.arange(bottom - top)[:, None] - roof_w) / shadow_px, 0, 1) ** 0.7
    middle, half = (roof[0, 0] + roof[-1, 0]) / 2, max(4.0, (roof[-1, 0] - roof[0, 0]) / 2)
    side = np.clip(np.abs(x - middle) / half, 0, 1)
    wide = float(smoothstep(gap_w.max() / scale_px / _WIDE_CM))
    light = _NARROW_LIGHT + (1 - _NARROW_LIGHT) * wide
    light *= 1 - _ROUND_DARKER * motion.roundness * (1 - wide)
    joined = smoothstep((side - _JOINED_FROM) / (1 - _JOINED_FROM))
    open_w = np.clip((gap_w - 0.4) / 1.6, 0, 1) * (1 - _JOINED_SHARE * joined)
    return _Opening(
        depth,
        side,
        light,
        source.interior.light.shade_power_rgb,
        open_w.astype(np.float32)[None, :, None],
    )


def _landed(patch: Patch, points_s2: np.ndarray, motion: Motion3) -> np.ndarray:
    """(S, 2) frame places of points of the portrait."""
    return points_s2 + sample(patch.displacement(motion), (points_s2 - patch.origin_2) / patch.step_px)
