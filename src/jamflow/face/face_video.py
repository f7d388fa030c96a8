"""A video with a tracked face, and the order in which its frames are shown: the input for repainting a mouth.

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

LandmarkRows = Callable[[int, int], np.ndarray]  # first, end -> (end - first, L, 3) pixels; NaN where no face was found


@dataclass(frozen=True)
class FaceVideo:
    """The video and what was measured in it.

    Attributes:
        size: width and height of the frames.
        frames: gives (H, W, 3) uint8 RGB for frame numbers, in the order asked for; read-only.
        landmarks: landmarks of the K frames, see `LandmarkRows`.
        track: motion in the K frames.
        shown_n: (N,) the video frame that each frame of the result shows.
        times_s: N + 1 times in seconds: the start of each frame of the result, and the end of the last one.
        shot_k: (K,) number of the shot of each frame of the video, rising; None is one shot.
        other_k: (K,) bool: after a cut, somebody else is seen; None is nowhere.
        covered_k: (K,) bool: something is in front of the mouth; None is nowhere.
    """

    size: tuple[int, int]
    frames: Callable[[Iterable[int]], Iterator[np.ndarray]]
    landmarks: LandmarkRows
    track: Track
    shown_n: np.ndarray
    times_s: Sequence[Fraction]
    shot_k: np.ndarray | None = None
    other_k: np.ndarray | None = None
    covered_k: np.ndarray | None = None

    def shot(self, frame: int) -> tuple[int, int]:
        """The first frame of the shot of a frame of the video, and the one after the last."""
        if self.shot_k is None:
            return 0, len(self.track.found_t)
        low, high = (int(np.searchsorted(self.shot_k, self.shot_k[frame], side)) for side in ("left", "right"))
        return low, high

    def mouth(self, space: MotionSpace, first: int = 0, count: int | None = None) -> np.ndarray:
        """(count, M) filmed mouth channels of the result's frames from `first` on; without `count`, all of them."""
        shown = self.shown_n[first:][:count]
        return split(self.track.motion.expression_tk3[shown], space)[0]

    def clue(self, space: MotionSpace, first: int, count: int, fps: Fraction) -> np.ndarray:
        """(count, C) filmed clue channels at (first + t) / fps of the result: linear between frames, constant after the last."""
        at_s = (first + np.arange(count)) / float(fps)
        low = np.clip(np.searchsorted(self._at_s, at_s, "right") - 1, 0, len(self._at_s) - 1)
        high = np.minimum(low + 1, len(self._at_s) - 1)
        share = (at_s - self._at_s[low]) / np.maximum(self._at_s[high] - self._at_s[low], 1e-9)
        one, two = (split(self.track.motion.expression_tk3[self.shown_n[k]], space)[1] for k in (low, high))
        return (one + np.clip(share, 0, 1)[:, None] * (two - one)).astype(np.float32)

    @cached_property
    def _at_s(self) -> np.ndarray:
        return np.array([float(t) for t in self.times_s[:-1]])
