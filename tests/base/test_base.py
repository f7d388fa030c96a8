"""`base` from a recording and a text to sound: F5-TTS's lengths and arithmetic, seeds, pieces, what is refused."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from jamflow import JamFlow
from jamflow.errors import UserError
from jamflow.flow.schedule import time_grid
from jamflow.loading.joint import load_joint
from jamflow.mel_format import MelFormat
from jamflow.model.streams import AudioInput
from jamflow.speech import whisper
from jamflow.speech.mel import LogMel
from jamflow.speech.vocoder import load_vocoder
from jamflow.speech.waveform import read_wave
from jamflow.text.f5_text import Vocabulary, chunk_bytes, chunks, joined, mel_frames, prepared_reference, tokenize
from jamflow.voices.f5.reference import clipped_reference, to_f5_level
from jamflow.weights.shipped import asset
from tiny_base import SAID, make_folder, make_voice

MEL = MelFormat()

LONG = "The first sentence is here. A second one follows it, and it is longer. " * 6
RAMP = int(0.15 * MEL.sample_rate_hz)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    make_folder(folder / "tiny")
    make_voice(folder / "me.wav")
    return folder


@pytest.fixture(scope="module")
def model(place: Path) -> JamFlow:
    return JamFlow.load(place / "tiny")


def prepared(place: Path) -> np.ndarray:
    return clipped_reference(read_wave(place / "me.wav", 24_000), MEL.sample_rate_hz)[0]


@pytest.mark.parametrize(
    ("text", "speed"),
    [("Hi.", 1.0), ("Hi.", 1.7), ("One sentence of some length.", 1.0), (LONG, 1.0), (LONG, 1.7), ("你好，世界。", 1.0)],
)
def test_length_is_the_official_rule(model: JamFlow, place: Path, text: str, speed: float) -> None:
    samples, said = len(prepared(place)), prepared_reference(SAID)
    parts = chunks(text, chunk_bytes(said, samples / MEL.sample_rate_hz, speed))
    frames = [mel_frames(samples // MEL.hop, said, part, speed) for part in parts]
    expected = sum((n - samples // MEL.hop - 1) * MEL.hop for n in frames) - RAMP * (len(parts) - 1)
    out = model.tts(text, voice=place / "me.wav", voice_text=SAID, nfe=1, speed=speed)
    assert len(out.speech.waveform) == expected
    assert len(list(out.pieces())) == len(parts) and (text != LONG or len(parts) > 1)


def test_more_tokens_than_frames_get_a_frame_each(model: JamFlow, place: Path) -> None:
    text, said = "Ah, ah, ah, ah, ah.", "This is said at a speed that nobody can follow, " * 4
    out = model.tts(text, voice=place / "me.wav", voice_text=said, nfe=1, speed=2.0)
    tokens = len(tokenize(joined(prepared_reference(said.strip()), text)))
    first = len(prepared(place)) // MEL.hop
    expected = max(tokens, first + 1) + 1 - first - 1
    assert len(out.speech.waveform) == expected * MEL.hop


def test_the_whole_path_is_its_parts_by_hand(model: JamFlow, place: Path) -> None:
    """Written out as the official code does it: mel, Euler with guidance, cut at R, vocoder, loudness."""
    text, steps = "By hand.", 3
    out = model.tts(text, voice=place / "me.wav", voice_text=SAID, nfe=steps, seed=5).speech.waveform
    joint, _ = load_joint(place / "tiny/joint.safetensors")
    vocoder = load_vocoder(place / "tiny/vocoder.safetensors")
    wave, back = to_f5_level(prepared(place))
    assert back < 1
    mel, said = LogMel(MEL)(torch.from_numpy(wave))[None], prepared_reference(SAID)
    n = mel_frames(len(wave) // MEL.hop, said, text, 1.0)
    tokens = torch.tensor([Vocabulary(asset("base/vocab.txt")).indices(tokenize(joined(said, text)))])
    x = torch.randn(1, n, 100, generator=torch.Generator().manual_seed(5 * 100_003))
    context = torch.nn.functional.pad(mel, (0, 0, 0, n - mel.shape[1]))
    grid = time_grid(steps, -1.0)
    for t, end in pairwise(grid):

        def look(drop: bool, x: torch.Tensor = x, t: torch.Tensor = t) -> torch.Tensor:
            flag = torch.tensor([drop])
            velocity, _ = joint(AudioInput(x, context, t[None], tokens, flag, flag), None)
            return velocity

        with_text = look(False)
        x = x + (with_text + (with_text - look(True)) * 2) * (end - t)
    x = torch.where(torch.arange(n)[None, :, None] < mel.shape[1], context, x)
    expected = vocoder(x[:, len(wave) // MEL.hop :])[0].numpy() * back
    np.testing.assert_allclose(out, expected.clip(-1, 1), atol=1e-5)


def test_same_seed_same_sound_whatever_follows(model: JamFlow, place: Path) -> None:
    def spoken(text: str, seed: int) -> np.ndarray:
        return model.tts(text, voice=place / "me.wav", voice_text=SAID, nfe=2, seed=seed).speech.waveform

    whole = spoken(LONG, 1)
    assert np.array_equal(whole, spoken(LONG, 1))
    assert not np.array_equal(whole, spoken(LONG, 2))
    pieces = list(model.tts(LONG, voice=place / "me.wav", voice_text=SAID, nfe=2, seed=1).pieces())
    assert len(pieces) > 1 and np.array_equal(np.concatenate([p.speech for p in pieces]), whole)
    said = prepared_reference(SAID)
    first = chunks(" ".join(LONG.split()), chunk_bytes(said, len(prepared(place)) / MEL.sample_rate_hz, 1.0))[0]
    alone = spoken(first, 1)
    assert np.array_equal(pieces[0].speech, alone[: len(alone) - RAMP]), "only what will be mixed is held back"


def test_bfloat16_says_the_same(place: Path, model: JamFlow) -> None:
    half = JamFlow.load(place / "tiny", dtype="bfloat16")
    one, two = (m.tts("Almost the same.", voice=place / "me.wav", voice_text=SAID, nfe=2).speech.waveform for m in (model, half))
    error = float(np.sqrt(np.mean((one - two) ** 2) / np.mean(one**2)))
    assert 0 < error < 0.05


def test_quiet_voices_stay_quiet(model: JamFlow, place: Path, tmp_path: Path) -> None:
    quiet = make_voice(tmp_path / "quiet.wav", level=0.01)
    loud = model.tts("As loud as I am.", voice=place / "me.wav", voice_text=SAID, nfe=1).speech.waveform
    soft = model.tts("As loud as I am.", voice=quiet, voice_text=SAID, nfe=1).speech.waveform
    assert np.std(soft) == pytest.approx(np.std(loud) / 5, rel=0.05)


def test_a_recording_without_its_text_is_transcribed(model: JamFlow, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ears:
        def transcribe(self, speech: np.ndarray, rate: int) -> str:
            assert rate == MEL.sample_rate_hz and len(speech) == len(prepared(place))
            return SAID

    monkeypatch.setattr(whisper, "Whisper", Ears)
    told = model.tts("Hello there.", voice=place / "me.wav", voice_text=SAID, nfe=1)
    heard = model.tts("Hello there.", voice=place / "me.wav", nfe=1)
    assert np.array_equal(told.speech.waveform, heard.speech.waveform)
    assert told.warnings == [] and SAID in heard.warnings[0]


def test_a_long_recording_is_cut_and_the_user_told(model: JamFlow, tmp_path: Path) -> None:
    long = make_voice(tmp_path / "long.wav", 14.0)
    result = model.tts("Hello there.", voice=long, voice_text=SAID, nfe=1)
    assert "first 12.0 s" in result.warnings[0] or "first 12.1 s" in result.warnings[0]


def refuse_whisper(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise UserError("The Python module faster_whisper is not installed.", "")

    monkeypatch.setattr(whisper, "Whisper", absent)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "voice of a recording, and none is given.*--voice-text"),
        ({"voice": "me.wav"}, "not known.*--voice-text.*jamflow.eval"),
        ({"voice": "me.wav", "voice_text": SAID, "text": " ... "}, "nothing to say"),
        ({"voice": "me.wav", "voice_text": SAID, "text": "ᚠᚢᚦ"}, "vocabulary lacks"),
        ({"voice": "me.wav", "voice_text": SAID, "text": "First this. " + "on and " * 120}, "would take .* Divide long"),
        ({"voice": "none.wav", "voice_text": SAID}, "does not exist"),
    ],
)
def test_what_cannot_be_spoken(
    arguments: dict[str, str], message: str, model: JamFlow, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_whisper(monkeypatch)
    arguments = {"text": "Hello.", **arguments}
    if "voice" in arguments:
        arguments["voice"] = str(place / arguments["voice"])
    with pytest.raises(UserError) as error:
        model.tts(**arguments)
    assert re.search(message, str(error.value))


def test_a_video_needs_trained_motion(model: JamFlow) -> None:
    with pytest.raises(UserError, match="Motion-DiT must be trained first"):
        model.speak(np.zeros((64, 64, 3), np.uint8), "Hello.")
