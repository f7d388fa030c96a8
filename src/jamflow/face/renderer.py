"""Protocols for renderers and trackers. The face mesh and LivePortrait each provide both."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Protocol

import numpy as np
from torch import Tensor

from jamflow.face.face_video import FaceVideo
from jamflow.face.follow import Follow
from jamflow.face.idle import IdleMotion
from jamflow.face.motion import Motion, MotionSpace, Transfer
from jamflow.face.track import Track
from jamflow.face.tracker import Face, FaceTracker


class Picture(Protocol):
    """A portrait or video that a renderer has prepared."""

    @property
    def space(self) -> MotionSpace: ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of every frame, both even."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings for the user about this portrait or video."""
        ...

    @property
    def times_s(self) -> Sequence[Fraction] | None:
        """Of a video: start of each frame and end of the last one, seconds. Of a portrait: None."""
        ...

    def clue(self, first: int, count: int, fps: Fraction) -> np.ndarray | None:
        """(count, C) clue channels of the face from first / fps on; None where the model gets no clue."""
        ...

    def speaking(self, mouth_tm: np.ndarray, fps: Fraction) -> Motion:
        """Motion of the whole face for generated mouth channels (T, M)."""
        ...

    def draw(self, motion: Motion, how: Transfer = ..., first: int = 0) -> Iterator[Tensor]:
        """Draws a motion of the renderer's space: batches (N, H, W, 3) uint8 RGB on its device, in order.

        `first` is the result's frame number of the first one; a video needs it to find its own frames.
        """
        ...


class Renderer(Protocol):
    """Turns motion into pixels."""

    @property
    def space(self) -> MotionSpace: ...

    def idle(self, fps: Fraction, rng: np.random.Generator) -> IdleMotion | None:
        """Idle motion for a portrait that nothing drives; None if the renderer has none."""
        ...

    def prepare(self, rgb: np.ndarray, face: Face, others: Sequence[Face] = ()) -> Picture:
        """Computes all that stays the same from frame to frame.

        Args:
            rgb: (H, W, 3) uint8 RGB portrait with even sides, of the size of the frames.
            face: the face in it that is drawn.
            others: the other faces, which stay as they are.
        """
        ...

    def prepare_video(self, video: FaceVideo) -> Picture:
        """Prepares a video for repainting the mouth. Frames whose motion is not finite stay unchanged.

        Raises:
            UserError: the face is nowhere large enough, seen from the front and human-like.
        """
        ...


class Tracker(Protocol):
    """Turns pixels into motion."""

    @property
    def space(self) -> MotionSpace: ...

    @property
    def finder(self) -> FaceTracker:
        """The face finder that the tracker uses."""
        ...

    def track(
        self, frames: Iterable[np.ndarray], fps: Fraction, follow: Follow | None = None, shots: Sequence[int] | None = None
    ) -> Track:
        """Tracks a face through (H, W, 3) uint8 RGB frames, in constant memory.

        `follow` finds the face and is called once per frame, in order; None follows the largest face.
        `shots` has the number of the shot of each frame so far, and grows with the calls of `follow`; None is one shot.

        Raises:
            UserError: no frame shows a face.
        """
        ...
