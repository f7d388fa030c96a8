"""`jamflow tts --model base` and `init base` from the command line: what comes out, what is refused and what is left."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from test_base import refuse_whisper

from jamflow.app.cli import run
from jamflow.loading import f5
from jamflow.loading import model as loading_model
from jamflow.model.streams import AudioDiT
from jamflow.speech import vocoder
from jamflow.speech.vocoder import Vocos, VocosConfig
from jamflow.speech.waveform import read_wave, write_wave
from jamflow.weights.tensors import save_tensors
from tiny_base import AUDIO, SAID, awake, make_folder, make_vocoder, make_voice

SMALL = VocosConfig(dim=16, intermediate_dim=32, layers=1)
F5_FILE, VOCOS_FILE = "model_1250000.safetensors", "pytorch_model.bin"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a voice, a model folder, and weights as published, all of tiny size."""
    for module in (f5, loading_model):
        monkeypatch.setattr(module, "f5_config", lambda name: AUDIO)
    monkeypatch.setattr(vocoder, "vocos_24khz", lambda: SMALL)
    refuse_whisper(monkeypatch)
    torch.manual_seed(0)
    weights = tmp_path / "weights"
    weights.mkdir()
    save_file({f"ema_model.transformer.{k}": v for k, v in awake(AudioDiT(AUDIO)).state_dict().items()}, weights / F5_FILE)
    torch.save(Vocos(SMALL).state_dict(), weights / VOCOS_FILE)
    monkeypatch.setenv("JAMFLOW_WEIGHTS", str(weights))
    monkeypatch.setenv("JAMFLOW_CACHE", str(tmp_path / "cache"))
    make_folder(tmp_path / "tiny")
    make_voice(tmp_path / "me.wav")
    return tmp_path


def tts(place: Path, *more: str, model: str = "base") -> list[str]:
    return ["tts", "--model", model, "--text", "Good morning.", "--nfe", "1", "-o", str(place / "out.wav"), *more]


