"""The command line: what it passes on, what it refuses and how it says so."""

import json
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import jamflow
from jamflow.app.cli import run
from jamflow.media.video_writer import VideoWriter
from jamflow.speech.waveform import write_wave


def tone(path: Path) -> None:
    write_wave(path, 0.1 * np.sin(np.arange(24_000) / 20), 24_000)


def test_speak_passes_everything_on(pipeline: ModuleType, picture: Path, tmp_path: Path, capsys) -> None:
    tone(tmp_path / "v.wav")
    argv = ["speak", "--portrait", str(picture), "--text", "Hello.", "-o", str(tmp_path / "a.mp4")]
    argv += ["--voice", str(tmp_path / "v.wav"), "--voice-text", "Hm.", "--seed", "3", "--nfe", "5"]
    assert run([*argv, "--guidance", "1.5", "--speed", "1.5", "--still", "--face", "2", "--frame", "head", "--size", "720"]) == 0
    call = pipeline.CALLS[0]
    assert call.pop("portrait").shape == (128, 128, 3)
    assert call == {
        "task": "speak",
        "guidance": 1.5,
        "text": "Hello.",
        "voice": tmp_path / "v.wav",
        "voice_text": "Hm.",
        "seed": 3,
        "nfe": 5,
        "speed": 1.5,
        "still": True,
        "face": 2,
        "frame": "head",
        "renderer": None,
        "size": 720,
    }
    out, err = capsys.readouterr()
    assert out.startswith(f"{tmp_path / 'a.mp4'}: 1.0 s long, made in")
    assert err == "jamflow: One warning.\n"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    with VideoWriter(tmp_path / "film.mp4", 64, 64, Fraction(25), 24_000) as video:
        video.write_frame(np.zeros((64, 64, 3), np.uint8))
        video.write_audio(np.zeros(960, np.float32))
    return tmp_path / "film.mp4"


def test_defaults(pipeline: ModuleType, picture: Path, tmp_path: Path) -> None:
    assert run(["speak", "--portrait", str(picture), "--text", "Hi", "--output", str(tmp_path / "a.mp4")]) == 0
    call = pipeline.CALLS[0]
    assert (call["voice"], call["voice_text"], call["seed"], call["nfe"]) == (None, None, 0, None)
    assert (call["speed"], call["still"], call["face"], call["frame"], call["size"]) == (1.0, False, None, "whole", None)


def test_animate_passes_everything_on(pipeline: ModuleType, picture: Path, tmp_path: Path) -> None:
    tone(tmp_path / "s.wav")
    argv = ["animate", "--portrait", str(picture), "--speech", str(tmp_path / "s.wav"), "-o", str(tmp_path / "a.mp4")]
    assert run([*argv, "--model", "base", "--seed", "3", "--nfe", "5", "--still", "--face", "2"]) == 0
    assert run(argv) == 0
    calls = pipeline.CALLS
    assert all(call.pop("portrait").shape == (128, 128, 3) and call.pop("speech") == tmp_path / "s.wav" for call in calls)
    framing = {"frame": "whole", "size": None, "renderer": None}
    assert calls[0] == framing | {"task": "animate", "seed": 3, "nfe": 5, "still": True, "face": 2, "guidance": None}
    assert calls[1] == framing | {"task": "animate", "seed": 0, "nfe": None, "still": False, "face": None, "guidance": None}
    assert pipeline.LOADED == ["base", "mini"]


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--nfe", "0"], "--nfe is 0"),
        (["--seed", "-1"], "--seed is -1"),
        (["--face", "0"], "counted from 1"),
        (["--frame", "body"], "There is no --frame 'body'. Use whole or head."),
        (["--size", "32"], "--size is 32, but it must be from 64 to 2160."),
        (["--size", "719"], "--size is 719, but a video has an even number of lines. Use 718."),
        (["--size", "half"], "--size"),
        (["-o", "a.avi"], "does not end in .mp4"),
        (["--speech", "none.wav"], "sound file none.wav does not exist"),
    ],
)
def test_animate_refuses(pipeline: ModuleType, picture: Path, tmp_path: Path, capsys, extra: list[str], words: str) -> None:
    tone(tmp_path / "s.wav")
    argv = ["animate", "--portrait", str(picture), "--speech", str(tmp_path / "s.wav"), "-o", str(tmp_path / "a.mp4")]
    assert run([*argv, *extra]) == 2 and not pipeline.LOADED
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.count("\n") == 1


