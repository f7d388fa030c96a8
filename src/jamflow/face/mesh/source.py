"""All that is computed once per portrait: frame, geometry, rig, patches and layers.

A face is a whole (coarse patch) with cuts in it: at the mouth and at each eye, two sheets of skin move
differently and part to show what lies behind. Each cut has a patch for either sheet, at full resolution.

Shapes: K key points (21); xy in frame pixels.
"""

from dataclasses import dataclass

import numpy as np

from jamflow.face import topology as topo
from jamflow.face.canonical import CanonicalFace
from jamflow.face.mesh.contour import Contour, build_contour, matte_below, mean_contour
from jamflow.face.mesh.framing import frame_face
from jamflow.face.mesh.geometry import HeadGeometry, build_geometry
from jamflow.face.mesh.interior import MouthInterior, build_interior
from jamflow.face.mesh.neutral import PARTED_CM, closing_motion, lip_gap_cm
from jamflow.face.mesh.rig import Rig, build_rig
from jamflow.face.mesh.sampling import remap
from jamflow.face.mesh.thin_plate import thin_plate_matrix
from jamflow.face.mesh.warp import Patch, build_patch, grid_points
from jamflow.face.pose import fit_pose
from jamflow.face.tracker import Face

COARSE_PX = 4
_FINE_PX = 2.0
# The cut lies this far inside parted lips: the landmarks' edge still has some teeth in it.
_CUT_INSIDE_PX = 0.8
# The lower sheet reaches this far under the upper one, or the gap would shine through a closed mouth.
_UNDERLAP_PX = 1.5
_LASH_PX = 1.2
_EYE_MIN_APERTURE_CM = 0.35
_LIPS = {
    "upper": topo.UPPER_LIP_OUTER[1:-1] + topo.UPPER_LIP_MIDDLE[1:-1] + topo.UPPER_LIP_INNER[1:-1],
    "lower": topo.LOWER_LIP_OUTER[1:-1] + topo.LOWER_LIP_MIDDLE[1:-1] + topo.LOWER_LIP_INNER[1:-1],
}
_UPPER_LIDS = topo.RIGHT_UPPER_LID[1:-1] + topo.LEFT_UPPER_LID[1:-1] + topo.RIGHT_CREASE + topo.LEFT_CREASE
_LOWER_LIDS = topo.RIGHT_LOWER_LID[1:-1] + topo.LEFT_LOWER_LID[1:-1]


@dataclass(frozen=True)
class Cut:
    """A place where an upper and a lower sheet of skin part.

    Attributes:
        upper, lower: how each sheet moves.
        upper_rgba, lower_rgba: (h, w, 4) float32 texture of each sheet, 0 to 255; alpha is where it is.
        left_top: frame pixel of the textures' first pixel.
    """

    upper: Patch
    lower: Patch
    upper_rgba: np.ndarray
    lower_rgba: np.ndarray
    left_top: np.ndarray


@dataclass(frozen=True)
class MeshSource:
    """A portrait ready to be rendered. Read-only, so threads may share it.

    Attributes:
        frame_size: (width, height) of every frame, pixels.
        warnings: what the user should know about this portrait.
        rgb: (H, W, 3) uint8, the portrait inside the frame.
    """

    frame_size: tuple[int, int]
    warnings: tuple[str, ...]
    rgb: np.ndarray
    geometry: HeadGeometry
    canonical_v3: np.ndarray
    whole: Patch
    moving_xyxy: tuple[int, int, int, int]
    mouth: Cut
    eyes: tuple[Cut, Cut]
    eyes_open: tuple[bool, bool]
    interior: MouthInterior


def prepare_source(rgb: np.ndarray, face: Face, canonical: CanonicalFace, size_px: int) -> MeshSource:
    """Frames the face and computes everything that does not change from frame to frame."""
    frame = frame_face(rgb, face, size_px)
    height, width = frame.rgb.shape[:2]
    mesh = frame.landmarks_l3[:468]
    pose = fit_pose(Face(frame.landmarks_l3, face.presence), canonical)
    person = pose.to_canonical(mesh)
    geometry = build_geometry(mesh, pose, (width, height))
    rig = build_rig(mesh, person)
    parted = lip_gap_cm(person) >= PARTED_CM
    rest = closing_motion(rig, person, 2 * _CUT_INSIDE_PX / pose.scale_px)
    sheets = _Sheets(rig, rest, geometry)
    upper_lip, lower_lip = _lip_contours(mesh, parted)
    mouth = _mouth_cut(frame.rgb, sheets, mesh, upper_lip, lower_lip, parted)
    eyes = tuple(
        _eye_cut(frame.rgb, sheets, mesh, *lids)
        for lids in (
            (topo.RIGHT_UPPER_LID, topo.RIGHT_LOWER_LID, topo.RIGHT_CREASE),
            (topo.LEFT_UPPER_LID, topo.LEFT_LOWER_LID, topo.LEFT_CREASE),
        )
    )
    aperture = person[[159, 386], 1] - person[[145, 374], 1]
    eyes_open = (bool(aperture[0] > _EYE_MIN_APERTURE_CM), bool(aperture[1] > _EYE_MIN_APERTURE_CM))
    whole = _whole_patch(sheets, mesh, mean_contour(upper_lip, lower_lip), (width, height))
    return MeshSource(
        frame_size=(width, height),
        warnings=_warnings(pose.angles_3[1], eyes_open),
        rgb=frame.rgb,
        geometry=geometry,
        canonical_v3=person,
        whole=whole,
        moving_xyxy=_moving_box(geometry),
        mouth=mouth,
        eyes=(eyes[0], eyes[1]),
        eyes_open=eyes_open,
        interior=build_interior(frame.rgb, mesh, person, pose, parted),
    )


