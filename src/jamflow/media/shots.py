"""Splits a stream of frames where the film was cut.

A cut replaces the whole picture at once: the small picture changes much more than in the frames before, and so do its colours. A
flash or a single broken frame is no cut, because the picture before it comes back. Slow dissolves are not seen.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TypeVar

import cv2
import numpy as np

Timed = TypeVar("Timed")

LONGEST = 15_000
"""Frames of a shot, ten minutes: what is known of a shot is held until its end."""

_WIDTH, _HEIGHT, _BINS = 32, 18, 16
_MOVED = 16.0  # mean change of a pixel, of 255
_RECOLOURED = 0.25  # of the pixels, those that have another colour than before, counted without their places
_TIMES = 4.0  # as much as the median of the changes before
_BEFORE = 12  # changes


class _Look:
    """A frame made small: what two frames of a shot share."""

    def __init__(self, rgb: np.ndarray):
        small = cv2.resize(rgb, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)
        self.pixels = small.astype(np.int16)
        bins = small.reshape(-1, 3).astype(np.int64) * _BINS // 256 + np.arange(3) * _BINS
        self.colours = np.bincount(bins.ravel(), minlength=3 * _BINS) / (3 * _WIDTH * _HEIGHT)

    def moved(self, other: "_Look") -> float:
        return float(np.abs(self.pixels - other.pixels).mean())

    def other_picture(self, other: "_Look") -> bool:
        recoloured = 0.5 * float(np.abs(self.colours - other.colours).sum())
        return self.moved(other) > _MOVED and recoloured > _RECOLOURED


def split(frames: Iterable[tuple[Timed, np.ndarray]], longest: int = LONGEST) -> Iterator[Iterator[tuple[Timed, np.ndarray]]]:
    """Shots, each an iterator over its frames; one frame is read ahead. A shot must be used up before the next is asked for.

    Args:
        frames: (anything, (H, W, 3) uint8 RGB) in order.
        longest: so many frames end a shot also without a cut.
    """
    marked = _limited(cuts(frames), longest)
    first = next(marked, None)
    while first is not None:
        rest: list[tuple[Timed, np.ndarray]] = []
        yield chain([first[1]], _until_cut(marked, rest))
        for _ in _until_cut(marked, rest) if not rest else ():
            pass
        first = (True, rest[0]) if rest else None


def _limited(
    cuts: Iterator[tuple[bool, tuple[Timed, np.ndarray]]], longest: int
) -> Iterator[tuple[bool, tuple[Timed, np.ndarray]]]:
    """The same, with a cut where a shot would become longer."""
    length = 0
    for cut, frame in cuts:
        cut = cut or length >= longest
        length = 1 if cut else length + 1
        yield cut, frame


def _until_cut(
    cuts: Iterator[tuple[bool, tuple[Timed, np.ndarray]]], rest: list[tuple[Timed, np.ndarray]]
) -> Iterator[tuple[Timed, np.ndarray]]:
    """Frames up to the next cut; the frame behind it goes to `rest`."""
    for cut, frame in cuts:
        if cut:
            rest.append(frame)
            return
        yield frame


def cuts(frames: Iterable[tuple[Timed, np.ndarray]]) -> Iterator[tuple[bool, tuple[Timed, np.ndarray]]]:
    """(whether a shot begins with it, frame) for every frame, in order; one frame is read ahead where it looks like a cut."""
    usual: deque[float] = deque(maxlen=_BEFORE)
    last: _Look | None = None
    waiting: tuple[_Look, tuple[Timed, np.ndarray]] | None = None  # looks like a cut; the next frame tells
    for frame in frames:
        look = _Look(frame[1])
        if waiting is not None and last is not None:
            there, held = waiting
            flash = look.moved(last) < look.moved(there)
            yield not flash, held
            waiting = None
            if not flash:
                last = there
                usual.clear()
        if last is not None:
            change = look.moved(last)
            if look.other_picture(last) and change > _TIMES * (np.median(usual) if usual else 0.0):
                waiting = look, frame
                continue
            usual.append(change)
        last = look
        yield False, frame
    if waiting is not None:
        yield True, waiting[1]
