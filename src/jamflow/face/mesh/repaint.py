"""Repaints the mouth in a frame of a video: moves the frame's own skin over the inside of the mouth.

Only the mouth and the jaw move, and the motion fades out around the face, so there is no seam. Where nothing moves, the frame is
bit-identical; so is a frame whose target mouth equals the filmed one.

Shapes: K key points (21), C control points, S points of a lip's edge, h, w of the part that is painted; 2 = xy in frame pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face import topology as topo
from jamflow.face.mesh import space
from jamflow.face.mesh.contour import Contour, matte_below
from jamflow.face.mesh.gap import Gap, gap_between
from jamflow.face.mesh.insides import Inside, between, skin_of
from jamflow.face.mesh.lips import LipCut, cut_lips
from jamflow.face.mesh.rig import Rig, build_rig
from jamflow.face.mesh.sampling import remap, sample, smoothstep
from jamflow.face.mesh.seen_face import SeenFace
from jamflow.face.mesh.sheets import LOWER_LIP, UPPER_LIP
from jamflow.face.mesh.thin_plate import thin_plate
from jamflow.face.mesh.warp import Grid, grid_points, invert
from jamflow.face.outline import outline_radius

# The range in which motion fades out: outwards in multiples of the face's outline, upwards in face heights above the nose base.
_FULL, _END = 1.3, 1.6
_UP_FULL, _UP_END = 0.05, 0.2
_CONTROLS_UP = 0.4
_STEPS_PER_CM, _STEP_PX = 3, (2, 16)
_TEXTURE_INSIDE_PX, _UNDERLAP_PX = 0.7, 0.4
# In a video the landmarks track the lips as they part; a deeper search would mistake painted or wet lips for the gap.
_DEEPEST_CM = 0.12
_LEAST_CM = 1e-3  # smaller motion is ignored
# The frame's own inside of the mouth is kept if the gap changes by less than the first number, and not used above the second.
_OWN_CM = (0.1, 0.3)
_MIDDLE_SHARE, _OUTER_SHARE = 0.85, 0.6


@dataclass(frozen=True)
class Wanted:
    """A target mouth relative to the filmed one, in centimetres.

    Attributes:
        by_k3: (K, 3) displacement of the key points.
        filmed_cm, wanted_cm: distance of the lips in the middle, 0 if they touch.
    """

    by_k3: np.ndarray
    filmed_cm: float
    wanted_cm: float


def wanted_mouth(filmed_k3: np.ndarray, wanted_k3: np.ndarray) -> Wanted:
    """The target mouth, from two expressions (K, 3) relative to the person at rest."""
    gaps = [float(e[space.INNER_UPPER, 1] - e[space.INNER_LOWER, 1]) for e in (filmed_k3, wanted_k3)]
    moved = list(space.MESH_SPACE.mouth)
    by = space.follow_mouth(wanted_k3[None, moved])[0] - space.follow_mouth(filmed_k3[None, moved])[0]
    return Wanted(by, *(max(0.0, gap) for gap in gaps))


def repaint(rgb: np.ndarray, face: SeenFace, wanted: Wanted, insides: tuple[Inside, ...]) -> np.ndarray:
    """The frame with the new mouth, (H, W, 3) uint8; unchanged where nothing moves."""
    if np.abs(wanted.by_k3).max() < _LEAST_CM:
        return rgb
    part = _part(face, rgb.shape)
    left, top, right, bottom = part.box
    cut_out = rgb[top:bottom, left:right]
    lips = lips_of(rgb, face)
    rig = build_rig(face.mesh_v3, face.person_v3)
    motion_c2 = _control_motion(rig, face, lips, wanted)
    pixels = grid_points(np.array([left, top]), 1, cut_out.shape[:2])
    upper, lower = (part.field(rig, face, other, motion_c2) for other in (LOWER_LIP, UPPER_LIP))
    landed = gap_between(_landed(lips.upper, part.grid, upper), _landed(lips.lower, part.grid, lower))
    image = _inside(rgb, face, lips, landed, wanted, insides, pixels, part)
    for edge, above, field in ((lips.lower, False, lower), (lips.upper, True, upper)):
        image = _over(image, _sheet(cut_out, pixels, edge, above, lips.parted), part.look_back(field))
    out = rgb.copy()
    mixed = cut_out + part.weight_hw[..., None] * (image - cut_out)
    out[top:bottom, left:right] = np.where(part.weight_hw[..., None] > 0, np.clip(mixed + 0.5, 0, 255).astype(np.uint8), cut_out)
    return out


def lips_of(rgb: np.ndarray, face: SeenFace) -> LipCut:
    """The cut between the lips in a frame, in its pixels."""
    return cut_lips(rgb, face.mesh_v3, face.person_v3, face.pose.scale_px, _DEEPEST_CM)


@dataclass(frozen=True)
class _Part:
    """The part of a frame that may change.

    box: left, top, right, bottom. grid: coarse points in it. share_hw: weight of the motion at these points.
    weight_hw: weight of the new picture for every pixel of the box, 1 except at the rim.
    """

    box: tuple[int, int, int, int]
    grid: Grid
    points_n2: np.ndarray
    share_hw: np.ndarray
    weight_hw: np.ndarray

    def field(self, rig: Rig, face: SeenFace, left_out: tuple[int, ...], motion_c2: np.ndarray) -> np.ndarray:
        """(h, w, 2) displacement of the grid points in pixels, from the control points without the vertices left out."""
        keep = rig.without(left_out)
        height = _heights_up(rig.points_c3[keep, :2], face)
        keep = keep[height < _CONTROLS_UP]
        motion = thin_plate(rig.points_c3[keep, :2], motion_c2[keep], self.points_n2)
        return motion.reshape(*self.share_hw.shape, 2) * self.share_hw[..., None]

    def look_back(self, field_hw2: np.ndarray) -> np.ndarray:
        """(h, w, 2) backward map: for every pixel of the box, its source place in the box."""
        rows, columns = self.share_hw.shape
        target = self.points_n2.reshape(rows, columns, 2).astype(np.float32)
        back = invert(self.grid, field_hw2, target) - target
        left, top, right, bottom = self.box
        step = int(self.grid.step_px)
        full = cv2.resize(back, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)[: bottom - top, : right - left]
        y, x = np.mgrid[0 : bottom - top, 0 : right - left].astype(np.float32)
        return full + np.dstack([x, y])


def _part(face: SeenFace, shape: tuple[int, ...]) -> _Part:
    oval = face.mesh_v3[list(topo.FACE_OVAL), :2]
    centre = oval.mean(0)
    ring = centre + _END * (oval - centre)
    ring = ring[_heights_up(ring, face) < _UP_END + 0.05]
    step = int(np.clip(round(face.pose.scale_px / _STEPS_PER_CM), *_STEP_PX))
    left, top = np.clip(np.floor(ring.min(0)).astype(int), 0, [shape[1] - 2, shape[0] - 2])
    right, bottom = np.clip(np.ceil(ring.max(0)).astype(int), [left + 2, top + 2], [shape[1], shape[0]])
    size = (-(-(bottom - top) // step), -(-(right - left) // step))
    # Centres of the coarse cells, so that cv2.resize brings the map to full size without a shift.
    origin = np.array([left, top]) + (step - 1) / 2
    points = grid_points(origin, step, size)
    radius, _ = outline_radius(points, face.mesh_v3, face.pose)
    share = smoothstep((_END - radius) / (_END - _FULL))
    share *= smoothstep((_UP_END - _heights_up(points, face)) / (_UP_END - _UP_FULL))
    share = share.reshape(size).astype(np.float32)
    weight = np.clip(cv2.resize(share, (size[1] * step, size[0] * step))[: bottom - top, : right - left] * 8, 0, 1)
    return _Part((int(left), int(top), int(right), int(bottom)), Grid(origin.astype(np.float32), step), points, share, weight)


def _heights_up(points_n2: np.ndarray, face: SeenFace) -> np.ndarray:
    """(N,) height above the base of the nose, in face heights."""
    up = face.mesh_v3[10, :2] - face.mesh_v3[152, :2]
    return (points_n2 - face.mesh_v3[2, :2]) @ up / (up @ up)


def _control_motion(rig: Rig, face: SeenFace, lips: LipCut, wanted: Wanted) -> np.ndarray:
    """(C, 2) displacement of the control points, pixels.

    Key points alone would close the lips only as precisely as the landmarks find their edges. So the gap seen in the frame is
    scaled down, or widened by the missing amount, at every position along the mouth.
    """
    motion = rig.weights_ck @ wanted.by_k3
    index = {int(vertex): k for k, vertex in enumerate(rig.vertices_c) if vertex >= 0}
    gap_s3 = np.zeros((len(topo.UPPER_LIP_INNER), 3))
    if lips.parted:
        gap_s3 = face.person_v3[list(topo.UPPER_LIP_INNER)] - face.person_v3[list(topo.LOWER_LIP_INNER)]
        gap_s3[1:-1, 1] += lips.upper_cm_s[1:-1] + lips.lower_cm_s[1:-1]
    uppers, lowers = ([index[v] for v in contour] for contour in (topo.UPPER_LIP_INNER, topo.LOWER_LIP_INNER))
    rigged_s3 = motion[uppers] - motion[lowers]
    if wanted.wanted_cm < wanted.filmed_cm:
        change_s3 = gap_s3 * (wanted.wanted_cm / max(wanted.filmed_cm, _LEAST_CM) - 1)
    else:
        middle = len(uppers) // 2
        change_s3 = rigged_s3 * ((wanted.wanted_cm - wanted.filmed_cm) / max(float(rigged_s3[middle, 1]), 1e-3))
    extra_s3 = (change_s3 - rigged_s3) / 2
    for upper, lower, share in (
        (topo.UPPER_LIP_INNER, topo.LOWER_LIP_INNER, 1.0),
        (topo.UPPER_LIP_MIDDLE, topo.LOWER_LIP_MIDDLE, _MIDDLE_SHARE),
        (topo.UPPER_LIP_OUTER, topo.LOWER_LIP_OUTER, _OUTER_SHARE),
    ):
        for k in range(1, len(upper) - 1):
            motion[index[upper[k]]] += share * extra_s3[k]
            motion[index[lower[k]]] -= share * extra_s3[k]
    return motion @ face.per_cm_23.T


def _landed(edge: Contour, grid: Grid, field_hw2: np.ndarray) -> np.ndarray:
    """(S, 2) the moved points of an edge."""
    points = edge.points()
    return points + sample(field_hw2, (points - grid.origin_2) / grid.step_px)


def _sheet(cut_out: np.ndarray, pixels: np.ndarray, edge: Contour, above: bool, parted: bool) -> np.ndarray:
    """(h, w, 4) float32, 0 to 255: the skin on one side of an edge, extended beyond it, with its matte as alpha."""
    height, width = cut_out.shape[:2]
    matte = (
        1 - matte_below(edge, pixels)
        if above
        else np.where(edge.beyond(pixels) > 0, 1, matte_below(edge.shifted(-_UNDERLAP_PX), pixels))
    )
    colour = cut_out
    if parted:
        at = (edge.held(pixels, above, _TEXTURE_INSIDE_PX) - pixels[0]).astype(np.float32).reshape(height, width, 2)
        colour = remap(cut_out, at)
    return np.dstack([colour, 255 * matte.reshape(height, width)]).astype(np.float32)


def _over(below_hw3: np.ndarray, sheet_hw4: np.ndarray, look_hw2: np.ndarray) -> np.ndarray:
    layer = remap(sheet_hw4, look_hw2, cubic=True)
    return below_hw3 + np.clip(layer[..., 3:] / 255, 0, 1) * (layer[..., :3] - below_hw3)


def _inside(
    rgb: np.ndarray,
    face: SeenFace,
    lips: LipCut,
    landed: Gap,
    wanted: Wanted,
    insides: tuple[Inside, ...],
    pixels: np.ndarray,
    part: _Part,
) -> np.ndarray:
    """(h, w, 3) float32: the frame as seen without lips."""
    left, top, right, bottom = part.box
    image = rgb[top:bottom, left:right].astype(np.float32)
    low = np.minimum(landed.points(np.linspace(0, 1, 9), np.zeros(9)), landed.points(np.linspace(0, 1, 9), np.ones(9))).min(0)
    high = np.maximum(landed.points(np.linspace(0, 1, 9), np.zeros(9)), landed.points(np.linspace(0, 1, 9), np.ones(9))).max(0)
    x0, y0 = np.clip(np.floor(low).astype(int) - 3 - [left, top], 0, [right - left, bottom - top])
    x1, y1 = np.clip(np.ceil(high).astype(int) + 4 - [left, top], 0, [right - left, bottom - top])
    if x1 <= x0 or y1 <= y0:
        return image
    shape = (y1 - y0, x1 - x0)
    u, v, height = (
        x.reshape(shape) for x in landed.inside(grid_points(np.array([left + x0, top + y0]), 1, shape).astype(np.float64))
    )
    skin = skin_of(rgb, face)
    seen = between(insides, landed.height_px / face.pose.scale_px, u, v, skin)
    own = 1 - float(smoothstep(np.array((abs(wanted.wanted_cm - wanted.filmed_cm) - _OWN_CM[0]) / (_OWN_CM[1] - _OWN_CM[0]))))
    if lips.parted and own > 0:
        mine = Inside(rgb, gap_between(lips.upper.points(), lips.lower.points()), 0.0, skin)
        seen += np.float32(own) * (mine.seen(u, v, skin) - seen)
    # An almost closed gap shows the line between the lips.
    line = _line_colour(rgb, face)
    open_share = np.clip((height - 0.4) / 1.6, 0, 1).astype(np.float32)[..., None]
    image[y0:y1, x0:x1] = line + open_share * (seen - line)
    return image


def _line_colour(rgb: np.ndarray, face: SeenFace) -> np.ndarray:
    lips = face.mesh_v3[[12, 15, 268, 38, 86, 316], :2].round().astype(int)
    x, y = np.clip(lips, 0, [rgb.shape[1] - 1, rgb.shape[0] - 1]).T
    return (0.55 * np.median(rgb[y, x], axis=0)).astype(np.float32)
