"""Which frames of a video can get a new mouth, and warnings about the others.

Shapes: K frames of the video, N of the result.
"""

import numpy as np

from jamflow.errors import UserError
from jamflow.face.canonical import CanonicalFace
from jamflow.face.face_video import FaceVideo
from jamflow.face.pose import fit_error_cm, fit_pose
from jamflow.face.select import HUMAN_ERROR_CM
from jamflow.face.tracker import Face

# Beyond these limits the mesh misses the mouth.
_YAW_MAX_DEG, HEIGHT_MIN_PX = 40.0, 48.0
_EASE_FRAMES = 4  # of the video, over which the new motion fades in or out where the face appears or disappears
_LOOKED_AT = 40


def usable_frames(film: FaceVideo, height_k_px: np.ndarray, canonical: CanonicalFace) -> np.ndarray:
    """(K,) bool: the face is large enough and seen from the front, and nothing is in front of its mouth.

    `height_k_px` (K,) is the height of the face.

    Raises:
        UserError: no frame is usable, or the mesh does not fit the face.
    """
    yaw_k = film.track.motion.rotation_t3[:, 1]
    frontal_k = film.track.found_t & (np.abs(yaw_k) < _YAW_MAX_DEG) & (height_k_px > HEIGHT_MIN_PX)
    usable_k = frontal_k if film.covered_k is None else frontal_k & ~film.covered_k
    if frontal_k.any() and not usable_k.any():
        raise UserError(
            "Something is in front of the mouth, such as a hand, wherever the face in the video could be used.",
            "Use a video in which the mouth is seen.",
        )
    if not usable_k.any():
        raise UserError(
            "The face in the video is nowhere large enough and seen from the front.",
            f"It must be {HEIGHT_MIN_PX:.0f} pixels high and turned by less than {_YAW_MAX_DEG:.0f} degrees.",
        )
    some = np.flatnonzero(usable_k)
    some = some[np.linspace(0, len(some) - 1, min(_LOOKED_AT, len(some))).astype(int)]
    faces = [Face(film.landmarks(k, k + 1)[0].astype(np.float64), 1.0) for k in some]
    errors = [fit_error_cm(face, fit_pose(face, canonical), canonical) for face in faces]
    if np.median(errors) > HUMAN_ERROR_CM:
        raise UserError(
            "The face in the video hardly looks like a human one, so its mouth cannot be found well enough.",
            "Use a video of a person; many drawings and animals do not work.",
        )
    return usable_k


def eased(usable_k: np.ndarray, shot_k: np.ndarray | None = None) -> np.ndarray:
    """(K,) weight of the new motion in [0, 1]: 0 in unusable frames, rising to 1 away from them, but not across a cut.

    shot_k: (K,) number of each frame's shot, rising; None is one shot.
    """
    if shot_k is not None:
        starts = np.flatnonzero(np.diff(shot_k)) + 1
        return np.concatenate([eased(part) for part in np.split(usable_k, starts)])
    apart = np.full(len(usable_k), len(usable_k) + _EASE_FRAMES)
    for k in np.flatnonzero(~usable_k):
        near = slice(max(0, k - _EASE_FRAMES), k + _EASE_FRAMES + 1)
        apart[near] = np.minimum(apart[near], np.abs(np.arange(len(usable_k))[near] - k))
    return np.clip(apart / (_EASE_FRAMES + 1), 0, 1)


def losses(film: FaceVideo, usable_k: np.ndarray) -> tuple[str, ...]:
    """Warnings: how many frames of the result stay unchanged, and why."""
    usable_n, found_n = usable_k[film.shown_n], film.track.found_t[film.shown_n]
    other_n = np.zeros_like(found_n) if film.other_k is None else film.other_k[film.shown_n]
    covered_n = np.zeros_like(found_n) if film.covered_k is None else found_n & film.covered_k[film.shown_n]
    lost, covered, others = int((~found_n & ~other_n).sum()), int(covered_n.sum()), int(other_n.sum())
    turned = int((found_n & ~covered_n & ~usable_n).sum())
    warnings = []
    if others:
        warnings.append(f"In {others} of {len(found_n)} frames, after a cut, somebody else is seen; they stay as they are.")
    if lost:
        warnings.append(f"In {lost} of {len(found_n)} frames no face was found; they stay as they are.")
    if covered:
        warnings.append(f"In {covered} of {len(found_n)} frames something is in front of the mouth; they stay as they are.")
    if turned:
        warnings.append(f"In {turned} of {len(found_n)} frames the face is turned away or too small; they stay as they are.")
    return tuple(warnings)
