"""A video whose mouth is painted anew, frame by frame: see `repaint` for one of them.

A frame is made from its number alone, so a result may be drawn in any pieces, from several threads, and again.

Shapes: K frames of the video, T of a piece of the result, M mouth channels; 3 = x right, y up, z towards the viewer.
"""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from jamflow.errors import UserError
from jamflow.face.canonical import CanonicalFace
from jamflow.face.film import Film
from jamflow.face.mesh.donors import find_insides
from jamflow.face.mesh.repaint import repaint, wanted_mouth
from jamflow.face.mesh.sight import sight
from jamflow.face.mesh.space import KEY_VERTICES, MESH_SPACE, follow_mouth
from jamflow.face.motion import Motion, Transfer
from jamflow.face.pose import fit_error_cm, fit_pose
from jamflow.face.select import HUMAN_ERROR_CM
from jamflow.face.tracker import Face

# Beyond these the mesh lies beside the mouth.
_YAW_MAX_DEG, _HEIGHT_MIN_PX = 40.0, 48.0
_FACE_CM = 18.0  # height of the canonical face, about
_EASE_FRAMES = 4  # of the video; the mouth grows into its new motion over so many where the face comes or goes
_LOOKED_AT = 40
_AS_IT_IS = Transfer()


class MeshFilm:
    """See `Picture`."""

    space = MESH_SPACE

    def __init__(self, film: Film, canonical: CanonicalFace):
        """Goes through some frames to see what the inside of this mouth looks like.

        Raises:
            UserError: the mesh does not fit this face, or nowhere is it large enough and seen from the front.
        """
        self._film, self._canonical = film, canonical
        self.size = (film.size[0] // 2 * 2, film.size[1] // 2 * 2)
        self.times_s = film.times_s
        self._usable_k = _usable(film)
        self._ease_k = _eased(self._usable_k)
        _refuse_untrusted(film, self._usable_k, canonical)
        self._neutral_k3 = _neutral(film, canonical)
        self.warnings = _warnings(self._usable_k[film.shown_n], film.track.found_t[film.shown_n])
        self._insides = find_insides(film, self._usable_k, canonical)

    def speaking(self, mouth_tm: np.ndarray, fps: Fraction) -> Motion:
        """The jaw follows the mouth; all else is as filmed."""
        count = len(mouth_tm)
        still = np.zeros((count, 3), np.float32)
        e_tk3 = follow_mouth(mouth_tm.reshape(count, -1, 3)).astype(np.float32)
        return Motion(e_tk3, still, still, np.ones(count, np.float32), fps)

    def clue(self, first: int, count: int, fps: Fraction) -> np.ndarray:
        return self._film.clue(MESH_SPACE, first, count, fps)

    def draw(self, motion: Motion, how: Transfer = _AS_IT_IS, first: int = 0) -> Iterator[Tensor]:
        """Single frames, drawn a few ahead by as many threads as there are cores. `how` is not for videos."""
        shown = self._film.shown_n[first : first + len(motion)].tolist()
        workers = max(1, min(4, os.cpu_count() or 1))
        waiting: deque[Future[np.ndarray]] = deque()
        with ThreadPoolExecutor(workers) as pool:
            for frame, rgb, wanted_k3 in zip(shown, self._film.frames(shown), motion.expression_tk3, strict=True):
                waiting.append(pool.submit(self._frame, frame, rgb, wanted_k3))
                if len(waiting) > 2 * workers:
                    yield torch.from_numpy(waiting.popleft().result()[None])
            while waiting:
                yield torch.from_numpy(waiting.popleft().result()[None])

    def _frame(self, frame: int, rgb: np.ndarray, wanted_k3: np.ndarray) -> np.ndarray:
        width, height = self.size
        if self._usable_k[frame] and np.isfinite(wanted_k3).all():
            face = sight(self._film.landmarks, frame, self._canonical)
            filmed_k3 = face.person_v3[list(KEY_VERTICES)] - self._neutral_k3
            eased_k3 = filmed_k3 + self._ease_k[frame] * (wanted_k3 - filmed_k3)
            rgb = repaint(rgb, face, wanted_mouth(filmed_k3, eased_k3), self._insides)
        return np.ascontiguousarray(rgb[:height, :width])


def _usable(film: Film) -> np.ndarray:
    """(K,) where there is a face that can be repainted."""
    motion = film.track.motion
    height_px = _FACE_CM * motion.scale_t
    return film.track.found_t & (np.abs(motion.rotation_t3[:, 1]) < _YAW_MAX_DEG) & (height_px > _HEIGHT_MIN_PX)


def _eased(usable_k: np.ndarray) -> np.ndarray:
    """(K,) 1 but for the frames next to unusable ones, where it rises from 0."""
    apart = np.full(len(usable_k), len(usable_k) + _EASE_FRAMES)
    for k in np.flatnonzero(~usable_k):
        near = slice(max(0, k - _EASE_FRAMES), k + _EASE_FRAMES + 1)
        apart[near] = np.minimum(apart[near], np.abs(np.arange(len(usable_k))[near] - k))
    return np.clip(apart / (_EASE_FRAMES + 1), 0, 1)


def _refuse_untrusted(film: Film, usable_k: np.ndarray, canonical: CanonicalFace) -> None:
    if not usable_k.any():
        raise UserError(
            "The face in the video is nowhere large enough and seen from the front.",
            f"It must be {_HEIGHT_MIN_PX:.0f} pixels high and turned by less than {_YAW_MAX_DEG:.0f} degrees.",
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


def _neutral(film: Film, canonical: CanonicalFace) -> np.ndarray:
    """(21, 3) the person at rest, head centimetres: what the tracker measured expressions from."""
    k = int(np.flatnonzero(film.track.found_t)[0])
    face = Face(film.landmarks(k, k + 1)[0].astype(np.float64), 1.0)
    points = fit_pose(face, canonical).to_canonical(face.mesh_v3[list(KEY_VERTICES)])
    return points - film.track.motion.expression_tk3[k]


def _warnings(usable_n: np.ndarray, found_n: np.ndarray) -> tuple[str, ...]:
    lost, turned = int((~found_n).sum()), int((found_n & ~usable_n).sum())
    warnings = []
    if lost:
        warnings.append(f"In {lost} of {len(found_n)} frames no face was found; they stay as they are.")
    if turned:
        warnings.append(f"In {turned} of {len(found_n)} frames the face is turned away or too small; they stay as they are.")
    return tuple(warnings)