def test_dub_passes_everything_on(pipeline: ModuleType, film: Path, tmp_path: Path) -> None:
    argv = ["dub", "--video", str(film)]
    more = ["--text", "Hi.", "--voice", str(film), "--voice-text", "Ho.", "--seed", "3", "--nfe", "5", "--fit", "trim"]
    assert run([*argv, *more, "-o", str(tmp_path / "a.mp4")]) == 0
    assert run([*argv, "-o", str(tmp_path / "a.wav")]) == 0
    same = {"task": "dub", "video": film, "guidance": None}
    assert [
        same | {"text": "Hi.", "voice": film, "voice_text": "Ho.", "seed": 3, "nfe": 5, "fit": "trim"},
        same | {"text": None, "voice": None, "voice_text": None, "seed": 0, "nfe": None, "fit": None},
    ] == pipeline.CALLS


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--nfe", "0"], "--nfe is 0"),
        (["--fit", "loop"], "--fit loop means nothing for dub"),
        (["--voice-text", "a"], "without --voice"),
        (["--voice", "none.wav"], "voice file none.wav does not exist"),
        (["-o", "a.avi"], "does not end in .mp4"),
        (["--video", "none.mp4"], "video none.mp4 does not exist"),
        (["--text", " "], "no text to say"),
        (["--text", "a", "--text-file", "b"], "Both --text and --text-file"),
    ],
)
def test_dub_refuses(pipeline: ModuleType, film: Path, tmp_path: Path, capsys, extra: list[str], words: str) -> None:
    assert run(["dub", "--video", str(film), "-o", str(tmp_path / "a.mp4"), *extra]) == 2 and not pipeline.LOADED
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.count("\n") == 1


