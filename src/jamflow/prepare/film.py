"""One pass over a video: its shots, and one face tracked through each, in memory that does not grow with the frames' size.

Shapes: T frames of a shot.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from jamflow.data.corpus import MOTION_FPS
from jamflow.errors import UserError
from jamflow.face.covered import MouthLook, covered, mouth_look
from jamflow.face.follow import Follower
from jamflow.face.renderer import Tracker
from jamflow.face.track import Track
from jamflow.face.tracker import Face
from jamflow.media.shots import split
from jamflow.media.video_reader import read_video, video_facts

FACE_CM = 17.665  # height of the canonical face
_BLIND_FRAMES = 5  # where no face was found, the next ones are not looked at: finding is slow
_PICTURE_S, _PICTURE_PX, _QUALITY = 2.0, 96, 70  # one small picture in so many seconds


@dataclass(frozen=True)
class Shot:
    """Frames between two cuts, and the face in them.

    Attributes:
        times_s: (T,) seconds of the file.
        end_s: when the last frame ends.
        track: motion in the T frames; None if there is no face in any.
        found_t: (T,) bool: a face was found.
        covered_t: (T,) bool: something is in front of the mouth.
        height_t: (T,) pixels from the forehead's top to the chin; NaN without a face.
        opening_t: (T,) distance of the inner lips, cm of the canonical face; NaN without a face.
        faces: how many faces there were where one of several was chosen, else 1.
        pictures: (seconds of the file, JPEG of the face) in order.
        trouble: why there is no track.
    """

    times_s: np.ndarray
    end_s: float
    track: Track | None
    found_t: np.ndarray
    covered_t: np.ndarray
    height_t: np.ndarray
    opening_t: np.ndarray
    faces: int
    pictures: list[tuple[float, bytes]]
    trouble: str = ""


def read_shots(path: Path, tracker: Tracker, face: int | None, span_s: tuple[float, float | None] | None) -> Iterator[Shot]:
    """The shots of a video, or of a span of it, tracked.

    Args:
        face: number of the face where there are several, from the left, from 1; None follows the largest.

    Raises:
        UserError: the file cannot be read or has no picture.
    """
    facts = video_facts(path)
    # Of 50 or 60 frames a second every second one is enough for motion at 25.
    every = max(1, int(facts.fps / MOTION_FPS))
    frame_s = every / float(facts.fps)
    for shot in split(_frames(path, span_s, every)):
        watch = _Watch(Follower(tracker.finder, face))
        try:
            track = tracker.track(watch.frames(shot), facts.fps / every, watch)
        except UserError as error:  # no face, or not the one that was asked for
            track, watch.trouble = None, error.message
        for _ in watch.frames(shot):  # what the tracker left
            watch.rows.append(None)
        yield watch.shot(track, frame_s)


def _frames(path: Path, span_s: tuple[float, float | None] | None, every: int) -> Iterator[tuple[Fraction, np.ndarray]]:
    start_s, end_s = span_s or (0.0, None)
    for number, (time_s, rgb) in enumerate(read_video(path)):
        if end_s is not None and time_s >= end_s:
            return
        if number % every == 0 and (span_s is None or time_s >= start_s):
            yield time_s, rgb


@dataclass(frozen=True)
class _Row:
    mouth: MouthLook
    height_px: float
    opening_px: float


class _Watch:
    """Follows the face of a shot as its tracker asks, and notes what it looks like."""

    def __init__(self, follower: Follower):
        self._follower = follower
        self._times_s: list[float] = []
        self._pictures: list[tuple[float, bytes]] = []
        self._blind = 0
        self.trouble = ""
        self.rows: list[_Row | None] = []

    def frames(self, shot: Iterator[tuple[Fraction, np.ndarray]]) -> Iterator[np.ndarray]:
        for time_s, rgb in shot:
            self._times_s.append(float(time_s))
            yield rgb

    def __call__(self, rgb: np.ndarray) -> Face | None:
        self.rows.append(None)
        face = None
        if self._blind:
            self._blind -= 1
        else:
            face = self._follower(rgb)
            self._blind = 0 if face else _BLIND_FRAMES
        self.rows[-1] = face and _seen(rgb, face)
        if not self._pictures or self._times_s[-1] - self._pictures[-1][0] > _PICTURE_S:
            self._pictures.append((self._times_s[-1], picture(rgb, face)))
        return face

    def shot(self, track: Track | None, frame_s: float) -> Shot:
        mouths = [None if row is None else row.mouth for row in self.rows]
        height, opening_px = np.array(
            [(np.nan, np.nan) if row is None else (row.height_px, row.opening_px) for row in self.rows]
        ).T
        opening = opening_px / height * FACE_CM
        found = np.isfinite(height)
        if self._follower.several is not None:
            found[: self._follower.first] = False  # another person was followed before
        several = self._follower.several
        return Shot(
            times_s=np.array(self._times_s),
            end_s=self._times_s[-1] + frame_s,
            track=track,
            found_t=found,
            covered_t=covered(mouths, np.zeros(len(mouths)) if track is None else track.motion.rotation_t3[:, 1]),
            height_t=height,
            opening_t=opening,
            faces=several[0] if several else 1,
            pictures=self._pictures,
            trouble=self.trouble,
        )


def _seen(rgb: np.ndarray, face: Face) -> _Row:
    mesh = face.mesh_v3
    return _Row(mouth_look(rgb, face), face.height_px, float(np.linalg.norm(mesh[13] - mesh[14])))


def picture(rgb: np.ndarray, face: Face | None) -> bytes:
    """A small JPEG: the face and something around it, or the whole frame."""
    height, width = rgb.shape[:2]
    x, y = (0, 0), (0, 0)
    if face is None:
        side = min(height, width)
        x, y = ((width - side) // 2, (width + side) // 2), ((height - side) // 2, (height + side) // 2)
    else:
        centre, half = face.mesh_v3[:, :2].mean(0), 0.9 * face.height_px
        x, y = ((max(0, int(c - half)), min(limit, int(c + half))) for c, limit in zip(centre, (width, height), strict=True))
    part = rgb[y[0] : y[1], x[0] : x[1]]
    if not part.size:
        part = rgb
    scale = _PICTURE_PX / max(part.shape[:2])
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
