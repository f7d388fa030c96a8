"""Retimes a video: which frame is shown when. Frames are shown as filmed, cut, held, or played back and forth.

With given speech, the result lasts as long as the speech.

Shapes: N frames of the result.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from jamflow.errors import UserError
from jamflow.text.fit import FitMode

SILENT_S = Fraction(1, 2)  # a smaller difference in length is evened out without a warning


@dataclass(frozen=True)
class Order:
    """Frames in the order shown, with their times.

    Attributes:
        frames_n: (N,) int, numbers of the video's frames.
        times_s: N rising start times in seconds, from 0.
        end_s: end of the last frame, seconds.
    """

    frames_n: np.ndarray
    times_s: Sequence[Fraction]
    end_s: Fraction

    def __len__(self) -> int:
        return len(self.frames_n)

    def part(self, start_s: Fraction, end_s: Fraction) -> "Order":
        """The frames from the one shown at `start_s` to the last that begins before `end_s`, each for its own time."""
        low = max(0, bisect_left(self.times_s, start_s + Fraction(1, 10**9)) - 1)
        high = max(low + 1, bisect_left(self.times_s, end_s))
        origin = self.times_s[low]
        end = self.times_s[high] if high < len(self) else self.end_s
        return Order(self.frames_n[low:high], [t - origin for t in self.times_s[low:high]], end - origin)

    def covering(self, length_s: Fraction) -> "Order":
        """Frames that cover `length_s`: cut off, or extended by repeating the last frame."""
        if length_s <= self.end_s:
            return self.part(Fraction(0), length_s)
        each_s = self.end_s - self.times_s[-1]
        more = -(-(length_s - self.end_s) // each_s)
        return joined([self, Order(np.repeat(self.frames_n[-1:], more), [k * each_s for k in range(more)], more * each_s)])

    def back_and_forth(self, length_s: Fraction) -> "Order":
        """Frames that cover `length_s`, played forwards and backwards in turn."""
        if len(self) == 1:
            return self.covering(length_s)
        last_s = [b - a for a, b in zip(self.times_s, [*self.times_s[1:], self.end_s], strict=True)]
        there_and_back = [*range(len(self)), *range(len(self) - 2, 0, -1)]
        index, times, now = [], [], Fraction(0)
        while now < length_s:
            k = there_and_back[len(index) % len(there_and_back)]
            index.append(k)
            times.append(now)
            now += last_s[k]
        return Order(self.frames_n[index], times, now)


def as_filmed(times_s: Sequence[Fraction], length_s: Fraction) -> Order:
    """Every frame at its own time, the first at 0. `length_s` is the time from the first frame to the end of the last."""
    return Order(np.arange(len(times_s)), [t - times_s[0] for t in times_s], length_s)


def joined(parts: Sequence[Order]) -> Order:
    """Concatenates orders."""
    times, start_s = [], Fraction(0)
    for part in parts:
        times += [start_s + t for t in part.times_s]
        start_s += part.end_s
    return Order(np.concatenate([part.frames_n for part in parts]), times, start_s)


def for_speech(filmed: Order, speech_s: Fraction, fit: FitMode | None) -> tuple[Order, list[str]]:
    """Fits a video to speech of a given length; also returns warnings.

    A longer video ends with the speech. A shorter one is played back and forth; with `trim` the result ends with the video.
    A difference below half a second is evened out: frames are cut off, or the last one is held.

    Raises:
        UserError: the lengths differ by half a second or more, and `fit` is "refuse".
    """
    video_s = filmed.end_s
    if abs(video_s - speech_s) < SILENT_S:
        return filmed.covering(speech_s), []
    lengths = f"The video lasts {float(video_s):.1f} s and the speech {float(speech_s):.1f} s"
    if fit == "refuse":
        raise UserError(f"{lengths}.", "Give them the same length, or choose --fit trim or loop.")
    if video_s > speech_s:
        return filmed.covering(speech_s), [f"{lengths}: the result ends with the speech."]
    if fit == "trim":
        return filmed, [f"{lengths}: the result ends with the video."]
    return filmed.back_and_forth(speech_s), [f"{lengths}: the picture goes on back and forth (--fit trim ends it)."]