def test_text_file_and_tts(pipeline: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_bytes("\ufeffGood morning, café.\n".encode())
    assert run(["tts", "--text-file", str(tmp_path / "t.txt"), "-o", str(tmp_path / "a.wav")]) == 0
    assert pipeline.CALLS[0]["text"] == "Good morning, café.\n"
    assert run(["tts", "--text", "a", "--model", "base", "-o", str(tmp_path / "a.wav")]) == 0
    assert pipeline.LOADED == ["mini", "base"]
    assert (tmp_path / "a.wav").exists()


def test_text_may_look_like_an_option(pipeline: ModuleType, tmp_path: Path) -> None:
    assert run(["tts", "--text", "-5 degrees", "-o", str(tmp_path / "a.wav")]) == 0
    assert pipeline.CALLS[0]["text"] == "-5 degrees"


def test_json_is_one_object_and_nothing_else(pipeline: ModuleType, picture: Path, tmp_path: Path, capsys) -> None:
    argv = ["speak", "--portrait", str(picture), "--text", "Hi", "-o", str(tmp_path / "a.mp4"), "--json"]
    assert run(argv) == 0
    report = json.loads(capsys.readouterr().out)
    keys = {"file", "seconds", "fps", "frames", "sample_rate", "seed", "nfe", "timings", "warnings"}
    assert set(report) == keys
    assert (report["frames"], report["warnings"]) == (25, ["One warning."])


BAD = {
    "no text": ([], "no text to say"),
    "empty text": (["--text", " \n"], "no text to say"),
    "both": (["--text", "a", "--text-file", "{tmp}/t.txt"], "Both --text and --text-file"),
    "text file missing": (["--text-file", "{tmp}/none.txt"], "does not exist"),
    "text file is a folder": (["--text-file", "{tmp}"], "is a folder"),
    "text file is not UTF-8": (["--text-file", "{tmp}/latin.txt"], "not UTF-8"),
    "text file of spaces": (["--text-file", "{tmp}/blank.txt"], "no text to say"),
    "nfe too small": (["--text", "a", "--nfe", "0"], "--nfe is 0"),
    "nfe too large": (["--text", "a", "--nfe", "129"], "--nfe is 129"),
    "speed too small": (["--text", "a", "--speed", "0.4"], "--speed is 0.4"),
    "speed not a number": (["--text", "a", "--speed", "nan"], "--speed is nan"),
    "seed negative": (["--text", "a", "--seed", "-1"], "--seed is -1"),
    "seed too large": (["--text", "a", "--seed", str(2**63)], "--seed is"),
    "voice missing": (["--text", "a", "--voice", "{tmp}/none.wav"], "does not exist"),
    "voice text alone": (["--text", "a", "--voice-text", "b"], "without --voice"),
    "face zero": (["--text", "a", "--face", "0"], "counted from 1"),
    "wrong suffix": (["--text", "a", "-o", "{tmp}/a.avi"], "does not end in .mp4"),
    "no folder": (["--text", "a", "-o", "{tmp}/none/a.mp4"], "does not exist"),
    "output is a folder": (["--text", "a", "-o", "{tmp}/d.mp4"], "is a folder"),
    "portrait missing": (["--text", "a", "--portrait", "{tmp}/none.png"], "does not exist"),
    "portrait is text": (["--text", "a", "--portrait", "{tmp}/t.txt"], "not a readable picture"),
    "what the pipeline refuses": (["--text", "по-русски"], "letters that this model cannot speak"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_and_exit_code_2(
    name: str, pipeline: ModuleType, picture: Path, tmp_path: Path, capsys
) -> None:
    (tmp_path / "t.txt").write_text("words")
    (tmp_path / "latin.txt").write_bytes("café".encode("latin-1"))
    (tmp_path / "blank.txt").write_text(" \n ")
    (tmp_path / "d.mp4").mkdir()
    before = sorted(tmp_path.iterdir())
    extra, words = BAD[name]
    argv = ["speak", "--portrait", str(picture), "-o", str(tmp_path / "a.mp4")]
    code = run([*argv, *(word.replace("{tmp}", str(tmp_path)) for word in extra)])
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert words in err
    assert err.startswith("jamflow: ")
    assert err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


WRONG = {
    "nothing": ([], "No command is given. See jamflow --help."),
    "no such command": (["spek"], "See jamflow --help."),
    "options missing": (["speak"], "--portrait, --text and --output are not given. See jamflow speak --help."),
    "not a number": (["tts", "--text", "a", "-o", "a.wav", "--speed", "x"], "--speed is 'x', but it must be a number."),
    "not a whole number": (
        ["tts", "--text", "a", "-o", "a.wav", "--nfe", "2.5"],
        "--nfe is '2.5', but it must be a whole number.",
    ),
    "misspelt": (["tts", "--txt", "a"], "jamflow tts has no option --txt. Did you mean --text?"),
    "no value": (["tts", "--text"], "See jamflow tts --help."),
    "no such value": (["tts", "--text", "a", "-o", "a.wav", "--dtype", "float8"], "There is no --dtype 'float8'."),
    "no action": (["weights"], "See jamflow weights --help."),
    "an abbreviation": (["tts", "--tex", "a"], "jamflow tts has no option --tex."),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_command_line_is_one_sentence(name: str, capsys) -> None:
    argv, words = WRONG[name]
    assert run(argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.startswith("jamflow: ") and err.count("\n") == 1


def test_version(capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        run(["--version"])
    assert caught.value.code == 0 and capsys.readouterr().out == f"jamflow {jamflow.__version__}\n"
    module = subprocess.run([sys.executable, "-m", "jamflow", "--version"], capture_output=True, text=True, check=True)
    assert module.stdout == f"jamflow {jamflow.__version__}\n"


def test_our_own_fault_is_exit_code_1(
    pipeline: ModuleType, picture: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PIPELINE", "broken")
    argv = ["speak", "--portrait", str(picture), "--text", "Hi", "-o", str(tmp_path / "a.mp4")]
    assert run(argv) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "RuntimeError: the cat ate it" in err
    assert "--debug" in err
    assert run([*argv, "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["face.png"]


def test_json_tells_failures_too(pipeline: ModuleType, tmp_path: Path, capsys) -> None:
    assert run(["tts", "-o", str(tmp_path / "a.wav"), "--json"]) == 2
    out, err = capsys.readouterr()
    assert set(json.loads(out)) == {"error", "hint"}
    assert "no text to say" in err


def test_demo_uses_the_portrait_that_ships(pipeline: ModuleType, tmp_path: Path) -> None:
    assert run(["demo", "-o", str(tmp_path / "demo.mp4")]) == 0
    assert pipeline.CALLS[0]["portrait"].dtype == np.uint8
    assert len(pipeline.CALLS[0]["text"]) > 50
    assert (tmp_path / "demo.mp4").exists()


def test_help_is_fast_and_loads_nothing_heavy() -> None:
    code = "import sys, jamflow.app.cli\nprint(*{'torch', 'cv2', 'av', 'numpy', 'PIL'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []
    start_s = time.monotonic()
    help_run = subprocess.run(
        [sys.executable, "-c", "from jamflow.app.cli import run; run(['speak', '--help'])"],
        capture_output=True,
        text=True,
    )
    assert help_run.returncode == 0
    for option in ("--portrait", "--text-file", "--voice-text", "--nfe", "--still", "-o OUT.mp4"):
        assert option in help_run.stdout
    assert time.monotonic() - start_s < 5  # 0.3 s on a machine that is not busy


@pytest.mark.parametrize(("name", "picture"), [("a.wav", False), ("a.mp4", True)])
def test_the_output_says_whether_edit_makes_a_picture(
    pipeline: ModuleType, film: Path, tmp_path: Path, name: str, picture: bool
) -> None:
    assert run(["edit", "--video", str(film), "--change", "a", "b", "-o", str(tmp_path / name)]) == 0
    assert pipeline.CALLS[0]["picture"] is picture
