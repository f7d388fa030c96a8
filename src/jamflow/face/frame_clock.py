"""Resamples the motion of successive or overlapping utterances to the frame times of one video."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

import numpy as np


class FrameClock:
    """Frame n is shown at n / fps, or at `times_s[n]`. Utterances come in order; each frame is taken from the one heard at that
    time."""

    def __init__(self, fps: Fraction, times_s: Sequence[Fraction] | None = None):
        """fps: rate of the motion values. times_s: rising from 0; the last time is the end of the last frame."""
        self.fps = fps
        self._times_s = times_s
        self._frame = 0
        self._start_s = Fraction(0)

    @property
    def now_s(self) -> Fraction:
        """Start of the next utterance, seconds."""
        return self._start_s

    def take(self, values_tc: np.ndarray, before_s: Fraction, length_s: Fraction, overlap_s: Fraction) -> np.ndarray:
        """(N, C) values for the frames of the next utterance: linearly interpolated, exact where the times coincide.

        Args:
            values_tc: (T, C), row t at t / fps.
            before_s: where the utterance begins in `values_tc`; the voice prompt comes before it.
            length_s: length of the utterance.
            overlap_s: how long its end is mixed with the next utterance, which begins that much earlier.
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
        """Number of frames that begin before `end_s`."""
        if self._times_s is None:
            return math.ceil(end_s * self.fps)
        return bisect_left(self._times_s, end_s, hi=len(self._times_s) - 1)
