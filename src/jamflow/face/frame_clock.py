"""Motion of utterances that follow each other, or overlap, on the one clock of the video's frames."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

import numpy as np


class FrameClock:
    """Frame n is shown at n / fps, or at `times_s[n]`. Utterances come one after the other; each frame is taken from the one
    that sounds then."""

    def __init__(self, fps: Fraction, times_s: Sequence[Fraction] | None = None):
        """fps: of the values. times_s: rising from 0; with the last one the last frame ends."""
        self.fps = fps
        self._times_s = times_s
        self._frame = 0
        self._start_s = Fraction(0)

    @property
    def now_s(self) -> Fraction:
        """When the next utterance begins."""
        return self._start_s

    def take(self, values_tc: np.ndarray, before_s: Fraction, length_s: Fraction, overlap_s: Fraction) -> np.ndarray:
        """(N, C) the frames that the next utterance shows: in between its own by straight lines, exact where they coincide.

        Args:
            values_tc: (T, C) at t / fps of its own time.
            before_s: when in its own time the utterance begins (the voice that it continues comes first).
            length_s: how long it lasts from there.
            overlap_s: of this, how long its end is mixed with the next one, which then begins so much earlier.
        """
        end_s = self._start_s + length_s - overlap_s
        end = max(self._frame, self._begun(end_s))
        shown_s = [n / self.fps if self._times_s is None else self._times_s[n] for n in range(self._frame, end)]
        at = [(time_s - self._start_s + before_s) * self.fps for time_s in shown_s]
        self._frame, self._start_s = end, end_s
        low = np.array([min(max(math.floor(x), 0), len(values_tc) - 1) for x in at], int)
        share = np.array([float(x - math.floor(x)) if x > 0 else 0.0 for x in at], np.float32)[:, None]
        return values_tc[low] * (1 - share) + values_tc[np.minimum(low + 1, len(values_tc) - 1)] * share

    def _begun(self, end_s: Fraction) -> int:
        """How many frames begin before that."""
        if self._times_s is None:
            return math.ceil(end_s * self.fps)
        return bisect_left(self._times_s, end_s, hi=len(self._times_s) - 1)
