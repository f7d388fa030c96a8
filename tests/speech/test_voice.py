"""A recording becomes a prompt: trimmed, levelled, whole blocks."""

import numpy as np
import pytest
import torch

from jamflow.speech.level import LOUD, to_model_level
from jamflow.speech.mel import SAMPLE_RATE_HZ, LogMel
from jamflow.speech.voice import MAX_PROMPT_S, MIN_PROMPT_S, prompt_samples, trim_silence, voice_from_recording

BLOCK = 7680  # 0.32 s


def speech(seconds: float, level: float = 0.2) -> np.ndarray:
    """Noise that swells four times a second, like syllables."""
    n = int(seconds * SAMPLE_RATE_HZ)
    swell = 0.55 + 0.45 * np.sin(8 * np.pi * np.arange(n) / SAMPLE_RATE_HZ)
    return (level * swell * np.random.default_rng(0).standard_normal(n)).astype(np.float32).clip(-1, 1)


def test_silence_around_is_cut() -> None:
    quiet = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)
    trimmed = trim_silence(np.concatenate([quiet, speech(1.0), quiet]))
    assert 1.0 * SAMPLE_RATE_HZ < len(trimmed) < 1.4 * SAMPLE_RATE_HZ


@pytest.mark.parametrize("level", [0.005, 0.05, 0.3])
def test_level_does_not_depend_on_the_recording(level: float) -> None:
    out = to_model_level(speech(2.0, level))
    assert np.abs(out).max() <= 0.981
    assert np.quantile(np.abs(out), 0.995) == pytest.approx(LOUD, rel=0.05)


@pytest.mark.parametrize("seconds", [0.5, 1.3, 3.0, 4.79, 7.0, 60.0])
def test_prompt_is_whole_blocks_within_its_limits(seconds: float) -> None:
    samples = prompt_samples(speech(seconds), BLOCK)
    assert len(samples) % BLOCK == 0 and np.isfinite(samples).all()
    assert MIN_PROMPT_S * SAMPLE_RATE_HZ - 1 <= len(samples) <= (MAX_PROMPT_S + 0.32) * SAMPLE_RATE_HZ


def test_long_recording_is_cut_where_it_is_quiet() -> None:
    wave = speech(8.0)
    pause = slice(int(3.9 * SAMPLE_RATE_HZ), int(4.1 * SAMPLE_RATE_HZ))
    wave[pause] = 0
    samples = prompt_samples(wave, BLOCK)
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    assert 3.8 < loud[-1] / SAMPLE_RATE_HZ < 4.1


def test_voice_has_as_many_tokens_as_its_mel_has_pairs_of_frames() -> None:
    voice = voice_from_recording(speech(3.0), LogMel(), BLOCK, 2)
    assert len(voice.mel_fm) == 2 * len(voice.text_a) and (voice.text_a == -1).all()
    expected = LogMel()(torch.from_numpy(prompt_samples(speech(3.0), BLOCK)))[: len(voice.mel_fm)]
    torch.testing.assert_close(voice.mel_fm, expected)