@pytest.mark.parametrize("model", ["base", "folder"])
def test_sound_comes_out(model: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    voice = ["--voice", str(place / "me.wav"), "--voice-text", SAID]
    name = "base" if model == "base" else str(place / "tiny")
    assert run([*tts(place, *voice, "--json", model=name)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert len(read_wave(place / "out.wav", 24_000)) / 24000 == pytest.approx(report["seconds"], abs=1e-3)
    assert (report["nfe"], report["frames"]) == (1, 0) and report["warnings"] == []


def spoil(name: str, place: Path) -> list[str]:
    """Makes one thing wrong; returns the options of the call."""
    weights, voice = place / "weights", ["--voice", str(place / "me.wav"), "--voice-text", SAID]
    checkpoint, folder = weights / F5_FILE, place / "tiny"
    if name == "no voice":
        return tts(place)
    if name == "no text of the voice":
        return tts(place, "--voice", str(place / "me.wav"))
    if name == "voice is silent":
        write_wave(place / "me.wav", torch.zeros(48000).numpy(), 24_000)
    elif name == "voice is a text":
        (place / "me.wav").write_text("words")
    elif name == "both missing":
        checkpoint.unlink()
        (weights / VOCOS_FILE).unlink()
    elif name == "vocoder missing":
        (weights / VOCOS_FILE).unlink()
    elif name == "truncated":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    elif name == "keys missing":
        save_file({"ema_model.transformer.proj_out.bias": torch.zeros(100)}, checkpoint)
    elif name == "another model":
        save_file({"encoder.weight": torch.zeros(3)}, checkpoint)
    elif name == "vocoder of another":
        torch.save({"encoder.weight": torch.zeros(3)}, weights / VOCOS_FILE)
    elif name == "no such model":
        return tts(place, *voice, model="huge")
    elif name.startswith("folder"):
        if name == "folder without a model":
            (folder / "joint.safetensors").unlink()
        elif name == "folder with F5-TTS's own file":
            (folder / "joint.safetensors").write_bytes(checkpoint.read_bytes())
        elif name == "folder with a vocoder as the model":
            save_tensors(folder / "joint.safetensors", *make_vocoder())
        elif name == "folder with a model as the vocoder":
            (folder / "vocoder.safetensors").write_bytes((folder / "joint.safetensors").read_bytes())
        elif name == "folder truncated":
            file = folder / "joint.safetensors"
            file.write_bytes(file.read_bytes()[:-1000])
        return tts(place, *voice, model=str(folder))
    return tts(place, *voice)


BAD = {
    "no voice": "in the voice of a recording, and none is given. Give 3 to 12 s",
    "no text of the voice": "is not known. Give it with --voice-text; or run pip install 'jamflow[eval]'",
    "voice is silent": "is silent",
    "voice is a text": "me.wav",
    "both missing": "f5-v1-base (1348.4 MB, CC-BY-NC-4.0, NON-COMMERCIAL use only) and vocos (54.4 MB, MIT). "
    "Get them with `jamflow weights pull f5`",
    "vocoder missing": "not on this machine: vocos (54.4 MB, MIT)",
    "truncated": "is damaged",
    "keys missing": "is not a checkpoint of F5TTS_v1_Base: it lacks",
    "another model": "is not a checkpoint of F5TTS_v1_Base",
    "vocoder of another": "is not a checkpoint of Vocos",
    "no such model": "no model called 'huge' here. Known are mini, base, base-v0",
    "folder without a model": "no model called",
    "folder with F5-TTS's own file": "is not a model file of JAM-Flow",
    "folder with a vocoder as the model": "not of a joint model",
    "folder with a model as the vocoder": "not of a vocoder",
    "folder truncated": "damaged",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_and_leaves_nothing(name: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = spoil(name, place)
    before = {p for p in place.rglob("*") if p.suffix != ".safetensors"}  # a pickle is converted beside itself
    assert run(argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and BAD[name] in err
    assert {p for p in place.rglob("*") if p.suffix != ".safetensors"} == before


def test_speak_with_base_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    portrait = Path(loading_model.__file__).parents[1] / "assets/portraits/astronaut.png"
    argv = ["speak", "--model", "base", "--portrait", str(portrait), "--text", "Hi.", "-o", str(place / "out.mp4")]
    assert run(argv) == 2
    err = capsys.readouterr().err
    assert "base's Motion-DiT must be trained first" in err and err.count("\n") == 1
    assert not (place / "out.mp4").exists()


def test_init_then_speak(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["init", "base", "--from", "f5", "--mouth", "12", "6", "-o", str(place / "new"), "--json"]
    assert run(argv) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["mouth"] == [6, 12] and Path(report["file"]).stat().st_size == report["bytes"]
    voice = ["--voice", str(place / "me.wav"), "--voice-text", SAID]
    assert run(tts(place, *voice)) == 0
    official = (place / "out.wav").read_bytes()
    assert run(tts(place, *voice, model=str(place / "new"))) == 0
    assert (place / "out.wav").read_bytes() == official, "untrained, it is F5-TTS"
    assert run(argv) == 2
    assert "There is a model in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "weights/none.pt", "--kind", "F5TTS_Base"], "does not exist"),
        (["--from", f"weights/{F5_FILE}"], "do not tell its kind"),
        (["--from", "f5", "--kind", "F5TTS_Base"], "Leave --kind away"),
        (["--from", "f5", "--seed", "-1"], "--seed is -1"),
        (["--from", "f5", "--mouth", "3"], "cannot be the key points [3]"),
    ],
)
def test_init_refuses(
    arguments: list[str], words: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    assert run(["init", "base", *arguments, "-o", "new"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.count("\n") == 1 and not (place / "new").exists()


def test_whisper_is_not_imported_unless_it_is_needed() -> None:
    code = "import sys, jamflow.pipeline\nprint(*[m for m in sys.modules if m.startswith('jamflow.evaluate')])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []
