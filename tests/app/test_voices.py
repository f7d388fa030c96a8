"""`jamflow voices`, and names of voices on the command line."""

import json
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from jamflow.app.cli import run
from jamflow.speech.waveform import write_wave


def test_the_list_says_who_speaks(named: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices"]) == 0
    emma, tom, *rest = capsys.readouterr().out.splitlines()
    assert emma == "emma: woman, British; likeness 0.81, wrong words 1.2 %, DNSMOS 3.10; Kokoro-82M bf_emma (Apache-2.0)"
    assert tom.startswith("tom: man, American; not measured; ") and "--voice NAME" in rest[0]


def test_the_default_is_marked(named: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copyfile(named / "mini/voices/tom.safetensors", named / "mini/voice.safetensors")
    assert run(["voices"]) == 0
    emma, tom, _ = capsys.readouterr().out.splitlines()
    assert emma.startswith("emma: ") and tom.startswith("tom (default): ")


def test_where_there_are_none_it_says_so(named: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(named / "mini/voices")
    assert run(["voices"]) == 0
    assert capsys.readouterr().out == "This installation has no voices with names; --voice takes a recording.\n"


def test_the_list_as_data(named: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices", "--json"]) == 0
    emma, tom = json.loads(capsys.readouterr().out)["voices"]
    assert (emma["name"], emma["who"], emma["accent"], emma["wer"]) == ("emma", "woman", "British", 0.0123)
    assert tom["likeness"] is None and Path(tom["path"]).is_file()


def test_one_is_heard(pipeline: ModuleType, named: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["voices", "--hear", "Emma"]) == 0
    assert (tmp_path / "emma.wav").is_file()
    (call,) = pipeline.CALLS
    assert (call["task"], call["voice"]) == ("tts", "emma") and "Emma" in call["text"]
    assert run(["voices", "--hear", "tom", "-o", "said.wav", "--json"]) == 0
    assert (tmp_path / "said.wav").is_file() and not (tmp_path / "tom.wav").exists()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--hear", "ema"], "no voice called 'ema'. Did you mean emma? Voices are emma and tom."),
        (["--hear", ""], "no voice called ''"),
        (["--hear", "emma", "-o", "a.txt"], "does not end in .wav"),
        (["--hear", "emma", "-o", "none/a.wav"], "none"),
        (["-o", "a.wav"], "--output is given without --hear"),
        (["--hear"], "expected one argument"),
        (["emma"], "has no option emma"),
        (["--here", "emma"], "Did you mean --hear?"),
    ],
)
def test_refusals(
    pipeline: ModuleType, named: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, argv: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["voices", *argv]) == 2 and not pipeline.LOADED
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.count("\n") == 1
    assert not list(tmp_path.glob("*.wav"))


def test_a_task_takes_a_name(pipeline: ModuleType, named: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_wave(tmp_path / "emma.wav", 0.1 * np.sin(np.arange(24_000) / 20), 24_000)
    (tmp_path / "emma.wav").rename(tmp_path / "emma")
    for voice in ("emma", "EMMA", "./emma"):
        assert run(["tts", "--text", "Hi.", "--voice", voice, "-o", "a.wav"]) == 0
    assert [call["voice"] for call in pipeline.CALLS] == ["emma", "EMMA", Path("emma")]


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--voice", "nobody"], "no voice and no file called 'nobody'. Voices are emma and tom; or give a recording."),
        (["--voice", "eMa"], "Did you mean emma?"),
        (["--voice", "emma.wav"], "The voice file emma.wav does not exist"),
        (["--voice", "emma", "--voice-text", "Hm."], "emma is a voice of the model"),
        (["--voice", "emma", "--model", "base"], "no voices with names"),
    ],
)
def test_a_task_refuses_a_wrong_name_before_a_model_is_loaded(
    pipeline: ModuleType, named: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, extra: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["tts", "--text", "Hi.", "-o", "a.wav", *extra]) == 2 and not pipeline.LOADED
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1


def test_a_batch_may_name_a_voice_in_each_row(
    pipeline: ModuleType, named: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.csv").write_text("text,voice,output\nOne.,emma,a.wav\nTwo.,tom,b.wav\nThree.,nobody,c.wav\n")
    assert run(["tts", "--batch", "jobs.csv"]) == 2
    assert [call["voice"] for call in pipeline.CALLS] == ["emma", "tom"]
