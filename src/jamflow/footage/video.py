"""A video that is given: when its frames are shown, where the face in it is and how it moves.

Shapes: N frames of the video, T motion frames, M mouth channels, C clue channels, L landmarks (478).
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import Lock

import numpy as np

from jamflow.face.channels import interpolated, split
from jamflow.face.face_video import FaceVideo, LandmarkRows
from jamflow.face.follow import Follower
from jamflow.face.renderer import Tracker
from jamflow.face.track import Track
from jamflow.face.tracker import Face
from jamflow.footage.retime import Order, as_filmed
from jamflow.media.video_frames import VideoFrames
from jamflow.media.video_reader import VideoFacts, read_video, video_facts


@dataclass(frozen=True)
class Footage:
    """Make it with `open_footage`.

    Attributes:
        facts: what the file says about itself.
        times_s: when each of the N frames is shown, in the file's own time; they need not be evenly spaced.
        size: width and height of the frames, pixels.
        track: the motion in every one of these frames.
        landmarks: of every one of these frames.
        warnings: what the user should know about the choice of the face.
    """

    path: Path
    facts: VideoFacts
    times_s: tuple[Fraction, ...]
    size: tuple[int, int]
    track: Track
    landmarks: "LandmarkRows"
    warnings: tuple[str, ...] = ()

    @property
    def length_s(self) -> Fraction:
        """From the first frame on, the last one being shown for a frame's time."""
        return self.times_s[-1] - self.times_s[0] + 1 / self.facts.fps

    @property
    def filmed(self) -> Order:
        """Every frame at its own time."""
        return as_filmed(self.times_s, self.length_s)

    def face_video(self, order: Order | None = None) -> FaceVideo:
        """What a renderer repaints: the frames in an order, as filmed where none is given."""
        order = order or self.filmed
        frames = VideoFrames(self.path, self.times_s)
        times_s = (*order.times_s, order.end_s)
        return FaceVideo(self.size, frames.read, self.landmarks, self.track, order.frames_n, times_s)

    def lips(self, tracker: Tracker, fps: Fraction, count: int, from_s: Fraction | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(count, M) and (count, C): mouth and clue, as the model is given them.

        Row t is what is seen t / fps after `from_s` of the file's time, or after the first frame: on a straight line between
        frames of the video, before the first and after the last one still.
        """
        have, wanted = self._times(fps, count, from_s)
        mouth, clue = split(self.track.motion.expression_tk3, tracker.space)
        return interpolated(have, mouth, wanted), interpolated(have, clue, wanted)

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


def open_footage(
    path: str | Path, tracker: Tracker, face: int | None = None, span_s: tuple[Fraction, Fraction] | None = None
) -> Footage:
    """Goes through the video once (LivePortrait's tracker twice).

    Args:
        face: whom to follow, from the left in the first frame with several faces; None follows the largest of the first.
        span_s: from when to when of the file's time; None is all of it.

    Raises:
        UserError: it cannot be read, has no picture there, there is a face in none of its frames, or not that one.
    """
    path = Path(path)
    facts, frames = video_facts(path), _Frames(path, span_s)
    follower = Follower(tracker.finder, face)
    rows, track = _followed(frames, facts.fps, tracker, follower)
    follower.refuse_if_absent()
    if follower.first:  # somebody else was followed until then
        rows, track = _followed(frames, facts.fps, tracker, Follower(tracker.finder, face, follower.first))
    warnings = []
    if face is None and follower.several is not None:
        warnings.append("There are {} faces in the video; took the largest, number {} from the left.".format(*follower.several))
    return Footage(path, facts, tuple(frames.times_s), frames.size, track, rows, tuple(warnings))


def _followed(frames: "_Frames", fps: Fraction, tracker: Tracker, follower: Follower) -> tuple["_Rows", Track]:
    rows = _Rows()

    def follow(rgb: np.ndarray) -> Face | None:
        face = follower(rgb)
        rows.append(None if face is None else face.landmarks_l3)
        return face

    return rows, tracker.track(frames, fps, follow)


class _Rows:
    """See `LandmarkRows`. They lie in a temporary file: an hour's would take half a gigabyte of memory."""

    _SHAPE = (478, 3)

    def __init__(self):
        self._file = tempfile.TemporaryFile(prefix="jamflow-")  # noqa: SIM115 - it lives as long as the rows
        self._bytes = 4 * int(np.prod(self._SHAPE))
        self._lock = Lock()

    def append(self, landmarks_l3: np.ndarray | None) -> None:
        row = np.full(self._SHAPE, np.nan) if landmarks_l3 is None else landmarks_l3
        self._file.write(row.astype(np.float32).tobytes())

    def __call__(self, start: int, end: int) -> np.ndarray:
        with self._lock:  # frames are drawn by several threads
            self._file.seek(start * self._bytes)
            values = np.frombuffer(self._file.read((end - start) * self._bytes), np.float32)
        return values.reshape(-1, *self._SHAPE)


class _Frames:
    """The frames of a video, as often as somebody goes through them, and the times of the last time."""

    def __init__(self, path: Path, span_s: tuple[Fraction, Fraction] | None):
        self._path, self._span_s = path, span_s
        self.times_s: list[Fraction] = []
        self.size = (0, 0)

    def __iter__(self) -> Iterator[np.ndarray]:
        self.times_s = []
        for time_s, rgb in read_video(self._path):
            if self._span_s is not None and time_s < self._span_s[0]:
                continue
            if self._span_s is not None and time_s > self._span_s[1]:
                return
            self.times_s.append(time_s)
            self.size = (rgb.shape[1], rgb.shape[0])
            yield rgb
