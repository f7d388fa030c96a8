"""Repaints the mouth in a video with LivePortrait; every frame is its own source.

Only the mouth's key points of a frame move (JAM-Flow section 3.1), by the difference between the target and the filmed mouth.
Without a difference the frame stays unchanged. A frame depends on its number only, so a result may be drawn in any pieces, and
again.

Shapes: N frames, K key points (21), M mouth channels.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from jamflow.face.canonical import load_canonical
from jamflow.face.channels import join, split
from jamflow.face.face_video import FaceVideo
from jamflow.face.liveportrait.lower_face import LowerFace, find_lower_face, put_over
from jamflow.face.liveportrait.runner import Runner
from jamflow.face.liveportrait.space import frames_in
from jamflow.face.motion import Motion, MotionSpace, Transfer
from jamflow.face.steady import steady
from jamflow.face.usable import eased, losses, usable_frames

_READ_FRAMES = 256
_LEAST = 1e-4  # half crops; key points at rest in the official templates move less
_AS_IT_IS = Transfer()


class LivePortraitVideo:
    """See `Picture`. Crops come from the face mesh, because a `FaceVideo` has its landmarks."""

    def __init__(self, film: FaceVideo, space: MotionSpace, runner: Runner, batch_frames: int):
        """Raises UserError if the mesh does not fit the face, or it is nowhere large enough and seen from the front."""
        self._film, self._runner = film, runner
        self._batch_frames = max(1, batch_frames // 2)  # every frame is drawn twice
        self.space = space
        self.size = (film.size[0] // 2 * 2, film.size[1] // 2 * 2)
        self.times_s = film.times_s
        usable_k = usable_frames(film, _heights_px(film), load_canonical())
        self._share_k = np.where(usable_k, eased(usable_k, film.shot_k), 0).astype(np.float32)
        self.warnings = losses(film, usable_k)

    def clue(self, first: int, count: int, fps: Fraction) -> np.ndarray:
        return self._film.clue(self.space, first, count, fps)

    def speaking(self, mouth_tm: np.ndarray, fps: Fraction) -> Motion:
        """Motion of the mouth only; everything else stays as filmed."""
        count = len(mouth_tm)
        still = np.zeros((count, 3), np.float32)
        nothing = np.zeros((count, 3 * len(self.space.clue)), np.float32)
        return Motion(join(mouth_tm, nothing, self.space), still, still, np.ones(count, np.float32), fps)

    @torch.inference_mode()
    def draw(self, motion: Motion, how: Transfer = _AS_IT_IS, first: int = 0) -> Iterator[Tensor]:
        """See `Picture`. `how` is ignored: it is for portraits."""
        shown = self._film.shown_n[first : first + len(motion)]
        yield from self.repaint(
            zip(shown.tolist(), self._film.frames(shown.tolist()), self._moved(motion, shown, first), strict=True)
        )

    @torch.inference_mode()
    def repaint(self, rows: Iterator[tuple[int, np.ndarray, np.ndarray]]) -> Iterator[Tensor]:
        """Batches (N, H, W, 3) from rows of frame number, filmed frame and change (K, 3) of the expression."""
        while batch := list(islice(rows, self._batch_frames)):
            yield self._frames(batch)

    @torch.inference_mode()
    def change(self, frame: int, filmed: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        """(K, 3) change of the mouth's expression that is seen in another drawing (H, W, 3) of a frame of the video."""
        filmed = filmed[: len(drawn), : drawn.shape[1]]
        by_k3 = np.zeros((self.space.n_keypoints, 3), np.float32)
        if np.array_equal(filmed, drawn):
            return by_k3
        face, other = (self._lower_face(frame, rgb) for rgb in (filmed, drawn))
        own, new = self._runner.motion(np.stack([face.small_ss3, other.small_ss3])).expression_bk3.float().cpu().numpy()
        mouth = list(self.space.mouth)
        by_k3[mouth] = (new - own)[mouth]
        by_k3[:, :2] = by_k3[:, :2] @ face.axes_22  # from the crop's axes to the picture's
        return by_k3

    def _moved(self, motion: Motion, shown_n: np.ndarray, first: int) -> np.ndarray:
        """(N, K, 3) change of the expression; zero where a frame stays unchanged."""
        wanted_nm = split(motion.expression_tk3, self.space)[0]
        by_nm = (wanted_nm - self._film.mouth(self.space, first, len(motion))) * self._share_k[shown_n, None]
        kept_n = ~np.isfinite(by_nm).all(1) | (np.abs(by_nm).max(1) < _LEAST)
        by_nm[kept_n] = 0
        return join(by_nm, np.zeros((len(by_nm), 3 * len(self.space.clue)), np.float32), self.space)

    def _frames(self, rows: list[tuple[int, np.ndarray, np.ndarray]]) -> Tensor:
        """(N, H, W, 3) frames from rows of frame number, filmed frame and change of the expression."""
        width, height = self.size
        frames = np.stack([rgb[:height, :width] for _, rgb, _ in rows])
        out = torch.from_numpy(frames).to(self._runner.device)
        moving = [n for n, (_, _, by_k3) in enumerate(rows) if by_k3.any()]
        if moving:
            faces = [self._lower_face(*rows[n][:2]) for n in moving]
            own, new = self._drawings(faces, np.stack([rows[n][2] for n in moving]))
            for n, face, one, other in zip(moving, faces, own, new, strict=True):
                put_over(out[n], face, one, other)
        return out

    def _lower_face(self, frame: int, rgb: np.ndarray) -> LowerFace:
        return find_lower_face(rgb, steady(self._film.landmarks, frame, self._film.shot(frame))[:, :2])

    def _drawings(self, faces: list[LowerFace], by_nk3: np.ndarray) -> tuple[Tensor, Tensor]:
        """Drawings (N, 3, 512, 512) in [0, 1]: as filmed, and with the changed expression."""
        source, driving, feature = self.key_points(faces, by_nk3)
        twice = torch.cat([feature, feature]), torch.cat([source, driving]), torch.cat([source, source])
        own, new = self._runner.draw(*twice).chunk(2)
        return own, new

    def key_points(self, faces: list[LowerFace], by_nk3: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """Key points (N, K, 3) as filmed, key points (N, K, 3) with the change applied, and features (N, ...).

        There is no stitching: it is for moving heads, and would move all key points.
        """
        seen = np.stack([face.small_ss3 for face in faces])
        source = frames_in(self._runner.motion(seen))
        # Expression is in the axes of the picture, and the crop is turned with the head.
        turn_n22 = np.stack([face.axes_22 for face in faces])
        by = np.concatenate([by_nk3[..., :2] @ turn_n22.swapaxes(1, 2), by_nk3[..., 2:]], axis=-1).astype(np.float32)
        driving = replace(source, expression_tk3=source.expression_tk3 + torch.from_numpy(by).to(self._runner.device))
        return source.keypoints(), driving.keypoints(), self._runner.features(seen)


def _heights_px(film: FaceVideo) -> np.ndarray:
    """(K,) height of the face, from the top of the forehead to the chin."""
    count = len(film.track.found_t)
    parts = []
    for start in range(0, count, _READ_FRAMES):
        rows = film.landmarks(start, min(count, start + _READ_FRAMES))
        parts.append(np.linalg.norm(rows[:, 10] - rows[:, 152], axis=-1))
    return np.concatenate(parts)
