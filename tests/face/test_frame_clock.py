"""Motion of several utterances on one clock."""

from fractions import Fraction

import numpy as np
import pytest

from jamflow.face.frame_clock import FrameClock

FPS = Fraction(25)


def test_whole_frames_come_back_to_the_bit() -> None:
    """`mini`: voices and pieces are whole numbers of frames."""
    values = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    clock = FrameClock(FPS)
    first = clock.take(values[:24], Fraction(8, 25), Fraction(16, 25), Fraction(0))
    second = clock.take(values[24:], Fraction(8, 25), Fraction(8, 25), Fraction(0))
    np.testing.assert_array_equal(np.concatenate([first, second]), np.concatenate([values[8:24], values[32:40]]))


def test_a_movement_at_even_speed_stays_even_across_an_overlap() -> None:
    """Both utterances tell the same global movement, in their own times, which do not fall on frames."""
    clock, start_s, out = FrameClock(FPS), Fraction(0), []
    pieces = [(Fraction(7, 11), Fraction(13, 9)), (Fraction(2, 13), Fraction(31, 17)), (Fraction(1, 3), Fraction(3, 4))]
    for number, (before_s, length_s) in enumerate(pieces):
        overlap_s = Fraction(0) if number == 2 else Fraction(3, 20)
        own_s = np.arange(int((before_s + length_s) * FPS) + 2) / 25.0
        values = (own_s - float(before_s) + float(start_s))[:, None].astype(np.float32)
        out.append(clock.take(values, before_s, length_s, overlap_s))
        start_s += length_s - overlap_s
    shown = np.concatenate(out)[:, 0]
    assert len(shown) == -(-start_s * FPS // 1)
    np.testing.assert_allclose(shown, np.arange(len(shown)) / 25, atol=1e-5)


@pytest.mark.parametrize("length_s", [Fraction(1, 100), Fraction(1, 25), Fraction(1, 20)])
def test_utterances_shorter_than_a_frame_lose_no_frame(length_s: Fraction) -> None:
    clock = FrameClock(FPS)
    taken = [len(clock.take(np.zeros((2, 3), np.float32), Fraction(0), length_s, Fraction(0))) for _ in range(10)]
    assert sum(taken) == -(-10 * length_s * FPS // 1)
