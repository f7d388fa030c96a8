"""How `mini` ends what it says."""

import numpy as np
import pytest

from jamflow.voices.phonemes.reader import end_in_silence

RATE = 24_000


def test_after_the_last_sound_there_is_nothing() -> None:
    wave = np.ones(RATE, np.float32)
    out = end_in_silence(wave, 0.5, RATE)
    fade = slice(RATE // 2, round(0.55 * RATE) + 1)
    assert (out[: fade.start] == 1).all() and not out[fade.stop :].any()
    assert (np.diff(out[fade]) < 0).all() and out[round(0.525 * RATE)] == pytest.approx(0.5, abs=1e-3)
