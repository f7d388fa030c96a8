"""Which frame of a video is shown when: as filmed, cut, held, or back and forth for as long as it takes.

One rule: what is made anew follows what is given. Where speech is given, the picture lasts as long as the speech.

Shapes: N frames of the result.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from jamflow.errors import UserError
from jamflow.text.fit import FitMode

SILENT_S = Fraction(1, 2)  # a smaller difference of lengths is absorbed without a word


@dataclass(frozen=True)
class Order:
    """What is shown.

    Attributes:
        frames_n: (N,) int, the frame of the video.
        times_s: N times from 0 on, rising.
        end_s: when the last one ends.
    """

    frames_n: np.ndarray
    times_s: Sequence[Fraction]
    end_s: Fraction

    def __len__(self) -> int:
        return len(self.frames_n)

    def part(self, start_s: Fraction, end_s: Fraction) -> "Order":
        """From the frame on show at `start_s` up to the last one that begins before `end_s`, each for its own time."""
        low = max(0, bisect_left(self.times_s, start_s + Fraction(1, 10**9)) - 1)
        high = max(low + 1, bisect_left(self.times_s, end_s))
        origin = self.times_s[low]
        end = self.times_s[high] if high < len(self) else self.end_s
        return Order(self.frames_n[low:high], [t - origin for t in self.times_s[low:high]], end - origin)

    def covering(self, length_s: Fraction) -> "Order":
        """As many frames as cover so much time: the rest is cut off, or the last one is shown on, again and again."""
        if length_s <= self.end_s:
            return self.part(Fraction(0), length_s)
        each_s = self.end_s - self.times_s[-1]
        more = -(-(length_s - self.end_s) // each_s)
        return joined([self, Order(np.repeat(self.frames_n[-1:], more), [k * each_s for k in range(more)], more * each_s)])

    def back_and_forth(self, length_s: Fraction) -> "Order":
        """As many frames as cover so much time: at the end backwards, at the beginning forwards again."""
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
    """Every frame at its own time from the first one on. `length_s`: from the first frame to the end of the last."""
    return Order(np.arange(len(times_s)), [t - times_s[0] for t in times_s], length_s)


def joined(parts: Sequence[Order]) -> Order:
    """One after the other."""
    times, start_s = [], Fraction(0)
    for part in parts:
        times += [start_s + t for t in part.times_s]
        start_s += part.end_s
    return Order(np.concatenate([part.frames_n for part in parts]), times, start_s)


def for_speech(filmed: Order, speech_s: Fraction, fit: FitMode | None) -> tuple[Order, list[str]]:
    """The picture for speech of a given length, and what the user should know.

    A longer video ends with the speech; a shorter one goes on back and forth, or, with `trim`, ends the result. A difference
    under half a second is cut off, or the last frame is held.

    Raises:
        UserError: they differ by more, and `fit` is "refuse".
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
