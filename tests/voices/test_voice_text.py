"""The text of a voice's recording belongs to the prompt only where the prompt is all that was said."""

from pathlib import Path

import numpy as np
import pytest
import torch

from jamflow.loading.model import assemble
from jamflow.mel_format import MelFormat
from jamflow.speech.waveform import write_wave
from jamflow.voices.reader import Reader

MEL = MelFormat()


@pytest.fixture(scope="module")
def reader() -> Reader:
    return assemble("mini", torch.device("cpu")).reader


def recording(path: Path, said_s: float, silent_s: float) -> Path:
    n = round(said_s * MEL.sample_rate_hz)
    swell = 0.55 + 0.45 * np.sin(8 * np.pi * np.arange(n) / MEL.sample_rate_hz)
    said = 0.2 * swell * np.random.default_rng(0).standard_normal(n)
    silence = np.zeros(round(silent_s * MEL.sample_rate_hz))
    write_wave(path, np.concatenate([silence, said, silence]).clip(-1, 1).astype(np.float32), 24_000)
    return path


@pytest.mark.parametrize("silent_s", [0.0, 1.0])
def test_text_is_used_although_silence_is_cut_off(reader: Reader, tmp_path: Path, silent_s: float) -> None:
    path = recording(tmp_path / "a.wav", 3.0, silent_s)
    utterance = next(reader.speaker(path, "Mother nature calls me.").utterances("Hello.", 1.0))
    text_a = utterance.speech.text_n
    assert text_a is not None and (text_a[: utterance.voice_tokens] >= 0).all()


def test_text_of_what_is_cut_off_is_not_used(reader: Reader, tmp_path: Path) -> None:
    path = recording(tmp_path / "a.wav", 8.0, 0.0)
    utterance = next(reader.speaker(path, "Mother nature calls me, and so on and on.").utterances("Hello.", 1.0))
    text_a = utterance.speech.text_n
    assert text_a is not None and (text_a[: utterance.voice_tokens] == -1).all()
