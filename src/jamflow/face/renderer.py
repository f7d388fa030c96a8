"""What a renderer and a tracker are, for everyone who uses one: the face mesh and LivePortrait are two of each."""

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
    """A portrait, or a video, that a renderer has prepared."""

    @property
    def space(self) -> MotionSpace: ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of every frame, both even."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about this portrait."""
        ...

    @property
    def times_s(self) -> Sequence[Fraction] | None:
        """When each frame is shown, and when the last one ends, in a picture that moves by itself; None in a portrait."""
        ...

    def clue(self, first: int, count: int, fps: Fraction) -> np.ndarray | None:
        """(count, C) the face's own key points beside the mouth from first / fps on, as the model is shown them; None where it is
        shown none."""
        ...

    def speaking(self, mouth_tm: np.ndarray, fps: Fraction) -> Motion:
        """The whole face's motion from the (T, M) mouth channels that the model made."""
        ...

    def draw(self, motion: Motion, how: Transfer = ..., first: int = 0) -> Iterator[Tensor]:
        """The frames of a motion of the renderer's space, in order: batches (N, H, W, 3) uint8 RGB on its device.

        `first` is the number of the first of them in the result, which a picture that moves by itself has to know.
        """
        ...


class Renderer(Protocol):
    """Turns motion into pixels."""

    @property
    def space(self) -> MotionSpace: ...

    def idle(self, fps: Fraction, rng: np.random.Generator) -> IdleMotion | None:
        """What keeps a portrait alive that nothing drives; None where the renderer has nothing of the kind."""
        ...

    def prepare(self, rgb: np.ndarray, face: Face) -> Picture:
        """Everything about a portrait that does not change: (H, W, 3) uint8 RGB and the face in it."""
        ...

    def prepare_video(self, video: FaceVideo) -> Picture:
        """A video whose mouth is to be painted anew; frames whose motion is not finite stay as they are.

        Raises:
            UserError: the face cannot be trusted.
        """
        ...


class Tracker(Protocol):
    """Turns pixels into motion."""

    @property
    def space(self) -> MotionSpace: ...

    @property
    def finder(self) -> FaceTracker:
        """What finds faces for it."""
        ...

    def track(self, frames: Iterable[np.ndarray], fps: Fraction, follow: Follow | None = None) -> Track:
        """Follow a face (the largest, or where `follow` says it is) through (H, W, 3) uint8 RGB frames, in constant memory.

        `follow` is asked once for every frame, in order.

        Raises:
            UserError: there is a face in no frame.
        """
        ...
