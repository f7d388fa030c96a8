"""A recording becomes a prompt: trimmed, levelled, whole blocks."""

import numpy as np
import pytest
import torch

from jamflow.speech.level import LOUD, to_model_level
from jamflow.speech.mel import SAMPLE_RATE_HZ, LogMel
from jamflow.voices.prompt import MAX_PROMPT_S, MIN_PROMPT_S, choose_prompt, trimmed, voice_from_prompt

BLOCK = 7680  # 0.32 s


def speech(seconds: float, level: float = 0.2) -> np.ndarray:
    """Noise that swells four times a second, like syllables."""
    n = int(seconds * SAMPLE_RATE_HZ)
    swell = 0.55 + 0.45 * np.sin(8 * np.pi * np.arange(n) / SAMPLE_RATE_HZ)
    return (level * swell * np.random.default_rng(0).standard_normal(n)).astype(np.float32).clip(-1, 1)


def test_silence_around_is_cut() -> None:
    quiet = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)
    kept = trimmed(np.concatenate([quiet, speech(1.0), quiet]))
    assert 1.6 * SAMPLE_RATE_HZ < kept.start < 2 * SAMPLE_RATE_HZ
    assert 3 * SAMPLE_RATE_HZ < kept.stop < 3.4 * SAMPLE_RATE_HZ


@pytest.mark.parametrize("level", [0.005, 0.05, 0.3])
def test_level_does_not_depend_on_the_recording(level: float) -> None:
    out = to_model_level(speech(2.0, level))
    assert np.abs(out).max() <= 0.981
    assert np.quantile(np.abs(out), 0.995) == pytest.approx(LOUD, rel=0.05)


@pytest.mark.parametrize("seconds", [0.5, 1.3, 3.0, 4.79, 7.0, 60.0])
def test_prompt_is_whole_blocks_within_its_limits(seconds: float) -> None:
    samples = choose_prompt(speech(seconds), BLOCK).samples
    assert len(samples) % BLOCK == 0 and np.isfinite(samples).all()
    assert MIN_PROMPT_S * SAMPLE_RATE_HZ - 1 <= len(samples) <= (MAX_PROMPT_S + 0.32) * SAMPLE_RATE_HZ


def test_long_recording_is_cut_where_it_is_quiet() -> None:
    wave = speech(8.0)
    pause = slice(int(3.9 * SAMPLE_RATE_HZ), int(4.1 * SAMPLE_RATE_HZ))
    wave[pause] = 0
    samples = choose_prompt(wave, BLOCK).samples
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    assert 3.8 < loud[-1] / SAMPLE_RATE_HZ < 4.1


def test_voice_has_as_many_tokens_as_its_mel_has_pairs_of_frames() -> None:
    voice = voice_from_prompt(choose_prompt(speech(3.0), BLOCK), LogMel(), 2)
    assert len(voice.mel_fm) == 2 * len(voice.text_a) and (voice.text_a == -1).all()
    expected = LogMel()(torch.from_numpy(choose_prompt(speech(3.0), BLOCK).samples))[: len(voice.mel_fm)]
    torch.testing.assert_close(voice.mel_fm, expected)


def test_a_prompt_tells_which_part_of_the_recording_it_is() -> None:
    quiet = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)
    wave = np.concatenate([quiet, speech(1.1), quiet])
    prompt = choose_prompt(wave, BLOCK)
    part = wave[round(prompt.start_s * SAMPLE_RATE_HZ) : round(prompt.end_s * SAMPLE_RATE_HZ)]
    gain = np.abs(prompt.samples).max() / np.abs(part).max()
    np.testing.assert_allclose(prompt.samples[: len(part)], part * gain, atol=1e-3)
    assert np.abs(prompt.samples[len(part) :]).max() < 1e-3
