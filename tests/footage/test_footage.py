"""Lips and visibility of a followed video at a model's times."""

from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest

from jamflow.face.mesh.tracker import MeshTracker
from jamflow.face.motion import Motion
from jamflow.face.track import Track
from jamflow.footage.video import Footage
from jamflow.media.video_reader import VideoFacts

START_S = F(7, 2)
TIMES = (START_S, START_S + F(1, 10), START_S + F(3, 10), START_S + F(4, 10))


class Finder(MeshTracker):
    """The space alone is asked for."""

    def __init__(self):
        pass


def footage(found: tuple[bool, ...] = (True,) * 4) -> Footage:
    """Frame k has the expression of its time, in tenths of a second."""
    values = np.array([float(t - START_S) * 10 for t in TIMES], np.float32)
    expression = np.repeat(values, 63).reshape(4, 21, 3)
    zero = np.zeros((4, 3), np.float32)
    motion = Motion(expression, zero, zero, np.ones(4, np.float32), F(10))
    rows = lambda a, b: np.zeros((b - a, 478, 3))  # noqa: E731
    return Footage(Path("v.mp4"), VideoFacts(F(10), True), TIMES, (64, 48), Track(motion, np.array(found)), rows)


def test_the_last_frame_lasts_as_long_as_others() -> None:
    assert footage().length_s == F(1, 2)
    assert list(footage().filmed.times_s) == [F(0), F(1, 10), F(3, 10), F(2, 5)] and footage().filmed.end_s == F(1, 2)


def test_lips_are_those_of_the_moment() -> None:
    mouth, clue = footage().lips(Finder(), F(20), 11)
    assert mouth.shape == (11, 18) and clue.shape == (11, 36)
    expected = [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4, 4]
    assert mouth[:, 4] == pytest.approx(expected) and clue[:, 7] == pytest.approx(expected)
    later, _ = footage().lips(Finder(), F(10), 3, START_S + F(1, 5))
    assert later[:, 0] == pytest.approx([2, 3, 4])
    before, _ = footage().lips(Finder(), F(10), 3, START_S - F(1, 10))
    assert before[:, 0] == pytest.approx([0, 0, 1])


def test_seen_is_what_a_frame_with_a_face_is_near_to() -> None:
    """Frames 0.1 s long; the second one, at 0.1 s, has no face."""
    seen = footage((True, False, True, True)).seen_t(F(20), 12)
    at_s = np.arange(12) / 20
    assert seen.tolist() == [bool(near) for near in (at_s <= 0.1) | ((at_s >= 0.2 - 1e-9) & (at_s <= 0.5 + 1e-9))]
    assert footage().seen_t(F(10), 3, START_S - F(1, 5)).tolist() == [False, True, True]
