"""A video in which a face was followed, and the order in which its frames are shown: what a renderer repaints mouths in.

Shapes: K frames of the video, N of the result, L landmarks (478), M mouth channels, C clue channels.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from jamflow.face.channels import split
from jamflow.face.motion import MotionSpace
from jamflow.face.track import Track

LandmarkRows = Callable[[int, int], np.ndarray]  # from, to -> (to - from, L, 3) pixels; NaN where there was no face


@dataclass(frozen=True)
class FaceVideo:
    """What is known of the video.

    Attributes:
        size: width and height of the frames.
        frames: (H, W, 3) uint8 RGB of the frames named, in that order; not to be written to.
        landmarks: of the K frames.
        track: the motion in the K frames.
        shown_n: (N,) which frame of the video every frame of the result shows.
        times_s: N + 1 times: when each frame of the result is shown, and when the last one ends.
    """

    size: tuple[int, int]
    frames: Callable[[Iterable[int]], Iterator[np.ndarray]]
    landmarks: LandmarkRows
    track: Track
    shown_n: np.ndarray
    times_s: Sequence[Fraction]

    def mouth(self, space: MotionSpace, first: int = 0, count: int | None = None) -> np.ndarray:
        """(count, M) as filmed in the result's frames from `first` on (all of them), as the model has them."""
        shown = self.shown_n[first:][:count]
        return split(self.track.motion.expression_tk3[shown], space)[0]

    def clue(self, space: MotionSpace, first: int, count: int, fps: Fraction) -> np.ndarray:
        """(count, C) what else is seen, at (first + t) / fps of the result: straight between its frames, still after the last."""
        at_s = (first + np.arange(count)) / float(fps)
        low = np.clip(np.searchsorted(self._at_s, at_s, "right") - 1, 0, len(self._at_s) - 1)
        high = np.minimum(low + 1, len(self._at_s) - 1)
        share = (at_s - self._at_s[low]) / np.maximum(self._at_s[high] - self._at_s[low], 1e-9)
        one, two = (split(self.track.motion.expression_tk3[self.shown_n[k]], space)[1] for k in (low, high))
        return (one + np.clip(share, 0, 1)[:, None] * (two - one)).astype(np.float32)

    @cached_property
    def _at_s(self) -> np.ndarray:
        return np.array([float(t) for t in self.times_s[:-1]])
