"""A recording becomes a prompt: trimmed, levelled, whole blocks."""

import numpy as np
import pytest
import torch

from jamflow.mel_format import MelFormat
from jamflow.speech.level import LOUD, to_model_level
from jamflow.speech.mel import LogMel
from jamflow.voices.phonemes.prompt import (
    MAX_PROMPT_S,
    MIN_PROMPT_S,
    adaptation_mel,
    choose_prompt,
    spoken_s,
    trimmed,
    voice_from_prompt,
)

MEL = MelFormat()

BLOCK = 7680  # 0.32 s


def speech(seconds: float, level: float = 0.2) -> np.ndarray:
    """Noise that swells four times a second, like syllables."""
    n = int(seconds * MEL.sample_rate_hz)
    swell = 0.55 + 0.45 * np.sin(8 * np.pi * np.arange(n) / MEL.sample_rate_hz)
    return (level * swell * np.random.default_rng(0).standard_normal(n)).astype(np.float32).clip(-1, 1)


def test_silence_around_is_cut() -> None:
    quiet = np.zeros(2 * MEL.sample_rate_hz, np.float32)
    kept = trimmed(np.concatenate([quiet, speech(1.0), quiet]), MEL.sample_rate_hz)
    assert 1.6 * MEL.sample_rate_hz < kept.start < 2 * MEL.sample_rate_hz
    assert 3 * MEL.sample_rate_hz < kept.stop < 3.4 * MEL.sample_rate_hz


@pytest.mark.parametrize("level", [0.005, 0.05, 0.3])
def test_level_does_not_depend_on_the_recording(level: float) -> None:
    out = to_model_level(speech(2.0, level))
    assert np.abs(out).max() <= 0.981
    assert np.quantile(np.abs(out), 0.995) == pytest.approx(LOUD, rel=0.05)


@pytest.mark.parametrize("seconds", [0.5, 1.3, 3.0, 4.79, 7.0, 60.0])
def test_prompt_is_whole_blocks_within_its_limits(seconds: float) -> None:
    samples = choose_prompt(speech(seconds), MEL.sample_rate_hz, BLOCK).samples
    assert len(samples) % BLOCK == 0 and np.isfinite(samples).all()
    assert MIN_PROMPT_S * MEL.sample_rate_hz - 1 <= len(samples) <= (MAX_PROMPT_S + 0.32) * MEL.sample_rate_hz


def test_long_recording_is_cut_where_it_is_quiet() -> None:
    wave = speech(8.0)
    pause = slice(int(3.9 * MEL.sample_rate_hz), int(4.1 * MEL.sample_rate_hz))
    wave[pause] = 0
    samples = choose_prompt(wave, MEL.sample_rate_hz, BLOCK).samples
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    assert 3.8 < loud[-1] / MEL.sample_rate_hz < 4.1


def test_voice_has_as_many_tokens_as_its_mel_has_pairs_of_frames() -> None:
    voice = voice_from_prompt(choose_prompt(speech(3.0), MEL.sample_rate_hz, BLOCK), LogMel(MEL), 2)
    assert len(voice.mel_fm) == 2 * len(voice.text_a) and (voice.text_a == -1).all()
    expected = LogMel(MEL)(torch.from_numpy(choose_prompt(speech(3.0), MEL.sample_rate_hz, BLOCK).samples))[: len(voice.mel_fm)]
    torch.testing.assert_close(voice.mel_fm, expected)


def test_a_prompt_tells_which_part_of_the_recording_it_is() -> None:
    quiet = np.zeros(2 * MEL.sample_rate_hz, np.float32)
    wave = np.concatenate([quiet, speech(1.1), quiet])
    prompt = choose_prompt(wave, MEL.sample_rate_hz, BLOCK)
    part = wave[round(prompt.start_s * MEL.sample_rate_hz) : round(prompt.end_s * MEL.sample_rate_hz)]
    gain = np.abs(prompt.samples).max() / np.abs(part).max()
    np.testing.assert_allclose(prompt.samples[: len(part)], part * gain, atol=1e-3)
    assert np.abs(prompt.samples[len(part) :]).max() < 1e-3


def test_a_little_of_the_silence_stays_and_speech_without_any_stays_whole() -> None:
    quiet = np.zeros(2 * MEL.sample_rate_hz, np.float32)
    kept = trimmed(np.concatenate([quiet, speech(1.0), quiet]), MEL.sample_rate_hz)
    assert 2 * MEL.sample_rate_hz - kept.start == pytest.approx(0.15 * MEL.sample_rate_hz, abs=480)
    assert kept.stop - 3 * MEL.sample_rate_hz == pytest.approx(0.15 * MEL.sample_rate_hz, abs=480)
    assert trimmed(speech(1.0), MEL.sample_rate_hz) == slice(0, MEL.sample_rate_hz)
    assert trimmed(quiet[:100], MEL.sample_rate_hz) == slice(0, 100), "too short to have a level"


@pytest.mark.parametrize(("seconds", "whole"), [(0.3, True), (4.7, True), (4.81, False), (9.0, False)])
def test_a_prompt_says_whether_speech_was_left_out(seconds: float, whole: bool) -> None:
    prompt = choose_prompt(speech(seconds), MEL.sample_rate_hz, BLOCK)
    assert prompt.whole == whole
    assert prompt.end_s - prompt.start_s == pytest.approx(seconds, abs=0.01) if whole else prompt.end_s < seconds
    assert prompt.end_s <= len(prompt.samples) / MEL.sample_rate_hz + prompt.start_s + 1e-6


def test_the_same_recording_gives_the_same_prompt() -> None:
    first, again = (choose_prompt(speech(1.1), MEL.sample_rate_hz, BLOCK).samples for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(("seconds", "noise", "learnt"), [(0.9, 1e-4, False), (1.2, 1e-4, True), (3.0, 0.1, False)])
def test_a_voice_is_learnt_from_speech_that_is_long_and_clear(seconds: float, noise: float, learnt: bool) -> None:
    n = int(seconds * MEL.sample_rate_hz)
    rng, swell = np.random.default_rng(0), np.sin(8 * np.pi * np.arange(n) / MEL.sample_rate_hz).clip(0)
    wave = (0.1 * swell * rng.standard_normal(n) + noise * rng.standard_normal(n)).astype(np.float32)
    mel = adaptation_mel(wave, LogMel(MEL))
    assert (mel is not None) == learnt


def test_no_more_is_learnt_than_twelve_seconds_however_quiet_the_recording() -> None:
    mels = [adaptation_mel(speech(20.0, level) * (np.arange(480_000) % 12_000 < 6_000), LogMel(MEL)) for level in (0.2, 0.02)]
    assert mels[0] is not None and mels[1] is not None
    assert len(mels[0]) == 12 * MEL.sample_rate_hz // 256 + 1
    assert float((mels[0] - mels[1]).abs().median()) < 0.05, "at the model's level"


@pytest.mark.parametrize(("before_s", "after_s"), [(0.0, 0.0), (0.05, 0.1), (1.0, 0.05), (2.0, 3.0)])
def test_speech_is_as_long_as_it_is_without_its_silence(before_s: float, after_s: float) -> None:
    said = 0.2 * np.random.default_rng(0).standard_normal(2 * 24_000).astype(np.float32)
    silence = [np.zeros(round(s * 24_000), np.float32) for s in (before_s, after_s)]
    assert spoken_s(np.concatenate([silence[0], said, silence[1]]), 24_000) == pytest.approx(2.0, abs=0.02)
