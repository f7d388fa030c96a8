"""The recording that F5-TTS continues is cut where it is quiet, not at all if it is short, and raised to one level."""

import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.mel_format import MelFormat
from jamflow.voices.f5.reference import LONGEST_S, clipped_reference, to_f5_level

MEL = MelFormat()

TAIL = 1200  # 50 ms


def noise(seconds: float, level: float = 0.1) -> np.ndarray:
    n = int(seconds * MEL.sample_rate_hz)
    return (level * np.random.default_rng(0).standard_normal(n)).astype(np.float32)


def hush(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * MEL.sample_rate_hz), np.float32)


def test_a_short_recording_only_loses_its_quiet_ends() -> None:
    out, cut = clipped_reference(np.concatenate([hush(0.5), noise(3.0), hush(0.7)]), MEL.sample_rate_hz)
    assert not cut and np.array_equal(out[:-TAIL], noise(3.0)) and not out[-TAIL:].any()


@pytest.mark.parametrize("pause_s", [0.2, 1.5])
def test_a_long_one_is_cut_in_its_last_pause_before_the_limit(pause_s: float) -> None:
    wave = np.concatenate([noise(4.0), hush(pause_s), noise(4.0), hush(pause_s), noise(4.0)])
    out, cut = clipped_reference(wave, MEL.sample_rate_hz)
    assert cut and len(out) - TAIL == round((8 + pause_s) * MEL.sample_rate_hz)


def test_without_a_pause_it_is_cut_at_the_limit() -> None:
    out, cut = clipped_reference(noise(20.0), MEL.sample_rate_hz)
    assert cut and len(out) - TAIL == int(LONGEST_S * MEL.sample_rate_hz)


def test_long_pauses_become_two_seconds() -> None:
    out, cut = clipped_reference(np.concatenate([noise(2.0), hush(5.0), noise(2.0)]), MEL.sample_rate_hz)
    assert not cut and len(out) - TAIL == pytest.approx(6.0 * MEL.sample_rate_hz, abs=2 * 240)


def test_a_pause_counts_only_when_enough_came_before() -> None:
    """After 3 s the next part is taken even if it is too long, and then cut hard."""
    out, cut = clipped_reference(np.concatenate([noise(3.0), hush(1.5), noise(14.0)]), MEL.sample_rate_hz)
    assert cut and len(out) - TAIL == int(LONGEST_S * MEL.sample_rate_hz)


@pytest.mark.parametrize("wave", [hush(3.0), noise(3.0, 1e-4), np.concatenate([hush(1.0), noise(0.2), hush(1.0)])])
def test_next_to_nothing_is_refused(wave: np.ndarray) -> None:
    with pytest.raises(UserError, match="less than"):
        clipped_reference(wave, MEL.sample_rate_hz)


def test_f5_hears_quiet_recordings_louder_and_loud_ones_as_they_are() -> None:
    quiet, loud = noise(1.0, 0.02), noise(1.0, 0.2)
    raised, back = to_f5_level(quiet)
    assert np.sqrt(np.mean(raised**2)) == pytest.approx(0.1, rel=1e-3)
    np.testing.assert_allclose(raised * back, quiet, atol=1e-6)
    same, back = to_f5_level(loud)
    assert same is loud and back == 1.0
