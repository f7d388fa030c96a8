"""A recording in pieces is the recording at once: same samples, same level, same refusals."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from jamflow.errors import UserError
from jamflow.speech.level import to_model_level
from jamflow.speech.recording import open_recording
from jamflow.speech.waveform import read_wave


def talk(seconds: float, rate: int, level: float = 0.2) -> np.ndarray:
    """Stereo noise that swells like syllables, one side louder than the other."""
    n = round(seconds * rate)
    swell = np.maximum(0, np.sin(8 * np.arange(n) / rate))
    one = level * swell * np.random.default_rng(0).standard_normal(n)
    return np.stack([one, 0.5 * one], 1).clip(-1, 1).astype(np.float32)


@pytest.mark.parametrize(("rate", "level"), [(44_100, 0.2), (24_000, 0.02), (8_000, 0.6), (96_000, 0.003)])
def test_as_read_at_once(tmp_path: Path, rate: int, level: float) -> None:
    soundfile.write(tmp_path / "a.wav", talk(7.3, rate, level), rate, subtype="FLOAT")
    recording = open_recording(tmp_path / "a.wav", 24_000)
    assert (recording.length_s, recording.start_s) == (Fraction(73, 10), 0)
    blocks = list(recording.blocks())
    assert max(map(len, blocks)) < 24_000, "a little at a time"
    wave, whole = np.concatenate(blocks), to_model_level(read_wave(tmp_path / "a.wav", 24_000))
    assert wave.dtype == np.float32 and len(wave) == recording.length_s * 24_000
    np.testing.assert_allclose(wave, whole, atol=3e-3 * np.abs(whole).max())
    assert np.array_equal(np.concatenate(list(recording.blocks())), wave), "as often as one likes"


@pytest.mark.parametrize("loudest", [0.9, -0.9])
def test_the_loudest_sample_stays_in_range(tmp_path: Path, loudest: float) -> None:
    wave = talk(2.0, 24_000, 0.01)
    wave[30_000] = loudest
    soundfile.write(tmp_path / "a.wav", wave, 24_000)
    heard = np.concatenate(list(open_recording(tmp_path / "a.wav", 24_000).blocks()))
    assert np.abs(heard).max() == pytest.approx(0.98, abs=0.01)


def no_number(rate: int) -> np.ndarray:
    wave = talk(1.0, rate)
    wave[20_000, 1] = np.nan
    return wave


BAD = {
    "silence": (lambda: np.zeros((48_000, 2), np.float32), "is silent"),
    "nearly silence, with an offset": (lambda: 0.2 + 1e-4 * talk(2.0, 24_000), "is silent"),
    "short": (lambda: talk(0.45, 24_000), "less than 0.5 s"),
    "not a number": (lambda: no_number(24_000), "invalid samples"),
    "no samples": (lambda: np.zeros((0, 2), np.float32), "holds no sound"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_refused(tmp_path: Path, name: str) -> None:
    make, words = BAD[name]
    soundfile.write(tmp_path / "a.wav", make(), 24_000, subtype="FLOAT")
    with pytest.raises(UserError, match=words):
        open_recording(tmp_path / "a.wav", 24_000)
