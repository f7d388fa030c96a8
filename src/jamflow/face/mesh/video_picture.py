"""Repaints the mouth in a video, frame by frame (see `repaint`).

A frame depends on its number only, so a result may be drawn in any pieces, from several threads, and again.

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

from jamflow.face.canonical import CanonicalFace
from jamflow.face.face_video import FaceVideo
from jamflow.face.mesh.donors import find_insides
from jamflow.face.mesh.repaint import repaint, wanted_mouth
from jamflow.face.mesh.seen_face import seen_face
from jamflow.face.mesh.space import KEY_VERTICES, MESH_SPACE, follow_mouth
from jamflow.face.motion import Motion, Transfer
from jamflow.face.pose import fit_pose
from jamflow.face.tracker import Face
from jamflow.face.usable import eased, losses, usable_frames

_FACE_CM = 18.0  # approximate height of the canonical face
_AS_IT_IS = Transfer()


class MeshVideo:
    """See `Picture`."""

    space = MESH_SPACE

    def __init__(self, film: FaceVideo, canonical: CanonicalFace):
        """Reads some frames to find the inside of the mouth.

        Raises:
            UserError: the mesh does not fit the face, or it is nowhere large enough and seen from the front.
        """
        self._film, self._canonical = film, canonical
        self.size = (film.size[0] // 2 * 2, film.size[1] // 2 * 2)
        self.times_s = film.times_s
        self._usable_k = usable_frames(film, _FACE_CM * film.track.motion.scale_t, canonical)
        self._ease_k = eased(self._usable_k, film.shot_k)
        self._neutral_k3 = _neutral(film, canonical)
        self.warnings = losses(film, self._usable_k)
        self._insides = {
            first: find_insides(film, self._usable_k & _between(len(self._usable_k), first, end), canonical)
            for first, end in sorted({film.shot(int(k)) for k in np.flatnonzero(self._usable_k)})
        }

    def speaking(self, mouth_tm: np.ndarray, fps: Fraction) -> Motion:
        """Motion of mouth and jaw; everything else stays as filmed."""
        count = len(mouth_tm)
        still = np.zeros((count, 3), np.float32)
        e_tk3 = follow_mouth(mouth_tm.reshape(count, -1, 3)).astype(np.float32)
        return Motion(e_tk3, still, still, np.ones(count, np.float32), fps)

    def clue(self, first: int, count: int, fps: Fraction) -> np.ndarray:
        return self._film.clue(MESH_SPACE, first, count, fps)

    def draw(self, motion: Motion, how: Transfer = _AS_IT_IS, first: int = 0) -> Iterator[Tensor]:
        """Yields single frames, which up to four threads draw ahead. `how` is ignored: it is for portraits."""
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
            shot = self._film.shot(frame)
            face = seen_face(self._film.landmarks, frame, self._canonical, shot)
            filmed_k3 = face.person_v3[list(KEY_VERTICES)] - self._neutral_k3
            eased_k3 = filmed_k3 + self._ease_k[frame] * (wanted_k3 - filmed_k3)
            rgb = repaint(rgb, face, wanted_mouth(filmed_k3, eased_k3), self._insides[shot[0]])
        return np.ascontiguousarray(rgb[:height, :width])


def _between(count: int, first: int, end: int) -> np.ndarray:
    """(count,) bool: from `first` to before `end`."""
    at = np.arange(count)
    return (at >= first) & (at < end)


def _neutral(film: FaceVideo, canonical: CanonicalFace) -> np.ndarray:
    """(21, 3) key points of the person at rest, head centimetres, as the tracker found them."""
    k = int(np.flatnonzero(film.track.found_t)[0])
    face = Face(film.landmarks(k, k + 1)[0].astype(np.float64), 1.0)
    points = fit_pose(face, canonical).to_canonical(face.mesh_v3[list(KEY_VERTICES)])
    return points - film.track.motion.expression_tk3[k]
