"""A recording as it is in its file."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.media.video_reader import read_sound
from jamflow.speech.original import open_original
from jamflow.speech.waveform import write_wave


@pytest.fixture
def wave(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    write_wave(tmp_path / "a.wav", 0.3 * rng.standard_normal(44_100).astype(np.float32), 44_100)
    return tmp_path / "a.wav"


def test_every_sample(wave: Path) -> None:
    sound, samples = open_original(wave), read_sound(wave, 10).samples
    assert (sound.rate_hz, sound.samples, sound.channels, sound.length_s) == (44_100, 44_100, 1, 1)
    np.testing.assert_array_equal(sound.part(0, sound.samples), samples)
    for first, last in ((0, 10), (5_000, 5_001), (30_000, 99_999), (100, 100), (44_100, 50_000)):
        np.testing.assert_array_equal(sound.part(first, last), samples[first:last])
    np.testing.assert_array_equal(np.concatenate(list(sound.blocks(777))), samples[777:])


def test_from_another_second(wave: Path) -> None:
    samples = read_sound(wave, 10).samples
    late, early = (open_original(wave, Fraction(n, 10)) for n in (2, -2))
    np.testing.assert_array_equal(late.part(0, late.samples), samples[8_820:])
    np.testing.assert_array_equal(early.part(0, early.samples), np.pad(samples, (8_820, 0)))


def test_a_rate_that_the_result_can_have(wave: Path) -> None:
    assert open_original(wave, rates_hz=(44_100,)).rate_hz == 44_100
    other = open_original(wave, rates_hz=(24_000,))
    assert other.rate_hz == 48_000 and other.samples == pytest.approx(48_000, abs=2)


def test_as_models_hear_it(wave: Path) -> None:
    """A part of it at another rate is as long in seconds, and never beyond full scale."""
    sound = open_original(wave)
    heard = sound.resampled(24_000, 4_410, 30_870)
    assert len(heard) == pytest.approx(0.6 * 24_000, abs=1) and np.abs(heard).max() <= 1
    assert open_original(wave, rates_hz=(24_000, 48_000)).resampled(24_000, 0, 48_000).shape == (24_000,)


def test_silence_is_refused(tmp_path: Path) -> None:
    write_wave(tmp_path / "s.wav", np.zeros(24_000, np.float32), 24_000)
    with pytest.raises(UserError, match="is silent"):
        open_original(tmp_path / "s.wav")
