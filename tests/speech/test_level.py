"""Levels: what a gain does to a recording, and that it can be undone."""

import numpy as np
import pytest

from jamflow.speech.level import LOUD, end_in_silence, model_gain, to_f5_level, to_model_level

RATE = 24_000


def noise(level: float, seconds: float = 1.0) -> np.ndarray:
    return (level * np.random.default_rng(0).standard_normal(round(seconds * RATE))).astype(np.float32)


def test_a_single_loud_sample_keeps_the_level_down() -> None:
    wave = noise(0.01)
    wave[77] = -0.9
    out = to_model_level(wave)
    assert out.min() == pytest.approx(-0.98, abs=1e-3) and out.dtype == np.float32
    assert model_gain(0.1, 0.2) == pytest.approx(LOUD / 0.1), "with room above, the loud parts decide"
    assert model_gain(0.0, 0.0) < 1e5, "silence is not divided by"


def test_f5_hears_quiet_recordings_louder_and_loud_ones_as_they_are() -> None:
    quiet, loud = noise(0.02), noise(0.2)
    raised, back = to_f5_level(quiet)
    assert np.sqrt(np.mean(raised**2)) == pytest.approx(0.1, rel=1e-3)
    np.testing.assert_allclose(raised * back, quiet, atol=1e-6)
    same, back = to_f5_level(loud)
    assert same is loud and back == 1.0


def test_after_the_last_sound_there_is_nothing() -> None:
    wave = np.ones(RATE, np.float32)
    out = end_in_silence(wave, 0.5, RATE)
    fade = slice(RATE // 2, round(0.55 * RATE) + 1)
    assert (out[: fade.start] == 1).all() and not out[fade.stop :].any()
    assert (np.diff(out[fade]) < 0).all() and out[round(0.525 * RATE)] == pytest.approx(0.5, abs=1e-3)
