"""Chooses frames of a video that show the inside of the mouth, and paints openings that no frame shows.

Shapes: K frames of the video.
"""

import numpy as np

from jamflow.face.canonical import CanonicalFace
from jamflow.face.face_video import FaceVideo
from jamflow.face.framing import frame_face
from jamflow.face.mesh import space
from jamflow.face.mesh.compose import draw_mouth, landed_edges
from jamflow.face.mesh.insides import Inside, cut_out, skin_of
from jamflow.face.mesh.repaint import lips_of
from jamflow.face.mesh.seen_face import SeenFace, seen_face
from jamflow.face.mesh.source import prepare_source
from jamflow.face.mesh.warp import frame_motion
from jamflow.face.motion import Motion
from jamflow.face.tracker import Face

_HEIGHTS_CM = (0.3, 0.5, 0.75, 1.1, 1.5, 2.0)
_CANDIDATES, _APART_FRAMES = 5, 3
_NEAR = 0.15  # a frame represents an opening height if its own height is within this share of it
_DEGREES_PER_CM = 30.0  # turning by this angle costs as much as opening by a centimetre per frame (blur)
_PAINTED_CM = (0.35, 0.7, 1.2, 1.8)
_BEYOND = 1.3  # openings this many times wider than in any frame are painted


def find_insides(film: FaceVideo, usable_k: np.ndarray, canonical: CanonicalFace) -> tuple[Inside, ...]:
    """Insides of the mouth from the least to the most open, at least one, from the usable frames (K,), which are of one shot."""
    motion = film.track.motion
    opening_k = motion.expression_tk3[:, space.INNER_UPPER, 1] - motion.expression_tk3[:, space.INNER_LOWER, 1]
    candidates = _candidates(motion, opening_k, usable_k)
    frames = sorted({k for row in candidates for k in row})
    seen = {
        k: _seen(rgb, seen_face(film.landmarks, k, canonical, film.shot(k)))
        for k, rgb in zip(frames, film.frames(frames), strict=True)
    }
    insides = [_middling([inside for k in row if (inside := seen[k]) is not None]) for row in candidates]
    insides = sorted({id(x): x for x in insides if x is not None}.values(), key=lambda inside: inside.height_cm)
    widest_cm = insides[-1].height_cm if insides else 0.0
    wanted = [cm for cm in _PAINTED_CM if cm > _BEYOND * widest_cm]
    if wanted:
        model = int(np.argmin(np.where(usable_k, opening_k + np.abs(motion.rotation_t3[:, 1]) / _DEGREES_PER_CM, np.inf)))
        rgb = next(film.frames([model]))
        insides += _painted(rgb, seen_face(film.landmarks, model, canonical, film.shot(model)), wanted, canonical)
    return tuple(insides)


def _candidates(motion: Motion, opening_k: np.ndarray, usable_k: np.ndarray) -> list[list[int]]:
    """Frames for every opening height, preferably frontal and not blurred."""
    turned = np.abs(motion.rotation_t3[:, :2] - np.median(motion.rotation_t3[usable_k, :2], axis=0)).sum(1)
    blurred = np.abs(np.gradient(opening_k)) if len(opening_k) > 1 else np.zeros_like(opening_k)
    cost = turned / _DEGREES_PER_CM + blurred
    rows = []
    for height in _HEIGHTS_CM:
        fits = np.flatnonzero(usable_k & (np.abs(opening_k - height) < _NEAR * height))
        row: list[int] = []
        for k in fits[np.argsort(cost[fits])].tolist():
            if len(row) < _CANDIDATES and all(abs(k - other) > _APART_FRAMES for other in row):
                row.append(k)
        rows.append(row)
    return rows


def _middling(insides: list[Inside]) -> Inside | None:
    """The inside of median lightness: avoids clenched teeth and a hand in front of the mouth. None if there are none."""
    u, v = np.meshgrid(np.linspace(0.2, 0.8, 16), np.linspace(0.1, 0.9, 9))
    lightness = [float(inside.seen(u, v, np.full(3, 128.0)).mean()) for inside in insides]
    return insides[int(np.argsort(lightness)[(len(insides) - 1) // 2])] if insides else None


def _seen(rgb: np.ndarray, face: SeenFace) -> Inside | None:
    """The inside of the mouth in a frame; None if the lips are not parted."""
    lips = lips_of(rgb, face)
    if not lips.parted:
        return None
    return cut_out(rgb, lips.upper.points(), lips.lower.points(), face.pose.scale_px, skin_of(rgb, face))


def _painted(rgb: np.ndarray, face: SeenFace, heights_cm: list[float], canonical: CanonicalFace) -> list[Inside]:
    """Insides painted as for a portrait, one per opening height."""
    source = prepare_source(*frame_face(rgb, Face(face.landmarks_l3, 1.0), _frame_px(rgb, face)), canonical)
    scale_px = source.geometry.pose.scale_px
    insides = []
    for height in heights_cm:
        e_k3 = np.zeros((space.MESH_SPACE.n_keypoints, 3), np.float32)
        e_k3[space.INNER_UPPER, 1], e_k3[space.INNER_LOWER, 1] = 0.25 * height, -0.75 * height
        e_k3[space.OUTER_UPPER, 1], e_k3[space.OUTER_LOWER, 1] = 0.2 * height, -0.7 * height
        e_k3 = space.follow_mouth(e_k3[None, :6])[0]
        motion = frame_motion(source.geometry, e_k3, np.zeros(2), np.zeros(3), np.zeros(3), 1.0)
        frame = source.rgb.copy()
        draw_mouth(frame, source, motion)
        insides.append(cut_out(frame, *landed_edges(source, motion), scale_px, skin_of(rgb, face)))
    return insides


def _frame_px(rgb: np.ndarray, face: SeenFace) -> int:
    """Frame size for painting, at about the resolution of the video."""
    height = float(np.linalg.norm(face.mesh_v3[10, :2] - face.mesh_v3[152, :2]))
    return int(np.clip(2.6 * height, 256, 1024))