@dataclass(frozen=True)
class _Sheets:
    """Makes patches whose motion ignores the control points of the other side of a cut."""

    rig: Rig
    rest_c3: np.ndarray
    geometry: HeadGeometry

    def matrix(self, left_out: tuple[int, ...], points_n2: np.ndarray) -> np.ndarray:
        keep = self.rig.without(left_out)
        matrix = np.zeros((len(points_n2), len(self.rig.vertices_c)), np.float32)
        matrix[:, keep] = thin_plate_matrix(self.rig.points_c3[keep, :2], points_n2)
        return matrix

    def patch(
        self, origin_2: np.ndarray, step_px: float, shape_hw: tuple[int, int], matrix: np.ndarray
    ) -> Patch:
        rig = self.rig
        return build_patch(
            self.geometry, origin_2, step_px, shape_hw, matrix, self.rest_c3, rig.weights_ck, rig.closing_ec3
        )


def _lip_contours(mesh: np.ndarray, parted: bool) -> tuple[Contour, Contour]:
    corners = mesh[[61, 291], :2]
    upper = build_contour(mesh[[61, *topo.UPPER_LIP_INNER, 291], :2], corners)
    lower = build_contour(mesh[[61, *topo.LOWER_LIP_INNER, 291], :2], corners)
    if parted:
        return upper.shifted(-_CUT_INSIDE_PX), lower.shifted(_CUT_INSIDE_PX)
    line = mean_contour(upper, lower)
    return line, line


def _mouth_cut(
    rgb: np.ndarray, sheets: _Sheets, mesh: np.ndarray, upper_lip: Contour, lower_lip: Contour, parted: bool
) -> Cut:
    scale = sheets.geometry.pose.scale_px
    lips = mesh[list(topo.UPPER_LIP_OUTER + topo.LOWER_LIP_OUTER), :2]
    box = _box(lips, 1.6 * scale, rgb.shape)
    pixels = _pixels(box)
    upper_rgb = lower_rgb = _cut_out(rgb, box)
    if parted:
        upper_rgb = _held_at(rgb, box, upper_lip, above=True)
        lower_rgb = _held_at(rgb, box, lower_lip, above=False)
    upper_matte = 1 - matte_below(upper_lip, pixels)
    lower_matte = matte_below(lower_lip.shifted(-_UNDERLAP_PX), pixels)
    lower_matte = np.where(lower_lip.beyond(pixels) > 0, 1, lower_matte)
    return _cut(
        sheets, box, (upper_rgb, upper_matte, _LIPS["lower"]), (lower_rgb, lower_matte, _LIPS["upper"])
    )


def _eye_cut(
    rgb: np.ndarray, sheets: _Sheets, mesh: np.ndarray, upper: tuple, lower: tuple, crease: tuple
) -> Cut:
    scale = sheets.geometry.pose.scale_px
    box = _box(mesh[list(upper + lower + crease), :2], 0.8 * scale, rgb.shape)
    pixels = _pixels(box)
    corners = mesh[[upper[0], upper[-1]], :2]
    upper_lid = build_contour(mesh[list(upper), :2], corners).shifted(_LASH_PX)
    lower_lid = build_contour(mesh[list(lower), :2], corners)
    texture = _cut_out(rgb, box)
    lower_matte = np.where(lower_lid.beyond(pixels) > 0, 1, matte_below(lower_lid, pixels))
    upper_matte = 1 - matte_below(upper_lid, pixels)
    return _cut(
        sheets,
        box,
        (texture, upper_matte, _LOWER_LIDS + _LIPS["lower"]),
        (texture, lower_matte, _UPPER_LIDS + _LIPS["lower"]),
    )


