"""An input video: its frame times, and the landmarks and motion of the face in it.

Shapes: N frames of the video, T motion frames, M mouth channels, C clue channels, L landmarks (478).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from jamflow.face.as_filmed import AsFilmed
from jamflow.face.channels import interpolated, split
from jamflow.face.face_video import FaceVideo, LandmarkRows
from jamflow.face.motion import Motion, MotionSpace
from jamflow.face.renderer import Picture, Renderer, Tracker
from jamflow.face.track import Track
from jamflow.footage.covered_motion import with_seen_mouth
from jamflow.footage.retime import Order, as_filmed
from jamflow.footage.watch import Frames, Span, Watch
from jamflow.media.video_frames import VideoFrames
from jamflow.media.video_reader import VideoFacts, frame_times, video_facts
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
        shot_k, other_k, covered_k: see `FaceVideo`.
    """

    path: Path
    facts: VideoFacts
    times_s: tuple[Fraction, ...]
    stored_size: tuple[int, int]
    track: Track
    landmarks: LandmarkRows
    warnings: tuple[str, ...] = ()
    view: View = STORED
    shot_k: np.ndarray | None = None
    other_k: np.ndarray | None = None
    covered_k: np.ndarray | None = None

    @property
    def length_s(self) -> Fraction:
        """Time from the first frame to the end of the last, which is shown for one frame period."""
        return self.times_s[-1] - self.times_s[0] + 1 / self.facts.fps

    @property
    def mouth_seen_k(self) -> np.ndarray:
        """(N,) bool: a face was found, and nothing is in front of its mouth."""
        found = self.track.found_t
        return found if self.covered_k is None else found & ~self.covered_k

    @property
    def filmed(self) -> Order:
        """Every frame at its own time."""
        return as_filmed(self.times_s, self.length_s)

    def face_video(self, order: Order | None = None) -> FaceVideo:
        """The input for repainting: the frames in an order, by default as filmed."""
        order = order or self.filmed
        times_s = (*order.times_s, order.end_s)
        size = self.view.size(*self.stored_size)
        return FaceVideo(
            size,
            self._shown,
            self.landmarks,
            self.track,
            order.frames_n,
            times_s,
            self.shot_k,
            self.other_k,
            self.covered_k,
        )

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

    def unseen_warnings(self, so: str) -> list[str]:
        """Warnings for the user: in how many frames the person is not seen, and what is done there (`so`)."""
        count, others = len(self.times_s), 0 if self.other_k is None else int(self.other_k.sum())
        lost = int((~self.track.found_t).sum()) - others
        warnings = []
        if others:
            warnings.append(f"In {others} of {count} frames of the video, after a cut, somebody else is seen; {so}.")
        if lost:
            warnings.append(f"In {lost} of {count} frames of the video no face was found; {so}.")
        if covered := int((self.track.found_t & ~self.mouth_seen_k).sum()):
            warnings.append(f"In {covered} of {count} frames of the video something is in front of the mouth; {so}.")
        return warnings

    def seen_motion(self, space: MotionSpace) -> Motion:
        """The motion of the N frames; where the mouth is covered, mouth and jaw are those of the frames around."""
        if self.covered_k is None or not self.covered_k.any():
            return self.track.motion
        return with_seen_mouth(self.track.motion, self.mouth_seen_k, space)

    def lips(self, tracker: Tracker, fps: Fraction, count: int, from_s: Fraction | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mouth channels (count, M) and clue channels (count, C) for the model.

        Row t is the motion at `from_s` + t / fps in the file's time; `from_s` is the first frame by default. Rows are linearly
        interpolated between frames, and constant before the first and after the last.
        """
        have, wanted = self._times(fps, count, from_s)
        mouth, clue = split(self.seen_motion(tracker.space).expression_tk3, tracker.space)
        return interpolated(have, mouth, wanted), interpolated(have, clue, wanted)

    def seen_t(self, fps: Fraction, count: int, from_s: Fraction | None = None) -> np.ndarray:
        """(count,) bool: whether a frame in which the mouth is seen lies within one frame period of each row of `lips`."""
        have, wanted = self._times(fps, count, from_s)
        have = have[self.mouth_seen_k]
        if not len(have):
            return np.zeros(count, bool)
        after = np.searchsorted(have, wanted).clip(0, len(have) - 1)
        away = np.minimum(np.abs(have[after] - wanted), np.abs(have[np.maximum(after - 1, 0)] - wanted))
        return away <= float(1 / self.facts.fps) + 1e-6

    def _times(self, fps: Fraction, count: int, from_s: Fraction | None) -> tuple[np.ndarray, np.ndarray]:
        start_s = self.times_s[0] if from_s is None else from_s
        return np.array([float(t - start_s) for t in self.times_s]), np.arange(count) / float(fps)


def untracked(path: str | Path) -> Order | None:
    """A video's frames at their own times, as its index has them: nothing is decoded but its first frame. None without an index.

    It is for refusals before the face is tracked, which takes long.
    """
    times_s, fps = frame_times(path), video_facts(path).fps
    return as_filmed(times_s, times_s[-1] - times_s[0] + 1 / fps) if times_s else None


def open_footage(path: str | Path, tracker: Tracker, face: int | None = None, span_s: Span | None = None) -> Footage:
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
    facts, frames = video_facts(path), Frames(path, span_s, tracker.finder)
    watch, track = _watched(frames, facts.fps, tracker, face)
    watch.follower.refuse_if_absent()
    if first := watch.follower.first:  # another face was followed before this frame
        watch, track = _watched(frames, facts.fps, tracker, face, first)
    if others := watch.others():
        watch, track = _watched(frames, facts.fps, tracker, face, first, others)
    warnings = []
    if frames.turn:
        degrees = 90 * frames.turn
        warnings.append(f"The people in the video are not upright: to work on them, frames are turned by {degrees} degrees.")
    if face is None and (several := watch.follower.several) is not None:
        warnings.append("There are {} faces in the video; took the largest, number {} from the left.".format(*several))
    shot_k = np.array(watch.shots)
    return Footage(
        path,
        facts,
        tuple(frames.times_s),
        facts.size,
        track,
        watch.rows,
        tuple(warnings),
        replace(facts.tags.view, turn=frames.turn),
        shot_k,
        np.isin(shot_k, sorted(others)),
        watch.covered(track.motion.rotation_t3[:, 1]),
    )


def _watched(
    frames: Frames, fps: Fraction, tracker: Tracker, face: int | None, first: int = 0, others: frozenset[int] = frozenset()
) -> tuple[Watch, Track]:
    watch = Watch(tracker.finder, frames, face, first, others)
    return watch, tracker.track(frames, fps, watch, watch.shots)
