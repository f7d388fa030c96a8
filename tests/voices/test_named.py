"""Voices with names: which name is whose, and how one speaks."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from jamflow import JamFlow, UserError
from jamflow.mel_format import MelFormat
from jamflow.text.manner import KINDS
from jamflow.voices.named import NamedVoice, chosen_voice, is_name, named_voices
from jamflow.voices.phonemes.voice_file import load_voice, save_voice
from jamflow.weights.tensors import save_tensors
from named_files import ABOUT, add_voice
from tiny_mini import make_mini, tiny_config


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with three voices."""
    folder = make_mini(tmp_path_factory.mktemp("named") / "mini", MelFormat())
    add_voice(folder, "emma", british=True, accent="British")
    add_voice(folder, "slow", manner=1.0)
    add_voice(folder, "plain")
    return folder


@pytest.fixture(scope="module")
def known(folder: Path) -> dict[str, NamedVoice]:
    return named_voices(folder)


def test_a_folder_tells_who_is_there(known: dict[str, NamedVoice], tmp_path: Path) -> None:
    assert list(known) == ["emma", "plain", "slow"]
    assert (known["emma"].who, known["emma"].accent, known["emma"].wer) == ("woman", "British", None)
    assert named_voices(tmp_path) == {}


@pytest.mark.parametrize("voice", ["emma", "Emma", "a-1"])
def test_names(voice: str) -> None:
    assert is_name(voice)


@pytest.mark.parametrize("voice", ["", "emma.wav", "./emma", "two words", "-x", "1st", "a" * 50, "a\x00b", Path("emma"), 3, None])
def test_no_names(voice: object) -> None:
    assert not is_name(voice)


def test_a_name_in_any_case_is_the_voice(known: dict[str, NamedVoice]) -> None:
    assert chosen_voice("emma", None, known) is chosen_voice("EMMA", None, known) is known["emma"]
    assert chosen_voice(None, None, known) is None


