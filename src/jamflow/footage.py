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

    def lips(self, tracker: Tracker, fps: Fraction, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(count, M) and (count, C): mouth and clue relative to the person at rest, as the model is given them.

        Row t is what is seen t / fps after the first frame: on a straight line between frames of the video, and after the last
        one still.
        """
        motion = self.track.motion
        at_rest = 0.0 if motion.rest is None else motion.rest.expression_k3
        have = np.array([float(t - self.times_s[0]) for t in self.times_s])
        wanted = np.arange(count) / float(fps)
        both = split(motion.expression_tk3 - at_rest, tracker.space)
        mouth, clue = (
            np.stack([np.interp(wanted, have, column) for column in x.T], axis=1).astype(np.float32) for x in both
        )
        return mouth, clue


def open_footage(path: str | Path, tracker: Tracker) -> Footage:
    """Goes through the video once (LivePortrait's tracker twice).

    Raises:
        UserError: it cannot be read, has no picture, or there is a face in none of its frames.
    """
    path = Path(path)
    facts, frames = video_facts(path), _Frames(path)
    track = tracker.track(frames, facts.fps)
    return Footage(path, facts, tuple(frames.times_s), track)


class _Frames:
    """The frames of a video, as often as somebody goes through them, and the times of the last time."""

    def __init__(self, path: Path):
        self._path = path
        self.times_s: list[Fraction] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        self.times_s = []
        for time_s, rgb in read_video(self._path):
            self.times_s.append(time_s)
            yield rgb
