"""Sound against lips, with the recogniser that ships and the portrait's own speech."""

import numpy as np
import pytest
import torch

from jamflow.alignment.recogniser import Recogniser, RecogniserConfig
from jamflow.evaluate.sync import at_frames, compared, heard_opening_cm, sync

FPS = 25.0


class Echo(Recogniser):
    """Hears an opening that is written into the first band."""

    def opening_cm(self, mel_fm):
        return mel_fm[:, 0]


@pytest.fixture
def echo() -> Echo:
    return Echo(RecogniserConfig())


def curve(seconds: float, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Random smooth openings of one and the same mouth, whatever the rate."""
    knots = np.random.default_rng(int(rng.integers(1 << 30))).uniform(0, 1, int(seconds * 6) + 2)
    return np.interp((np.arange(int(seconds * rate_hz)) + 0.5) / rate_hz * 6, np.arange(len(knots)), knots)


def mel_of(opening_f: np.ndarray) -> torch.Tensor:
    mel = torch.zeros(len(opening_f), 100)
    mel[:, 0] = torch.from_numpy(opening_f)
    return mel


@pytest.mark.parametrize("late_s", [0.0, 0.12, -0.2, 0.4])
def test_the_lag_is_found(echo, late_s):
    rng = np.random.default_rng(3)
    heard = curve(6, 93.75, rng)
    time_s = np.arange(150) / FPS
    seen = np.interp(time_s - late_s, (np.arange(len(heard)) + 0.5) / 93.75, heard)
    found = sync(echo, mel_of(heard), seen, FPS)
    assert found.lag_s == pytest.approx(late_s, abs=0.01)
    assert found.score > 0.95 and found.margin > 0.3


def test_other_lips_have_a_low_score(echo):
    rng = np.random.default_rng(4)
    heard, other = curve(20, 93.75, rng), curve(20, FPS, rng)
    assert sync(echo, mel_of(heard), other, FPS).score < 0.35


def test_lips_that_do_not_move_have_no_score(echo):
    heard = curve(4, 93.75, np.random.default_rng(0))
    assert np.isnan(sync(echo, mel_of(heard), np.zeros(100), FPS).score)
    assert np.isnan(sync(echo, mel_of(heard), np.full(100, np.nan), FPS).score)


def test_behind_the_sound_nothing_is_heard(echo):
    heard = heard_opening_cm(echo, mel_of(np.ones(94)), 50, FPS)
    assert np.isfinite(heard[:26]).all() and np.isnan(heard[26:]).all()


def test_a_sound_that_begins_late_is_heard_late():
    opening_f = curve(4, 93.75, np.random.default_rng(5))
    on_time, late, early = (at_frames(opening_f, 93.75, 100, FPS, late_s) for late_s in (0.0, 0.2, -0.2))
    np.testing.assert_allclose(late[5:], on_time[:-5], atol=1e-9)
    np.testing.assert_allclose(early[:-5], on_time[5:], atol=1e-9)
    assert np.isnan(late[:5]).all() and np.isnan(early[-4:]).all(), "nothing is heard before and after it"
    assert compared(on_time, late, FPS).lag_s == pytest.approx(-0.2, abs=0.01), "the lips are early then"
