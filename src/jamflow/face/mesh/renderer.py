"""Renders a portrait in motion: one smooth backward map for the head, and cuts at the mouth and the eyes.

Shapes: K key points (21), H, W of the frame; 2 = xy in frame pixels, 3 = x right, y up, z towards the viewer.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction

import cv2
import numpy as np
import torch
from torch import Tensor

from jamflow.face.canonical import load_canonical
from jamflow.face.face_video import FaceVideo
from jamflow.face.idle import IdleMotion
from jamflow.face.mesh.compose import draw_eye, draw_mouth
from jamflow.face.mesh.rig import eye_closures
from jamflow.face.mesh.sampling import remap
from jamflow.face.mesh.source import TURNED_DEG, MeshSource, prepare_source
from jamflow.face.mesh.space import MESH_SPACE, follow_mouth
from jamflow.face.mesh.surroundings import Surroundings, surroundings
from jamflow.face.mesh.transfer import drawn_motion
from jamflow.face.mesh.video_picture import MeshVideo
from jamflow.face.mesh.warp import Motion3, frame_motion, grid_points, invert
from jamflow.face.motion import Motion, Transfer
from jamflow.face.tracker import Face

# Beyond these angles the warp would need parts that the portrait does not show: the far cheek, the neck behind the chin.
_PITCH_MAX_DEG, _YAW_MAX_DEG, _ROLL_MAX_DEG = 12.0, 12.0, 14.0
_PROFILE_DEG = 30.0
_SHIFT_MAX_CM = 1.5
_SCALE_RANGE = (0.92, 1.08)
_AS_IT_IS = Transfer()


class MeshRenderer:
    """See `Renderer`. ``render`` depends on its arguments only, so several threads may render from one source."""

    space = MESH_SPACE

    def __init__(self):
        self._canonical = load_canonical()

    def idle(self, fps: Fraction, rng: np.random.Generator) -> IdleMotion:
        return IdleMotion(fps, rng)

    def prepare(self, rgb: np.ndarray, face: Face, others: Sequence[Face] = ()) -> "MeshPicture":
        """See `Renderer`. Only the head's surroundings are worked on."""
        around, head, (there, *beside) = surroundings(rgb, [face, *others])
        return MeshPicture(self, prepare_source(head, there, self._canonical, beside), around)

    def prepare_video(self, video: FaceVideo) -> MeshVideo:
        return MeshVideo(video, self._canonical)

    def render(
        self,
        source: MeshSource,
        expression_k3: np.ndarray,
        rotation_3: np.ndarray | None = None,
        translation_3: np.ndarray | None = None,
        scale: float = 1.0,
        speaking: float = 0.0,
    ) -> np.ndarray:
        """Renders one frame.

        Args:
            source: of the picture that ``prepare`` returns.
            expression_k3: (21, 3) displacement of the key points, centimetres; zero is the neutral face.
            rotation_3: pitch, yaw, roll relative to the portrait, degrees; limited smoothly.
            translation_3: centimetres, x right, y up; limited smoothly.
            scale: 1 is the portrait's size.
            speaking: 0 in a pause, where the portrait smiles as it does, to 1 in speech, where its smile is a little fainter.

        Returns:
            (H, W, 3) uint8 RGB, of the size of `source.rgb`.
        """
        rotation = np.zeros(3) if rotation_3 is None else np.asarray(rotation_3, float)
        translation = np.zeros(3) if translation_3 is None else np.asarray(translation_3, float)
        closures = eye_closures(expression_k3) * source.eyes_open
        motion = frame_motion(
            source.geometry,
            expression_k3,
            closures,
            _limited_rotation(rotation, source.geometry.pose.angles_3[1], source.freedom),
            _soft_limit(translation, source.freedom * _SHIFT_MAX_CM),
            1 + source.freedom * (float(np.clip(scale, *_SCALE_RANGE)) - 1),
            speaking,
        )
        frame = source.rgb.copy()
        _draw_head(frame, source, motion)
        draw_mouth(frame, source, motion)
        for cut, closure in zip(source.eyes, closures, strict=True):
            if closure > 0:
                draw_eye(frame, cut, motion)
        return frame


class MeshPicture:
    """See `Picture`."""

    space = MESH_SPACE
    times_s: None = None

    def __init__(self, renderer: MeshRenderer, source: MeshSource, around: Surroundings):
        self._renderer = renderer
        self.source, self.around = source, around
        height, width, _ = around.picture.shape
        self.size, self.warnings = (width, height), source.warnings

    def speaking(self, mouth_tm: np.ndarray, fps: Fraction) -> Motion:
        """Motion of mouth and jaw; everything else is still."""
        count = len(mouth_tm)
        still = np.zeros((count, 3), np.float32)
        e_tk3 = follow_mouth(mouth_tm.reshape(count, -1, 3)).astype(np.float32)
        return Motion(e_tk3, still, still, np.ones(count, np.float32), fps)

    def clue(self, first: int, count: int, fps: Fraction) -> None:
        """None: `mini` takes no clue; blinks and brows come from `idle`."""

    def draw(self, motion: Motion, how: Transfer = _AS_IT_IS, first: int = 0) -> Iterator[Tensor]:
        """Yields single frames, which up to four threads draw ahead."""
        motion = drawn_motion(motion, how, self.source.geometry.pose)
        workers = max(1, min(4, os.cpu_count() or 1))
        waiting: deque[Future[np.ndarray]] = deque()
        with ThreadPoolExecutor(workers) as pool:
            for t in range(len(motion)):
                waiting.append(pool.submit(self._frame, motion, t))
                if len(waiting) > 2 * workers:
                    yield torch.from_numpy(waiting.popleft().result()[None])
            while waiting:
                yield torch.from_numpy(waiting.popleft().result()[None])

    def _frame(self, motion: Motion, t: int) -> np.ndarray:
        speaking = 0.0 if motion.speaking_t1 is None else float(motion.speaking_t1[t, 0])
        place = (motion.rotation_t3[t], motion.translation_t3[t], float(motion.scale_t[t]), speaking)
        return self.around.with_head(self._renderer.render(self.source, motion.expression_tk3[t], *place))


def _draw_head(frame: np.ndarray, source: MeshSource, motion: Motion3) -> None:
    patch = source.whole
    displacement = patch.displacement(motion)
    rows, columns = patch.shape_hw
    target = patch.points_n2.reshape(rows, columns, 2)
    back = invert(patch, displacement, target) - target
    left, top, right, bottom = source.moving_xyxy
    step = int(patch.step_px)
    full = cv2.resize(back, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)
    region = full[top:bottom, left:right]
    region = region + grid_points(np.array([left, top]), 1, (bottom - top, right - left)).astype(np.float32).reshape(region.shape)
    frame[top:bottom, left:right] = remap(source.rgb, region, cubic=True)


def _limited_rotation(rotation_3: np.ndarray, portrait_yaw_deg: float, freedom: float) -> np.ndarray:
    """Smoothly limited angles, smaller for a portrait that is already turned to the side, and for one beside another face."""
    turned = (_PROFILE_DEG - abs(portrait_yaw_deg)) / (_PROFILE_DEG - TURNED_DEG)
    yaw_max = _YAW_MAX_DEG * float(np.clip(turned, 0.25, 1))
    return _soft_limit(rotation_3, freedom * np.array([_PITCH_MAX_DEG, yaw_max, _ROLL_MAX_DEG]))


def _soft_limit(value: np.ndarray, limit: float | np.ndarray) -> np.ndarray:
    return limit * np.tanh(value / limit)
