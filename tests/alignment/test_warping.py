"""Two recordings laid on each other."""

import numpy as np
import pytest

from jamflow.alignment.warping import voiceless, warp, warped_s

BANDS = 100


def speech(frames: int, rng: np.random.Generator) -> np.ndarray:
    """(F, bands) something with as much structure as a log mel: smooth over bands, steady for some frames, pauses between."""
    steps = rng.integers(5, 12, frames)
    shapes = np.cumsum(rng.standard_normal((frames, BANDS)), axis=1) / 4 - 3
    shapes[::7] = -10
    return np.repeat(shapes, steps, axis=0)[:frames]


def test_the_same_moments_are_found() -> None:
    rng = np.random.default_rng(0)
    a = speech(400, rng)
    true = np.interp(np.arange(400), [0, 100, 180, 250, 399], [0, 130, 190, 300, 420])  # slower, faster, slower, faster
    b = np.stack([np.interp(np.arange(421), true, column) for column in a.T], axis=1) * 1.2 + 0.5  # louder, another spread
    b = b + 0.3 * rng.standard_normal(b.shape) + np.linspace(0, 2, BANDS)  # noise, another room
    found = warp(voiceless(a), voiceless(b))
    assert (np.diff(found) >= 0).all() and found[0] == pytest.approx(0, abs=3) and found[-1] == pytest.approx(420, abs=3)
    assert np.median(np.abs(found - true)) < 2.0
    assert np.median(np.abs(np.linspace(0, 420, 400) - true)) > 10, "a straight line would not do"


def test_seconds() -> None:
    path = np.array([0.0, 2.0, 4.0])
    np.testing.assert_allclose(warped_s(np.array([0.0, 0.15]), path, frame_rate_hz=10.0), [0, 0.3])
