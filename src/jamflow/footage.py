"""A video that is given: when its frames are shown, and how the face in it moves.

Shapes: N frames of the video, T motion frames, M mouth channels, C clue channels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from jamflow.face.channels import split
from jamflow.face.renderer import Track, Tracker
from jamflow.media.video_reader import VideoFacts, read_video, video_facts


@dataclass(frozen=True)
class Footage:
    """Make it with `open_footage`.

    Attributes:
        facts: what the file says about itself.
        times_s: when each of the N frames is shown, in the file's own time; they need not be evenly spaced.
        track: the motion in every one of these frames.
    """

    path: Path
    facts: VideoFacts
    times_s: tuple[Fraction, ...]
    track: Track

    @property
    def length_s(self) -> Fraction:
        """From the first frame on, the last one being shown for a frame's time."""
        return self.times_s[-1] - self.times_s[0] + 1 / self.facts.fps

    def lips(
        self, tracker: Tracker, fps: Fraction, count: int, from_s: Fraction | None = None
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """(count, M) and (count, C): mouth and clue relative to the person at rest, as the model is given them.

        Row t is what is seen t / fps after `from_s` of the file's time, or after the first frame: on a straight line between
        frames of the video, before the first and after the last one still.
        """
        motion = self.track.motion
        at_rest = 0.0 if motion.rest is None else motion.rest.expression_k3
        have, wanted = self._times(fps, count, from_s)
        both = split(motion.expression_tk3 - at_rest, tracker.space)
        mouth, clue = (
            np.stack([np.interp(wanted, have, column) for column in x.T], axis=1).astype(np.float32) for x in both
        )
        return mouth, clue

    def seen_t(self, fps: Fraction, count: int, from_s: Fraction | None = None) -> np.ndarray:
        """(count,) bool: whether there is a frame with a face within a frame's time of the rows of `lips`."""
        have, wanted = self._times(fps, count, from_s)
        have = have[self.track.found_t]
        after = np.searchsorted(have, wanted).clip(0, len(have) - 1)
        away = np.minimum(np.abs(have[after] - wanted), np.abs(have[np.maximum(after - 1, 0)] - wanted))
        return away <= float(1 / self.facts.fps) + 1e-6

    def _times(self, fps: Fraction, count: int, from_s: Fraction | None) -> tuple[np.ndarray, np.ndarray]:
        start_s = self.times_s[0] if from_s is None else from_s
        return np.array([float(t - start_s) for t in self.times_s]), np.arange(count) / float(fps)


def open_footage(path: str | Path, tracker: Tracker, span_s: tuple[Fraction, Fraction] | None = None) -> Footage:
    """Goes through the video once (LivePortrait's tracker twice).

    span_s: from when to when of the file's time; None is all of it.

    Raises:
        UserError: it cannot be read, has no picture there, or there is a face in none of its frames.
    """
    path = Path(path)
    facts, frames = video_facts(path), _Frames(path, span_s)
    track = tracker.track(frames, facts.fps)
    return Footage(path, facts, tuple(frames.times_s), track)


class _Frames:
    """The frames of a video, as often as somebody goes through them, and the times of the last time."""

    def __init__(self, path: Path, span_s: tuple[Fraction, Fraction] | None):
        self._path, self._span_s = path, span_s
        self.times_s: list[Fraction] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        self.times_s = []
        for time_s, rgb in read_video(self._path):
            if self._span_s is not None and time_s < self._span_s[0]:
                continue
            if self._span_s is not None and time_s > self._span_s[1]:
                return
            self.times_s.append(time_s)
            yield rgb
