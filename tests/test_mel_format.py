"""The mel format is the checkpoint's: a model of another sample rate, hop and number of bands works like any other."""

import json
import shutil
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from jamflow import JamFlow
from jamflow.editing.splice import cut, window
from jamflow.editing.timeline import EditTimeline
from jamflow.errors import UserError
from jamflow.loading.joint import joint_config, save_joint
from jamflow.mel_format import MelFormat
from jamflow.model.config import JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.speech.mel import LogMel
from jamflow.speech.original import open_original
from jamflow.speech.vocoder import load_vocoder
from jamflow.speech.waveform import read_wave
from jamflow.text.durations import DurationConfig, DurationPredictor
from jamflow.text.f5_text import mel_frames, prepared_reference
from jamflow.voices.f5.reference import clipped_reference
from jamflow.voices.phonemes.prompt import MAX_PROMPT_S
from jamflow.weights.shipped import ASSETS, asset
from jamflow.weights.tensors import save_tensors
from tiny_base import AUDIO, SAID, awake
from tiny_base import make_voice as make_base_voice
from tiny_mini import make_mini, make_vocoder, make_voice, tiny_config

NARROW = MelFormat(16_000, 160, 512, 80)
MINI = MelFormat(24_000, 256, 1024, 100)
TEXT = "Hello there. Goodbye."
PORTRAIT = ASSETS / "portraits/astronaut.png"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_mini(tmp_path_factory.mktemp("models") / "narrow", NARROW)


