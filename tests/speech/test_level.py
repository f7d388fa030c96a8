"""Levels: what a gain does to a recording."""

import numpy as np
import pytest

from jamflow.speech.level import LOUD, model_gain, to_model_level

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
