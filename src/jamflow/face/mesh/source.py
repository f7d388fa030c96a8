"""Everything that is computed once per portrait: geometry, rig, the head and the cuts in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jamflow.face.canonical import CanonicalFace
from jamflow.face.mesh.contour import mean_contour
from jamflow.face.mesh.corners import without_shadows
from jamflow.face.mesh.cuts import LEFT_EYE, RIGHT_EYE, Cut, cut_eye, cut_mouth
from jamflow.face.mesh.geometry import HeadGeometry, build_geometry
from jamflow.face.mesh.interior import MouthInterior, OwnTeeth, build_interior, cut_own_teeth
from jamflow.face.mesh.light import light_mouth
from jamflow.face.mesh.lips import cut_lips
from jamflow.face.mesh.neutral import closed_lips_middle, closing_motion
from jamflow.face.mesh.rig import build_rig
from jamflow.face.mesh.rounding import puckering_motion, unsmiling_motion
from jamflow.face.mesh.sheets import SheetMaker
from jamflow.face.mesh.warp import Patch, grid_points
from jamflow.face.outline import Outline
from jamflow.face.pose import fit_pose
from jamflow.face.tracker import Face

TURNED_DEG = 15.0
_EYE_MIN_APERTURE_CM = 0.35


@dataclass(frozen=True)
class MeshSource:
    """A portrait ready to be rendered. Read-only, so threads may share it.

    Attributes:
        warnings: what the user should know about this portrait.
        rgb: (H, W, 3) uint8, the portrait, which is the frame.
        geometry: the head in the frame.
        whole: motion of the whole head, at low resolution.
        moving_xyxy: the part of the frame that can change: left, top, right, bottom.
        mouth: the cut between the lips.
        eyes: the cuts between the lids, right and left.
        eyes_open: whether the right and the left eye are open in the portrait.
        interior: inside of an open mouth.
        own_teeth: teeth of a portrait with an open smile.
        freedom: how far the head may turn and move, see `HeadGeometry.freedom`.
    """

    warnings: tuple[str, ...]
    rgb: np.ndarray
    geometry: HeadGeometry
    whole: Patch
    moving_xyxy: tuple[int, int, int, int]
    mouth: Cut
    eyes: tuple[Cut, Cut]
    eyes_open: tuple[bool, bool]
    interior: MouthInterior
    own_teeth: OwnTeeth | None
    freedom: float


def prepare_source(rgb: np.ndarray, face: Face, canonical: CanonicalFace, others: Sequence[Face] = ()) -> MeshSource:
    """Computes everything that does not change from frame to frame, for a picture of head and shoulders.

    others: the other faces in it, or near it, which keep still.
    """
    height, width = rgb.shape[:2]
    mesh = face.mesh_v3
    pose = fit_pose(face, canonical)
    person = pose.to_canonical(mesh)
    geometry = build_geometry(mesh, pose, (width, height), tuple(Outline.of(other, canonical) for other in others))
    rig = build_rig(mesh, person)
    lips = cut_lips(rgb, mesh, person, pose.scale_px)
    light = light_mouth(rgb, mesh, lips)
    lit = without_shadows(rgb, mesh[[61, 291], :2], lips, light.lip_rgb, pose.scale_px)
    smile = light.own_teeth is not None
    rest = closing_motion(rig, person, lips, smile)
    middle = closed_lips_middle(rig, rest, person, lips)
    sheets = SheetMaker(rig, rest, unsmiling_motion(rig, person, middle), puckering_motion(rig, person), geometry)
    half_width = float(np.abs(person[[61, 291], 0] - middle[0]).mean())
    aperture = person[[159, 386], 1] - person[[145, 374], 1]
    eyes_open = (bool(aperture[0] > _EYE_MIN_APERTURE_CM), bool(aperture[1] > _EYE_MIN_APERTURE_CM))
    return MeshSource(
        warnings=_warnings(pose.angles_3[1], eyes_open),
        rgb=rgb,
        geometry=geometry,
        whole=sheets.whole(mesh, mean_contour(lips.upper, lips.lower)),
        moving_xyxy=_moving_box(geometry),
        mouth=cut_mouth(lit, sheets, mesh, lips),
        eyes=(cut_eye(rgb, sheets, mesh, RIGHT_EYE), cut_eye(rgb, sheets, mesh, LEFT_EYE)),
        eyes_open=eyes_open,
        interior=build_interior(light, middle, half_width, pose),
        own_teeth=(cut_own_teeth(rgb, light.own_teeth, geometry) if smile and light.own_teeth is not None else None),
        freedom=geometry.freedom,
    )


def _moving_box(geometry: HeadGeometry) -> tuple[int, int, int, int]:
    """The box around every point that moves, with a margin for the coarse cells at the rim."""
    width, height = geometry.size_wh
    step = geometry.coarse_px
    points = grid_points(np.zeros(2), step, (-(-height // step), -(-width // step)))
    moves = (geometry.head_share(points) > 0) | (geometry.expression_share(points) > 0)
    left, top = np.maximum(points[moves].min(0) - 4 * step, 0).astype(int)
    right, bottom = np.minimum(points[moves].max(0) + 5 * step, [width, height]).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _warnings(yaw_deg: float, eyes_open: tuple[bool, bool]) -> tuple[str, ...]:
    warnings = []
    if abs(yaw_deg) > TURNED_DEG:
        warnings.append(f"The face is turned to the side by {abs(yaw_deg):.0f} degrees; the head will move less.")
    if not any(eyes_open):
        warnings.append("The eyes are closed in the portrait and stay closed.")
    return tuple(warnings)