def test_a_name_stands_before_a_file_and_a_path_is_a_file(
    known: dict[str, NamedVoice], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("emma", "sound"):
        (tmp_path / name).write_bytes(b"x")
    assert chosen_voice("emma", None, known) is known["emma"]
    assert chosen_voice("./emma", None, known) == chosen_voice(Path("emma"), None, known) == Path("emma")
    assert chosen_voice("sound", None, known) == Path("sound")
    (tmp_path / "empty").touch()
    with pytest.raises(UserError, match="voice file empty is empty"):
        chosen_voice("empty", None, known)


def test_the_default_is_the_voice_that_lies_beside_the_model_too(
    folder: Path, known: dict[str, NamedVoice], tmp_path: Path
) -> None:
    assert not any(voice.default for voice in known.values())
    shutil.copytree(folder, tmp_path / "mini")
    shutil.copyfile(known["slow"].path, tmp_path / "mini/voice.safetensors")
    assert [name for name, voice in named_voices(tmp_path / "mini").items() if voice.default] == ["slow"]
    model = JamFlow.load(tmp_path / "mini")
    same = [model.tts("Hello.", voice=voice, nfe=1).speech.waveform for voice in (None, "slow")]
    assert (same[0] == same[1]).all()


def test_a_wrong_name_is_answered_with_the_right_ones(
    known: dict[str, NamedVoice], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no voice and no file called 'Ema'") as caught:
        chosen_voice("Ema", None, known)
    assert caught.value.hint == "Did you mean emma? Voices are emma, plain and slow; or give a recording."
    with pytest.raises(UserError) as caught:
        chosen_voice("zzz", None, known)
    assert caught.value.hint.startswith("Voices are")
    with pytest.raises(UserError) as caught:
        chosen_voice("emma", None, {})
    assert caught.value.hint == "This model has no voices with names; give a recording."


def test_a_voice_with_a_name_needs_no_text(known: dict[str, NamedVoice]) -> None:
    with pytest.raises(UserError, match="emma is a voice of the model"):
        chosen_voice("emma", "What she says.", known)


@pytest.mark.parametrize("wrong", [b"", b"noise" * 100])
def test_a_file_that_is_no_voice_is_named(folder: Path, tmp_path: Path, wrong: bytes) -> None:
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "bad.safetensors").write_bytes(wrong)
    with pytest.raises(UserError, match=r"bad\.safetensors is not the file of a voice"):
        named_voices(tmp_path)


def test_a_voice_without_words_about_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    save_tensors(tmp_path / "voices" / "mute.safetensors", {"mel": torch.zeros(2, 2)}, {"mel": {}})
    with pytest.raises(UserError, match=r"mute\.safetensors is not the file of a voice with a name"):
        named_voices(tmp_path)


def test_what_is_stored_comes_back(folder: Path, known: dict[str, NamedVoice]) -> None:
    config = tiny_config(MelFormat())
    slow, own = load_voice(known["slow"].path, config), load_voice(folder / "voice.safetensors", config)
    assert slow.manner_k.tolist() == [1.0] * len(KINDS) and own.manner_k.tolist() == [0.0] * len(KINDS)
    assert load_voice(known["emma"].path, config).british and not own.british


def test_a_manner_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = make_mini(tmp_path / "mini", MelFormat())
    add_voice(folder, "odd", kinds=3)
    with pytest.raises(UserError, match="its sizes differ"):
        load_voice(named_voices(folder)["odd"].path, tiny_config(MelFormat()))


def test_the_model_speaks_as_each_voice_reads(folder: Path) -> None:
    """The text is read in the accent and the manner of the voice, and the voice is what is continued."""
    model = JamFlow.load(folder)
    reader, known = model._model.reader, model._model.named
    text = "The water is hot."
    first = {name: next(reader.speaker(voice, None).utterances(text, 1.0)) for name, voice in known.items()}
    said = {name: [symbol for symbol, _, _ in one.phones] for name, one in first.items()}
    assert said["emma"] != said["plain"] == said["slow"] and "ˈɒ" in said["emma"]
    assert [one[1:] for one in first["plain"].phones] != [one[1:] for one in first["slow"].phones]
    stored = load_voice(known["plain"].path, tiny_config(MelFormat()))
    torch.testing.assert_close(first["plain"].speech.mel_fm, stored.voice.mel_fm)
    assert reader.speaker(known["plain"], None).lesson is None


def test_what_the_model_has_learnt_of_a_voice_is_in_its_file(folder: Path, known: dict[str, NamedVoice], tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "mini")
    model = JamFlow.load(tmp_path / "mini")
    config, plain = tiny_config(MelFormat()), known["plain"]
    stored = load_voice(plain.path, config)
    assert stored.learnt is None
    bias = torch.ones_like(model._model.joint.audio.proj_out.bias)
    save_voice(
        tmp_path / "mini/voices/wise.safetensors", replace(stored, learnt={"proj_out.bias.whole": bias}), config.mel, ABOUT
    )
    other = {"nothing.whole": bias}
    save_voice(tmp_path / "mini/voices/other.safetensors", replace(stored, learnt=other), config.mel, ABOUT)
    model = JamFlow.load(tmp_path / "mini")
    said = [model.tts("Hello.", voice=name, nfe=1).speech.waveform for name in ("plain", "wise", "plain")]
    assert (said[0] == said[2]).all() and (said[0] != said[1]).any()
    with pytest.raises(UserError, match="learnt by another model"):
        _ = model.tts("Hello.", voice="other", nfe=1).speech.waveform


def test_from_python_a_name_will_do(folder: Path) -> None:
    model = JamFlow.load(folder)
    emma, plain, again = (model.tts("Hello.", voice=name, nfe=1).speech.waveform for name in ("emma", "plain", "Emma"))
    assert (len(emma) != len(plain) or (emma != plain).any()) and (emma == again).all()
    with pytest.raises(UserError, match="no voice and no file called 'nobody'"):
        model.tts("Hello.", voice="nobody")
    with pytest.raises(UserError, match="emma is a voice of the model"):
        model.tts("Hello.", voice="emma", voice_text="Hm.")