@pytest.fixture(scope="module")
def model(folder: Path) -> JamFlow:
    return JamFlow.load(folder, device="cpu")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2.5 s that swell like syllables, with rests before and after, at a rate that no model here has."""
    rate = 44_100
    time_s = np.arange(int(2.5 * rate)) / rate
    swell = np.clip(np.sin(2 * np.pi * 2 * time_s), 0, 1) * ((time_s > 0.2) & (time_s < 2.3))
    path = tmp_path_factory.mktemp("sound") / "said.wav"
    soundfile.write(path, 0.2 * swell * np.random.default_rng(0).standard_normal(len(time_s)).clip(-3, 3), rate)
    return path


def test_clocks() -> None:
    config = tiny_config(NARROW)
    assert NARROW.frame_rate_hz == 100 and NARROW.frame_s == Fraction(1, 100)
    assert config.exact_token_rate_hz == config.token_rate_hz == 50
    assert config.block_tokens == 2 and config.motion_frames(7) == 4
    cd = tiny_config(MelFormat(22_050, 256, 1024, 80))
    assert cd.exact_token_rate_hz == Fraction(22_050, 512) and cd.block_tokens == 441


def test_text_becomes_speech_at_the_rate_of_the_checkpoint(model: JamFlow, tmp_path: Path) -> None:
    result = model.tts(TEXT, nfe=2)
    speech = result.speech
    assert speech.sample_rate == 16_000 and np.abs(speech.waveform).max() > 0
    assert len(speech.waveform) % (2 * 2 * 160) == 0, "whole blocks of two tokens of two mel frames"
    assert result.phones[-1][2] == pytest.approx(len(speech.waveform) / 16_000)
    report = result.save(tmp_path / "out.wav")
    about = soundfile.info(tmp_path / "out.wav")
    assert (report["sample_rate"], about.samplerate, about.frames) == (16_000, 16_000, len(speech.waveform))


def test_frames_of_motion_fit_the_sound(model: JamFlow) -> None:
    result = model.speak(PORTRAIT, TEXT, nfe=2)
    assert result.motion is not None
    assert len(result.motion) == len(result.speech.waveform) / 16_000 * 25


def test_a_recording_is_heard_at_the_rate_of_the_checkpoint(model: JamFlow, recording: Path) -> None:
    motion = model.animate(PORTRAIT, recording, nfe=2).motion
    assert motion is not None and len(motion) == 63  # 2.5 s


def test_a_voice_is_heard_at_the_rate_of_the_checkpoint(model: JamFlow, recording: Path, tmp_path: Path) -> None:
    speaker = model._model.reader.speaker(recording, None)
    tokens = len(speaker.voice.text_a)
    assert tokens / 50 == pytest.approx(2.1 + 2 * 0.15, abs=0.2)
    assert speaker.voice.mel_fm.shape == (2 * tokens, 80)
    assert speaker.lesson is not None and speaker.lesson.shape[1] == 80
    wave, rate = soundfile.read(recording)
    soundfile.write(tmp_path / "long.wav", np.tile(wave, 4), rate)
    tokens = len(model._model.reader.speaker(tmp_path / "long.wav", None).voice.text_a)
    assert tokens / 50 == pytest.approx(0.6 * MAX_PROMPT_S, abs=0.15), "from there on it ends at the first rest"


def test_the_window_of_an_edit_is_in_the_format_of_the_checkpoint(model: JamFlow, recording: Path) -> None:
    sound, config = open_original(recording), model._model.joint.config
    change = EditTimeline(Fraction(3, 2), Fraction(2), Fraction(1, 2), [], [], True)
    place = cut(change, sound)
    view = window(change, place, sound, config, model._model.reader.edit_support())
    given, mel = view.speech.given_a, view.speech.mel_fm
    assert given is not None and mel is not None and mel.shape == (2 * view.tokens, 80)
    gone_s = torch.nonzero(~given).flatten() / 50
    reach_s = 256 / 16_000  # of a mel frame
    assert float(gone_s[0]) == pytest.approx(place.start / 44_100 - reach_s, abs=0.021)
    assert float(gone_s[-1]) == pytest.approx(place.end / 44_100 + reach_s, abs=0.021)
    heard = LogMel(NARROW)(torch.from_numpy(sound.resampled(16_000, 0, place.start) * np.float32(view.gain)))
    torch.testing.assert_close(mel[:100], heard[:100], atol=1e-4, rtol=0)


def test_words_are_replaced_in_a_file_of_another_rate(model: JamFlow, recording: Path) -> None:
    result = model.edit(recording, text="oh no", from_s=1.0, to_s=1.4, transcript="Hello there my friend", nfe=2)
    before, rate = soundfile.read(recording, dtype="float32")
    assert result.speech.sample_rate == rate
    np.testing.assert_array_equal(result.speech.waveform[: int(0.85 * rate)], before[: int(0.85 * rate)])
    moved = len(result.speech.waveform) - len(before)
    assert moved % (rate // 100) == 0, "what follows moves by whole mel frames"


def test_a_model_like_base_counts_its_frames_in_the_format_of_the_checkpoint(tmp_path: Path) -> None:
    config = JointConfig(replace(AUDIO, channels=80), MotionConfig(dim=16), text="f5", mel=NARROW)
    torch.manual_seed(0)
    model, normaliser = awake(JointModel(config)), Normaliser(80, 12, 51)
    save_joint(tmp_path / "joint.safetensors", model.state_dict(), normaliser.state_dict(), config)
    make_vocoder(tmp_path, NARROW)
    voice, text = make_base_voice(tmp_path / "me.wav"), "Nothing is said here."
    speech = JamFlow.load(tmp_path, device="cpu").tts(text, voice=voice, voice_text=SAID, nfe=1).speech
    # As F5-TTS: the voice's frames, and as many for the text as its bytes are of the voice's text.
    given = len(clipped_reference(read_wave(voice, 16_000), 16_000)[0]) // 160
    frames = mel_frames(given, prepared_reference(SAID), text, 1.0)
    assert speech.sample_rate == 16_000 and len(speech.waveform) == (frames - given - 1) * 160


@pytest.mark.parametrize("part", ["vocoder", "voice", "durations", "symbols", "joint"])
def test_parts_of_another_format_are_refused_in_one_sentence(folder: Path, tmp_path: Path, part: str) -> None:
    mixed = shutil.copytree(folder, tmp_path / "mixed")
    other = replace(NARROW, hop=200)
    if part == "vocoder":
        make_vocoder(mixed, other)
    elif part == "voice":
        make_voice(mixed, tiny_config(NARROW), other)
    elif part == "durations":
        shutil.copy(asset("mini/vocoder.safetensors"), mixed / "durations.safetensors")
    elif part == "symbols":
        durations = DurationConfig(9, dim=8, layers=1)
        save_tensors(mixed / "durations.safetensors", DurationPredictor(durations).state_dict(), asdict(durations))
    else:
        rewrite(mixed / "joint.safetensors", {"mel": asdict(replace(NARROW, bands=100))})
    said = {
        "vocoder": "The vocoder was made for sound at 16000 Hz with hop 200, FFT size 512 and 80 mel bands, and the model for",
        "voice": "voice.safetensors was made for sound at 16000 Hz with hop 200",
        "durations": "not of durations",
        "symbols": "of 9 symbols, and the model reads 109",
        "joint": "160 channels are not 2 x 100 mel bands",
    }
    with pytest.raises(UserError, match=said[part]):
        JamFlow.load(mixed, device="cpu")


def test_a_voice_of_other_sizes_is_refused(folder: Path, tmp_path: Path) -> None:
    mixed = shutil.copytree(folder, tmp_path / "mixed")
    make_voice(mixed, tiny_config(replace(NARROW, bands=100)), NARROW)
    with pytest.raises(UserError, match="sizes differ"):
        JamFlow.load(mixed, device="cpu")


def test_the_first_files_are_of_the_format_that_was_the_only_one() -> None:
    """The first files of `mini`, of which its vocoder still ships, do not say the sample rate."""
    raw = {}
    for name in ("joint", "vocoder"):
        with safe_open(asset(f"mini/{name}.safetensors"), "pt") as file:
            raw[name] = json.loads(file.metadata()["config"])
    assert "mel" not in raw["vocoder"]
    del raw["joint"]["mel"]
    assert joint_config(raw["joint"]).mel == MINI
    assert load_vocoder(asset("mini/vocoder.safetensors")).config.mel == MINI


def rewrite(path: Path, changes: dict) -> None:
    """Other entries in the configuration of a model file."""
    with safe_open(path, "pt") as file:
        config = json.loads(file.metadata()["config"])
    save_file(load_file(path), path, metadata={"config": json.dumps(config | changes)})
