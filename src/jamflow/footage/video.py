"""An input video: its frame times, and the landmarks and motion of the face in it.

Shapes: N frames of the video, T motion frames, M mouth channels, C clue channels, L landmarks (478).
"""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import Lock

import numpy as np

from jamflow.face.as_filmed import AsFilmed
from jamflow.face.channels import interpolated, split
from jamflow.face.face_video import FaceVideo, LandmarkRows
from jamflow.face.follow import Follower
from jamflow.face.renderer import Picture, Renderer, Tracker
from jamflow.face.track import Track
from jamflow.face.tracker import Face
from jamflow.footage.retime import Order, as_filmed
from jamflow.media.video_frames import VideoFrames
from jamflow.media.video_reader import VideoFacts, read_video, video_facts
from jamflow.media.view import STORED, View


@dataclass(frozen=True)
class Footage:
    """A tracked input video; `open_footage` makes it.

    Attributes:
        facts: metadata of the file.
        times_s: start of each of the N frames, seconds in the file; the spacing may be uneven.
        stored_size: width and height of the upright frames as they are stored, pixels.
        view: how they are shown, which is how the face was tracked.
        track: motion in the N frames.
        landmarks: landmarks of the N frames.
        warnings: warnings for the user about the choice of the face.
    """

    path: Path
    facts: VideoFacts
    times_s: tuple[Fraction, ...]
    stored_size: tuple[int, int]
    track: Track
    landmarks: "LandmarkRows"
    warnings: tuple[str, ...] = ()
    view: View = STORED

    @property
    def length_s(self) -> Fraction:
        """Time from the first frame to the end of the last, which is shown for one frame period."""
        return self.times_s[-1] - self.times_s[0] + 1 / self.facts.fps

    @property
    def filmed(self) -> Order:
        """Every frame at its own time."""
        return as_filmed(self.times_s, self.length_s)

    def face_video(self, order: Order | None = None) -> FaceVideo:
        """The input for repainting: the frames in an order, by default as filmed."""
        order = order or self.filmed
        times_s = (*order.times_s, order.end_s)
        size = self.view.size(*self.stored_size)
        return FaceVideo(size, self._shown, self.landmarks, self.track, order.frames_n, times_s)

    def repainted(self, renderer: Renderer, order: Order | None = None) -> Picture:
        """The frames in an order, by default as filmed, ready for repainting the mouth. The result has their shape.

        Raises:
            UserError: the face is nowhere usable, or this renderer does not repaint videos.
        """
        film = self.face_video(order)
        picture = renderer.prepare_video(film)
        if self.view == STORED:
            return picture
        return AsFilmed(picture, self.view, self.stored_size, self._stored.read, film.shown_n)

    @property
    def repaint_warnings(self) -> tuple[str, ...]:
        """Warnings for the user where the frames are encoded again."""
        if self.facts.hdr is None:
            return self.warnings
        return (
            *self.warnings,
            f"The video is HDR ({self.facts.hdr}); the result has the colours of usual screens (SDR, BT.709).",
        )

    @property
    def _stored(self) -> VideoFrames:
        return VideoFrames(self.path, self.times_s)

    def _shown(self, frames: Iterable[int]) -> Iterator[np.ndarray]:
        return map(self.view.shown, self._stored.read(frames))

    def lips(self, tracker: Tracker, fps: Fraction, count: int, from_s: Fraction | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mouth channels (count, M) and clue channels (count, C) for the model.

        Row t is the motion at `from_s` + t / fps in the file's time; `from_s` is the first frame by default. Rows are linearly
        interpolated between frames, and constant before the first and after the last.
        """
        have, wanted = self._times(fps, count, from_s)
        mouth, clue = split(self.track.motion.expression_tk3, tracker.space)
        return interpolated(have, mouth, wanted), interpolated(have, clue, wanted)

    def seen_t(self, fps: Fraction, count: int, from_s: Fraction | None = None) -> np.ndarray:
        """(count,) bool: whether a frame with a face lies within one frame period of each row of `lips`."""
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
    """Tracks the face in a video, in one pass (LivePortrait's tracker: two).

    Args:
        path: the video file.
        tracker: gives the motion space.
        face: number of the face to follow, from 1, from the left in the first frame with several faces; None follows the largest
            face of the first frame with any.
        span_s: start and end in the file's time; None is the whole video.

    Raises:
        UserError: the file cannot be read, has no picture in the span, shows no face there, or not the face asked for.
    """
    path = Path(path)
    facts, frames = video_facts(path), _Frames(path, span_s)
    follower = Follower(tracker.finder, face)
    rows, track = _followed(frames, facts.fps, tracker, follower)
    follower.refuse_if_absent()
    if follower.first:  # another face was followed before this frame
        rows, track = _followed(frames, facts.fps, tracker, Follower(tracker.finder, face, follower.first))
    warnings = []
    if face is None and follower.several is not None:
        warnings.append("There are {} faces in the video; took the largest, number {} from the left.".format(*follower.several))
    return Footage(path, facts, tuple(frames.times_s), facts.size, track, rows, tuple(warnings), facts.tags.view)


def _followed(frames: "_Frames", fps: Fraction, tracker: Tracker, follower: Follower) -> tuple["_Rows", Track]:
    rows = _Rows()

    def follow(rgb: np.ndarray) -> Face | None:
        face = follower(rgb)
        rows.append(None if face is None else face.landmarks_l3)
        return face

    return rows, tracker.track(frames, fps, follow)


class _Rows:
    """See `LandmarkRows`. Kept in a temporary file, because an hour would take half a gigabyte of memory."""

    _SHAPE = (478, 3)

    def __init__(self):
        self._file = tempfile.TemporaryFile(prefix="jamflow-")  # noqa: SIM115 - open as long as the rows live
        self._bytes = 4 * int(np.prod(self._SHAPE))
        self._lock = Lock()

    def append(self, landmarks_l3: np.ndarray | None) -> None:
        row = np.full(self._SHAPE, np.nan) if landmarks_l3 is None else landmarks_l3
        self._file.write(row.astype(np.float32).tobytes())

    def __call__(self, start: int, end: int) -> np.ndarray:
        with self._lock:  # several threads draw frames
            self._file.seek(start * self._bytes)
            values = np.frombuffer(self._file.read((end - start) * self._bytes), np.float32)
        return values.reshape(-1, *self._SHAPE)


class _Frames:
    """The frames of a video, which may be iterated repeatedly, and the frame times of the last iteration."""

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
