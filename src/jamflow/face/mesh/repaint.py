"""Repaints the mouth in a frame of a video: moves the frame's own skin over the inside of the mouth.

Only the mouth and the jaw move, and the motion fades out around the face, so there is no seam. Where nothing moves, the frame is
bit-identical; so is a frame whose target mouth equals the filmed one.

Shapes: K key points (21), C control points, S points of a lip's edge, h, w of the part that is painted; 2 = xy in pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face import topology as topo
from jamflow.face.mesh import space
from jamflow.face.mesh.contour import Contour, matte_below
from jamflow.face.mesh.gap import Gap, gap_between
from jamflow.face.mesh.insides import Inside, between, cut_out, skin_of
from jamflow.face.mesh.lips import LipCut, cut_lips
from jamflow.face.mesh.part import Part, mesh_px, part_of
from jamflow.face.mesh.rig import Rig, build_rig
from jamflow.face.mesh.sampling import mixed, remap, sample, smoothstep
from jamflow.face.mesh.seen_face import SeenFace
from jamflow.face.mesh.sheets import LOWER_LIP, UPPER_LIP
from jamflow.face.mesh.warp import Grid, grid_points

_TEXTURE_INSIDE_PX, _UNDERLAP_PX = 0.7, 0.4
# In a video the landmarks track the lips as they part; a deeper search would mistake painted or wet lips for the gap.
_DEEPEST_CM = 0.12
_LIPS_MARGIN_CM, _LIPS_MARGIN_PX = 0.6, 8
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
    part = part_of(face, rgb.shape)
    left, top, right, bottom = part.box
    filmed = rgb[top:bottom, left:right]
    lips = lips_of(rgb, face)
    rig = build_rig(face.mesh_v3, face.person_v3)
    motion_c2 = _control_motion(rig, face, lips, wanted)
    upper_field, lower_field = (part.field(rig, face, other, motion_c2) for other in (LOWER_LIP, UPPER_LIP))
    landed = gap_between(_landed(lips.upper, part.grid, upper_field), _landed(lips.lower, part.grid, lower_field))
    upper = _sheet(part, lips.upper, True, lips.parted, upper_field)
    lower = _sheet(part, lips.lower, False, lips.parted, lower_field)
    image = _inside(rgb, face, lips, landed, wanted, insides, part)
    _cover(image, filmed, lower, _rows(upper.matte_hw < 1))
    _cover(image, filmed, upper, _rows(upper.matte_hw > 0))
    out = rgb.copy()
    out[top:bottom, left:right] = mixed(filmed, image, part.weight_hw)
    return out


def lips_of(rgb: np.ndarray, face: SeenFace) -> LipCut:
    """The cut between the lips in a frame, in its pixels; a large mouth is looked at in a smaller picture."""
    times = mesh_px(face)
    mouth = face.mesh_v3[list(topo.UPPER_LIP_OUTER + topo.LOWER_LIP_OUTER), :2]
    margin = _LIPS_MARGIN_CM * face.pose.scale_px + _LIPS_MARGIN_PX * times
    left, top = np.clip(np.floor(mouth.min(0) - margin).astype(int), 0, np.array(rgb.shape[1::-1]) - times)
    right, bottom = np.ceil(mouth.max(0) + margin).astype(int)
    around = rgb[top : max(bottom, top + times), left : max(right, left + times)]
    height, width = (n // times for n in around.shape[:2])
    if times > 1:
        around = cv2.resize(around[: height * times, : width * times], (width, height), interpolation=cv2.INTER_AREA)
    origin_2 = np.array([left, top]) + (times - 1) / 2
    mesh_v3 = (face.mesh_v3 - [*origin_2, 0.0]) / times
    lips = cut_lips(around, mesh_v3, face.person_v3, face.pose.scale_px / times, _DEEPEST_CM)
    return lips.placed(times, origin_2)


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


@dataclass(frozen=True)
class _Sheet:
    """The skin on one side of an edge, extended beyond it, after its motion.

    Attributes:
        at_hw2: for every pixel of the part, its place in the filmed part.
        matte_hw: how far each pixel is covered, 0 to 1.
    """

    at_hw2: np.ndarray
    matte_hw: np.ndarray


def _sheet(part: Part, edge: Contour, above: bool, parted: bool, field_hw2: np.ndarray) -> _Sheet:
    from_n2 = part.look_back(field_hw2)
    step = part.step_px
    if above:
        matte = 1 - matte_below(edge, from_n2, step)
    else:
        matte = np.where(edge.beyond(from_n2) > 0, 1, matte_below(edge.shifted(-_UNDERLAP_PX * step), from_n2, step))
    held = edge.held(from_n2, above, _TEXTURE_INSIDE_PX * step) if parted else from_n2
    return _Sheet(part.at(held), part.per_pixel(matte))


def _rows(mask_hw: np.ndarray) -> slice:
    """The rows with any of the mask, and what is between."""
    rows = np.flatnonzero(mask_hw.any(1))
    return slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else slice(0, 0)


def _cover(image: np.ndarray, filmed: np.ndarray, sheet: _Sheet, rows: slice) -> None:
    """Lays a sheet of the filmed part over these rows of the image, in place; both (h, w, 3) uint8."""
    if rows.stop > rows.start:
        skin = remap(filmed, sheet.at_hw2[rows], cubic=True)
        image[rows] = mixed(image[rows], skin, sheet.matte_hw[rows])


def _inside(
    rgb: np.ndarray, face: SeenFace, lips: LipCut, landed: Gap, wanted: Wanted, insides: tuple[Inside, ...], part: Part
) -> np.ndarray:
    """(h, w, 3) uint8: the part as seen without lips."""
    left, top, right, bottom = part.box
    image = rgb[top:bottom, left:right].copy()
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
        mine = cut_out(rgb, lips.upper.points(), lips.lower.points(), face.pose.scale_px, skin)
        seen += np.float32(own) * (mine.seen(u, v, skin) - seen)
    # An almost closed gap shows the line between the lips.
    line = _line_colour(rgb, face)
    open_share = np.clip((height - 0.4) / 1.6, 0, 1).astype(np.float32)[..., None]
    image[y0:y1, x0:x1] = np.clip(line + open_share * (seen - line) + np.float32(0.5), 0, 255).astype(np.uint8)
    return image


def _line_colour(rgb: np.ndarray, face: SeenFace) -> np.ndarray:
    lips = face.mesh_v3[[12, 15, 268, 38, 86, 316], :2].round().astype(int)
    x, y = np.clip(lips, 0, [rgb.shape[1] - 1, rgb.shape[0] - 1]).T
    return (0.55 * np.median(rgb[y, x], axis=0)).astype(np.float32)
