"""Follows one face through a video that may show several people."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from jamflow.errors import UserError
from jamflow.face.tracker import Face, FaceTracker

# With several people in the video, a lost face that reappears further away than this (in face heights) is another person's.
_SAME_FACE_HEIGHTS = 1.0


class Follow(Protocol):
    """Finds the face in each frame. Called once per (H, W, 3) uint8 RGB frame, in order; None where there is no face."""

    def __call__(self, rgb: np.ndarray) -> Face | None: ...


Recognise = Callable[[np.ndarray, list[Face]], Face]  # (H, W, 3) frame, and the faces in it


class Follower:
    """See `Follow`. Where a face is lost, the nearest one takes its place, unless it must be another person.

    Attributes:
        first: first frame in which the chosen person is known; another face was followed before it.
        several: number of faces where one of several was chosen, and the number of the chosen one, from the left, from 1.
    """

    def __init__(self, tracker: FaceTracker, number: int | None = None, first: int = 0, recognise: Recognise | None = None):
        """Chooses a face.

        Args:
            tracker: finds faces.
            number: counted from the left, from 1, in the first frame with several faces; None takes the largest face of the first
                frame with any.
            first: frames before this one are skipped.
            recognise: finds the person among the faces after a cut; None takes the largest.
        """
        self._tracker, self._number, self._recognise = tracker, number, recognise
        self._cut = False
        self._face: Face | None = None
        self._last: Face | None = None
        self._frame = -1
        self.first = first
        self.several: tuple[int, int] | None = None

    def __call__(self, rgb: np.ndarray, skipped: bool = False) -> Face | None:
        """skipped: the person is known not to be in this frame."""
        self._frame += 1
        if self._frame < self.first or skipped:
            return None
        if self._number is not None and self.several is None:
            self._face = self._choose(rgb, self._number)
        else:
            self._face = self._go_on(rgb)
        self._last = self._face or self._last
        return self._face

    def cut(self) -> None:
        """The next frame is of another shot: the face may be anywhere."""
        self._face, self._cut = None, self._last is not None

    def refuse_if_absent(self) -> None:
        """Raises UserError if the chosen person was never seen. Call it after the last frame."""
        if self._number is not None and self._number > 1 and self.several is None:
            raise UserError(f"There is no face number {self._number}: no frame of the video shows several.", "Leave --face out.")

    def _go_on(self, rgb: np.ndarray) -> Face | None:
        if self._face is not None and (face := self._tracker.hold(rgb, self._face)) is not None:
            return face
        found = self._tracker.find(rgb)
        if not found:
            return None
        if self._last is None:
            if len(found) > 1:
                self.several = len(found), 1 + sorted(range(len(found)), key=lambda k: _centre(found[k])[0]).index(0)
            return found[0]
        if self._cut:
            self._cut = False
            return found[0] if self._recognise is None else self._recognise(rgb, found)
        near = min(found, key=self._away)
        alone = self.several is None and len(found) == 1
        return near if alone or self._away(near) < _SAME_FACE_HEIGHTS else None

    def _choose(self, rgb: np.ndarray, number: int) -> Face | None:
        found = sorted(self._tracker.find(rgb), key=lambda face: _centre(face)[0])
        if len(found) < 2:
            return found[0] if found else None
        if number > len(found):
            raise UserError(
                f"There is no face number {number}: there are {len(found)} faces in the video.",
                f"Choose a number from 1 to {len(found)}, counted from left to right.",
            )
        self.several = len(found), number
        chosen = found[number - 1]
        if self._last is None or chosen is not min(found, key=self._away) or self._away(chosen) >= _SAME_FACE_HEIGHTS:
            self.first = self._frame
        return chosen

    def _away(self, face: Face) -> float:
        """Distance from the last known place of the face, in face heights."""
        assert self._last is not None
        return float(np.linalg.norm(_centre(face) - _centre(self._last))) / self._last.height_px


def _centre(face: Face) -> np.ndarray:
    return face.mesh_v3[:, :2].mean(0)
