"""LivePortrait's motion extractor as a tracker.

Shapes: T frames, K key points (21).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain, islice

import cv2
import numpy as np
import torch

from jamflow.errors import UserError
from jamflow.face.follow import Follow, Follower
from jamflow.face.liveportrait.checkpoint import LivePortraitNetworks
from jamflow.face.liveportrait.crop import Box, crop, eye_ratios, face_box, lip_ratio
from jamflow.face.liveportrait.runner import Runner
from jamflow.face.liveportrait.space import LIVEPORTRAIT_SPACE, resting_in
from jamflow.face.motion import Motion, MotionSpace
from jamflow.face.track import Track
from jamflow.face.tracker import FaceTracker

_SCALE, _SHIFT_Y = 2.2, -0.1
_CROP_PX, _SEEN_PX = 512, 256
_AHEAD_S = 2


class LivePortraitTracker:
    """See `Tracker`. The first frame with a face is taken as rest.

    One upright square crops all frames of a shot, so that the head's motion in the picture is kept. In the official code, which
    knows no shots, it is the mean of the boxes of all frames. Frames that can be iterated twice (a list) give exactly that. For
    an iterator it is the mean over the first two seconds with a face, which are buffered. Unlike the official code, square
    videos are cropped too, because a square picture need not show only a face.
    """

    def __init__(
        self,
        networks: LivePortraitNetworks,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        finder: FaceTracker | None = None,
        space: MotionSpace = LIVEPORTRAIT_SPACE,
    ):
        """Moves the networks to the device. `finder` finds and follows the face; None makes a new one."""
        self._runner = Runner(networks, torch.device(device), dtype)
        self.finder = finder or FaceTracker()
        self.space = space

    def track(
        self, frames: Iterable[np.ndarray], fps: Fraction, follow: Follow | None = None, shots: Sequence[int] | None = None
    ) -> Track:
        """See `Tracker`. An iterator is one shot."""
        once = iter(frames) is frames
        sight = _FollowedFace(follow or Follower(self.finder), None if once else shots)
        if once:
            there = sight.follow(frames)
            held = list(islice(there, round(_AHEAD_S * fps)))
            boxes, there = sight.mean_boxes(), chain(held, there)
        else:
            for _ in sight.follow(frames):
                pass
            boxes = sight.mean_boxes()
            there = (frame for frame, found in zip(frames, sight.found, strict=True) if found)
        to_crop = {shot: box.matrix(_CROP_PX, turned=False) for shot, box in boxes.items()}
        crops = (_seen(frame, to_crop[sight.shots[k]]) for k, frame in enumerate(there))
        expression, angles, translation, scale = self._extract(crops)
        openings = np.stack(sight.openings)
        motion = Motion(expression, angles, translation, scale, fps, None, openings[:, :2], openings[:, 2:])
        found = np.array(sight.found)
        # A frame without a face gets the motion of the last frame with one, or of the first one before that.
        shown = np.maximum(np.cumsum(found) - 1, 0)
        return Track(replace(motion.rows(shown), rest=resting_in(motion, 0)), found)

    @torch.inference_mode()
    def _extract(self, crops: Iterator[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Crops (256, 256, 3) to expression (T, K, 3), rotation (T, 3), translation (T, 3) and scale (T,)."""
        rows: list[tuple[np.ndarray, ...]] = []
        while batch := list(islice(crops, max(4, self._runner.batch_frames))):
            m = self._runner.motion(np.stack(batch))
            angles = torch.stack([m.pitch_b, m.yaw_b, m.roll_b], dim=-1)
            flat = m.translation_b3 * m.translation_b3.new_tensor([1, 1, 0])  # depth is not used; templates have zero
            rows.append(tuple(x.float().cpu().numpy() for x in (m.expression_bk3, angles, flat, m.scale_b1[:, 0])))
        return tuple(np.concatenate(column) for column in zip(*rows, strict=True))


class _FollowedFace:
    """Collects a face's boxes and openings: `found` has every frame, `boxes`, `shots` and `openings` those with a face."""

    def __init__(self, where: Follow, shots: Sequence[int] | None):
        self._where, self._shots = where, shots
        self.found: list[bool] = []
        self.boxes: list[Box] = []
        self.shots: list[int] = []
        self.openings: list[np.ndarray] = []

    def follow(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yields the frames that show the face, and records them."""
        for frame in frames:
            face = self._where(frame)
            self.found.append(face is not None)
            if face is not None:
                landmarks = face.landmarks_l3[:, :2]
                self.boxes.append(face_box(landmarks, _SCALE, _SHIFT_Y))
                self.shots.append(0 if self._shots is None else self._shots[len(self.found) - 1])
                self.openings.append(np.concatenate([eye_ratios(landmarks), lip_ratio(landmarks)]))
                yield frame

    def mean_boxes(self) -> dict[int, Box]:
        """The box of each shot with a face so far."""
        if not self.boxes:
            raise UserError("No human face was found in the video.", "Use a video of one face, seen from the front.")
        return {shot: _mean([b for b, at in zip(self.boxes, self.shots, strict=True) if at == shot]) for shot in set(self.shots)}


def _mean(boxes: list[Box]) -> Box:
    return Box(np.mean([b.centre_2 for b in boxes], axis=0), float(np.mean([b.side_px for b in boxes])), 0.0)


def _seen(frame: np.ndarray, to_crop_33: np.ndarray) -> np.ndarray:
    return cv2.resize(crop(frame, to_crop_33, _CROP_PX), (_SEEN_PX, _SEEN_PX), interpolation=cv2.INTER_LINEAR)