def _cut(sheets: _Sheets, box: tuple, upper: tuple, lower: tuple) -> Cut:
    left, top, right, bottom = box
    shape = (int((bottom - top) // _FINE_PX) + 1, int((right - left) // _FINE_PX) + 1)
    points = grid_points(np.array([left, top]), _FINE_PX, shape)
    patches, textures = [], []
    for rgb, matte, left_out in (upper, lower):
        patches.append(sheets.patch(np.array([left, top]), _FINE_PX, shape, sheets.matrix(left_out, points)))
        textures.append(np.dstack([rgb, 255 * matte.reshape(rgb.shape[:2])]).astype(np.float32))
    return Cut(patches[0], patches[1], textures[0], textures[1], np.array([left, top], np.float32))


def _whole_patch(sheets: _Sheets, mesh: np.ndarray, lip_line: Contour, size_wh: tuple[int, int]) -> Patch:
    """The head at low resolution; at the cuts it follows the nearer sheet; finer patches cover them."""
    width, height = size_wh
    shape = (-(-height // COARSE_PX), -(-width // COARSE_PX))
    # Pixel centres of the coarse cells, so that cv2.resize brings the map to full size without a shift.
    origin = np.full(2, (COARSE_PX - 1) / 2)
    points = grid_points(origin, COARSE_PX, shape)
    eye_line = build_contour(mesh[[33, 133, 362, 263], :2], mesh[[33, 263], :2])
    under_eyes = np.clip(0.5 + eye_line.below(points) / 6, 0, 1)[:, None]
    under_lips = np.clip(0.5 + lip_line.below(points) / 6, 0, 1)[:, None]
    forehead = sheets.matrix(_LOWER_LIDS + _LIPS["lower"], points)
    midface = sheets.matrix(_UPPER_LIDS + _LIPS["lower"], points)
    chin = sheets.matrix(_UPPER_LIDS + _LIPS["upper"], points)
    blended = forehead * (1 - under_eyes) + midface * (under_eyes - under_lips) + chin * under_lips
    return sheets.patch(origin, COARSE_PX, shape, blended)


def _moving_box(geometry: HeadGeometry) -> tuple[int, int, int, int]:
    """The part of the frame that ever changes, grown to whole coarse cells."""
    width, height = geometry.size_wh
    shape = (-(-height // COARSE_PX), -(-width // COARSE_PX))
    points = grid_points(np.zeros(2), COARSE_PX, shape)
    moves = (geometry.head_share(points) > 0) | (geometry.expression_share(points) > 0)
    x, y = points[moves].astype(int).T
    return (
        int(max(0, x.min() - 4 * COARSE_PX)),
        int(max(0, y.min() - 4 * COARSE_PX)),
        int(min(width, x.max() + 5 * COARSE_PX)),
        int(min(height, y.max() + 5 * COARSE_PX)),
    )


def _box(points_n2: np.ndarray, margin_px: float, shape: tuple) -> tuple[int, int, int, int]:
    """Whole-pixel box around points with a margin, inside the picture."""
    low = np.floor(points_n2.min(0) - margin_px).astype(int)
    high = np.ceil(points_n2.max(0) + margin_px).astype(int)
    left, top = np.clip(low, 0, None)
    right, bottom = np.minimum(high, [shape[1], shape[0]])
    return int(left), int(top), int(right), int(bottom)


def _pixels(box: tuple) -> np.ndarray:
    left, top, right, bottom = box
    return grid_points(np.array([left, top]), 1, (bottom - top, right - left))


def _cut_out(rgb: np.ndarray, box: tuple) -> np.ndarray:
    left, top, right, bottom = box
    return rgb[top:bottom, left:right].astype(np.float32)


def _held_at(rgb: np.ndarray, box: tuple, contour: Contour, above: bool) -> np.ndarray:
    """The texture of one lip, its edge drawn on over the gap so that no tooth bleeds into it."""
    left, top, right, bottom = box
    pixels = _pixels(box)
    local = contour.local(pixels)
    edge = contour.height(local[:, 0])
    inside = contour.beyond(pixels) == 0
    bound = np.minimum(local[:, 1], edge - 0.7) if above else np.maximum(local[:, 1], edge + 0.7)
    local[:, 1] = np.where(inside, bound, local[:, 1])
    at = (
        (local @ contour.axes_22 + contour.origin_2).astype(np.float32).reshape(bottom - top, right - left, 2)
    )
    return remap(rgb, at).astype(np.float32)


def _warnings(yaw_deg: float, eyes_open: tuple[bool, bool]) -> tuple[str, ...]:
    warnings = []
    if abs(yaw_deg) > 15:
        warnings.append(
            f"The face is turned to the side by {abs(yaw_deg):.0f} degrees; the head will move less."
        )
    if not any(eyes_open):
        warnings.append("The eyes are closed in the portrait and stay closed.")
    return tuple(warnings)
