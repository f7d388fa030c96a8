"""Brings what a renderer draws over a video back to the frames as they are stored: sideways, or with pixels that are not square.

A renderer draws what a player shows. Only what it changes is brought back, so the rest of a frame keeps its pixels.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from jamflow.face.motion import Motion, MotionSpace, Transfer
from jamflow.face.renderer import Picture
from jamflow.media.view import View

_AS_IT_IS = Transfer()


class AsFilmed:
    """See `Picture`."""

    def __init__(
        self,
        picture: Picture,
        view: View,
        stored_size: tuple[int, int],
        frames: Callable[[Iterable[int]], Iterator[np.ndarray]],
        shown_n: np.ndarray,
    ):
        """
        Args:
            picture: draws frames as they are shown.
            view: how stored frames are shown.
            stored_size: width and height of a stored frame.
            frames: gives stored frames (H, W, 3) uint8 for frame numbers.
            shown_n: (N,) the video's frame of each frame of the result.
        """
        self._picture, self._view, self._frames, self._shown_n = picture, view, frames, shown_n
        self.size = (stored_size[0] // 2 * 2, stored_size[1] // 2 * 2)

    @property
    def space(self) -> MotionSpace:
        return self._picture.space

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._picture.warnings

    @property
    def times_s(self) -> Sequence[Fraction] | None:
        return self._picture.times_s

    def clue(self, first: int, count: int, fps: Fraction) -> np.ndarray | None:
        return self._picture.clue(first, count, fps)

    def speaking(self, mouth_tm: np.ndarray, fps: Fraction) -> Motion:
        return self._picture.speaking(mouth_tm, fps)

    def draw(self, motion: Motion, how: Transfer = _AS_IT_IS, first: int = 0) -> Iterator[Tensor]:
        """Yields single frames on the processor."""
        width, height = self.size
        stored = self._frames(self._shown_n[first : first + len(motion)].tolist())
        for batch in self._picture.draw(motion, how, first):
            for changed in batch.cpu().numpy():
                rgb = next(stored)
                out = self._view.with_change(rgb, self._view.shown(rgb), changed)
                yield torch.from_numpy(np.ascontiguousarray(out[:height, :width])[None])
