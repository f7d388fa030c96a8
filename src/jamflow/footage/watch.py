"""One person through the shots of a video: where the face is, which shots there are, and which of them show somebody else."""

import tempfile
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from threading import Lock

import numpy as np

from jamflow.face.canonical import load_canonical
from jamflow.face.covered import MouthLook, covered, mouth_look
from jamflow.face.follow import Follower
from jamflow.face.likeness import Likeness
from jamflow.face.tracker import Face, FaceTracker
from jamflow.face.turned import quarter_turns
from jamflow.face.usable import HEIGHT_MIN_PX
from jamflow.media.shots import cuts
from jamflow.media.video_reader import read_video

Span = tuple[Fraction, Fraction]
"""Start and end in the file's time, seconds."""

_TURN_LOOKS, _TURN_EVERY = 4, 25  # frames by which the way up is found
_LOOKS, _LOOK_EVERY = 8, 5  # frames of a shot by which a person is recognised


class Frames:
    """The frames of a video with the people in them upright; they may be iterated repeatedly.

    Attributes:
        turn: quarter turns counter-clockwise that make them so.
        times_s: start of each frame of the last iteration.
        cut: whether the last frame is the first of a shot.
    """

    def __init__(self, path: Path, span_s: Span | None, finder: FaceTracker):
        """Looks for the way up. Raises UserError if the file cannot be read."""
        self._path, self._span_s = path, span_s
        looks = islice(self._stored(), 0, _TURN_LOOKS * _TURN_EVERY, _TURN_EVERY)
        turns = (quarter_turns(rgb, finder) for _, rgb in looks)
        self.turn = next((turn for turn in turns if turn is not None), 0)
        self.times_s: list[Fraction] = []
        self.cut = False

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yields (H, W, 3) uint8 RGB."""
        self.times_s = []
        for cut, (time_s, rgb) in cuts(self._stored()):
            self.cut = cut
            self.times_s.append(time_s)
            yield np.ascontiguousarray(np.rot90(rgb, self.turn)) if self.turn else rgb

    def _stored(self) -> Iterator[tuple[Fraction, np.ndarray]]:
        for time_s, rgb in read_video(self._path):
            if self._span_s is not None and time_s < self._span_s[0]:
                continue
            if self._span_s is not None and time_s > self._span_s[1]:
                return
            yield time_s, rgb


class Watch:
    """Follows a face through all frames of a video, once, as a `Follow`.

    Attributes:
        follower: chooses the face.
        rows: landmarks of the frames so far.
        shots: number of the shot of each frame so far.
    """

    def __init__(
        self, finder: FaceTracker, frames: Frames, face: int | None, first: int = 0, left_out: frozenset[int] = frozenset()
    ):
        """
        Args:
            frames: is iterated meanwhile, and tells where it was cut.
            face, first: see `Follower`.
            left_out: numbers of the shots that show somebody else.
        """
        self._frames, self._left_out, self._canonical = frames, left_out, load_canonical()
        self.follower = Follower(finder, face, first, self._recognised)
        self.rows = Rows()
        self.shots: list[int] = []
        self._seen: dict[int, Likeness] = {}
        self._mouths: list[MouthLook | None] = []

    def __call__(self, rgb: np.ndarray) -> Face | None:
        shot = self.shots[-1] if self.shots else 0
        if self._frames.cut and self.shots:
            shot += 1
            self.follower.cut()
        self.shots.append(shot)
        face = self.follower(rgb, shot in self._left_out)
        self.rows.append(None if face is None else face.landmarks_l3)
        self._mouths.append(None if face is None or face.height_px < HEIGHT_MIN_PX else mouth_look(rgb, face))
        if face is not None and (len(self.shots) % _LOOK_EVERY == 0 or shot not in self._seen):
            seen = self._seen.setdefault(shot, Likeness(self._canonical))
            if len(seen) < _LOOKS:
                seen.add(rgb, face)
        return face

    def others(self) -> frozenset[int]:
        """Numbers of the shots that show somebody else than the first one with a face. Call it after the last frame."""
        return frozenset(shot for shot, seen in self._seen.items() if not self._person().same(seen))

    def covered(self, yaw_k: np.ndarray) -> np.ndarray:
        """(K,) bool: something is in front of the mouth. Call it after the last frame. yaw_k: (K,) turn of the head."""
        starts = [0, *(np.flatnonzero(np.diff(self.shots)) + 1).tolist(), len(self.shots)]
        return np.concatenate([covered(self._mouths[start:end], yaw_k[start:end]) for start, end in pairwise(starts)])

    def _recognised(self, rgb: np.ndarray, faces: list[Face]) -> Face:
        return self._person().most_alike(rgb, faces)

    def _person(self) -> Likeness:
        """What the person looks like in the first shot that shows the face well."""
        start = self.shots[self.follower.first]
        known = (seen for shot, seen in sorted(self._seen.items()) if shot >= start and len(seen))
        return next(known, Likeness(self._canonical))


class Rows:
    """See `LandmarkRows`. Kept in a temporary file, because an hour would take half a gigabyte of memory."""

    _SHAPE = (478, 3)

    def __init__(self):
        self._file = tempfile.TemporaryFile(prefix="jamflow-")  # noqa: SIM115 - open as long as the rows live
        self._bytes = 4 * int(np.prod(self._SHAPE))
        self._lock = Lock()

    def append(self, landmarks_l3: np.ndarray | None) -> None:
        """Adds a frame; None is one without a face."""
        row = np.full(self._SHAPE, np.nan) if landmarks_l3 is None else landmarks_l3
        self._file.write(row.astype(np.float32).tobytes())

    def __call__(self, start: int, end: int) -> np.ndarray:
        with self._lock:  # several threads draw frames
            self._file.seek(start * self._bytes)
            values = np.frombuffer(self._file.read((end - start) * self._bytes), np.float32)
        return values.reshape(-1, *self._SHAPE)
