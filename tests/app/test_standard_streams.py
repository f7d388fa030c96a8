"""Files in and out of the command line: inputs are never outputs, texts come through pipes, reports that nobody can take."""

import io
import os
import signal
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from test_process import FAKE, start, wait_for_part

from jamflow.app.cli import run
from jamflow.media.video_writer import VideoWriter
from jamflow.speech.waveform import write_wave


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_wave("speech.wav", 0.1 * np.sin(np.arange(24_000) / 20), 24_000)
    with VideoWriter("video.mp4", 64, 64, Fraction(25), 24_000) as video:
        video.write_frame(np.zeros((64, 64, 3), np.uint8))
        video.write_audio(np.zeros(960, np.float32))
    Path("text.wav").write_text("Hello.")
    Path("linked.mp4").symlink_to("video.mp4")
    Path("hard.wav").hardlink_to("speech.wav")
    Path("portrait.mp4").write_bytes(b"a picture")
    return tmp_path


OVER_INPUTS = [
    ["lipsync", "--video", "video.mp4", "--speech", "speech.wav", "-o", "video.mp4"],
    ["lipsync", "--video", "video.mp4", "--speech", "speech.wav", "-o", "./linked.mp4"],
    ["lipsync", "--video", "linked.mp4", "--speech", "speech.wav", "-o", "video.mp4"],
    ["dub", "--video", "video.mp4", "--voice", "speech.wav", "-o", "hard.wav"],
    ["retell", "--video", "video.mp4", "--text", "Hi.", "-o", "video.mp4"],
    ["edit", "--video", "speech.wav", "--change", "a", "b", "-o", "hard.wav"],
    ["edit", "--recording", "video.mp4", "--from", "0", "--to", "1", "--text", "", "-o", "video.mp4"],
    ["tts", "--text", "Hi.", "--voice", "speech.wav", "-o", "speech.wav"],
    ["tts", "--text-file", "text.wav", "-o", "text.wav"],
    ["animate", "--portrait", "portrait.mp4", "--speech", "speech.wav", "-o", "portrait.mp4"],
    ["reenact", "--portrait", "portrait.mp4", "--driving", "video.mp4", "-o", "linked.mp4"],
    ["reenact", "--portrait", "portrait.mp4", "--driving", "video.mp4", "-o", "a.mp4", "--save-motion", "video.mp4"],
]


@pytest.mark.parametrize("argv", OVER_INPUTS, ids=" ".join)
def test_an_input_is_never_the_output(argv: list[str], pipeline: ModuleType, here: Path, capsys) -> None:
    before = {p.name: p.read_bytes() for p in here.iterdir()}
    assert run(argv) == 2 and not pipeline.LOADED
    assert "would take the place of the input" in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in here.iterdir()} == before


def test_a_row_never_takes_the_place_of_its_input_nor_counts_as_made(pipeline: ModuleType, here: Path, capsys) -> None:
    Path("jobs.csv").write_text("voice,output\nspeech.wav,hard.wav\n")
    Path("own.wav").symlink_to("jobs.csv")
    assert run(["tts", "--text", "Hi.", "--batch", "jobs.csv"]) == 2
    assert "Row 1: The output hard.wav would take the place of the input speech.wav." in capsys.readouterr().err
    Path("jobs.csv").write_text("voice,output\n,own.wav\n")
    assert run(["tts", "--text", "Hi.", "--batch", "jobs.csv"]) == 2
    assert "the input jobs.csv" in capsys.readouterr().err and not pipeline.LOADED


def test_rows_that_would_make_one_file_are_found_through_links(pipeline: ModuleType, here: Path, capsys) -> None:
    Path("later.wav").symlink_to("first.wav")
    Path("jobs.csv").write_text("output\nfirst.wav\nlater.wav\n")
    assert run(["tts", "--text", "Hi.", "--batch", "jobs.csv"]) == 2 and not pipeline.LOADED
    assert "Two rows" in capsys.readouterr().err


def typed(data: bytes) -> SimpleNamespace:
    return SimpleNamespace(buffer=io.BytesIO(data))


def test_a_text_comes_from_the_standard_input(pipeline: ModuleType, here: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(sys, "stdin", typed("\ufeffCafé.\n".encode()))
    assert run(["tts", "--text-file", "-", "-o", "a.wav"]) == 0
    assert pipeline.CALLS[0]["text"] == "Café.\n"
    for data, words in ((b"", "There is no text"), (b"caf\xe9", "not UTF-8 text"), (b"a" * 16_000_001, "over 16 MB")):
        monkeypatch.setattr(sys, "stdin", typed(data))
        assert run(["tts", "--text-file", "-", "-o", "b.wav"]) == 2 and words in capsys.readouterr().err


def test_a_text_comes_through_a_pipe(pipeline: ModuleType, here: Path) -> None:
    os.mkfifo("pipe")
    threading.Thread(target=lambda: Path("pipe").write_text("Through."), daemon=True).start()
    assert run(["tts", "--text-file", "pipe", "-o", "a.wav"]) == 0
    assert pipeline.CALLS[0]["text"] == "Through."


def test_the_standard_input_is_read_once_for_all_rows(
    pipeline: ModuleType, here: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(sys, "stdin", typed(b"For all."))
    Path("jobs.csv").write_text("output,text\na.wav,\nb.wav,Own.\n")
    assert run(["tts", "--text-file", "-", "--batch", "jobs.csv"]) == 0
    assert [call["text"] for call in pipeline.CALLS] == ["For all.", "Own."]
    Path("jobs.csv").write_text("output,text-file\nc.wav,-\n")
    assert run(["tts", "--batch", "jobs.csv"]) == 2
    assert "cannot read the standard input" in capsys.readouterr().err


@pytest.mark.parametrize(("sent", "code"), [("SIGHUP", 129), ("SIGQUIT", 131), ("SIGXCPU", 152)])
def test_every_signal_that_ends_it_leaves_nothing(picture: Path, tmp_path: Path, sent: str, code: int) -> None:
    process = start(picture, tmp_path, "slow", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for_part(tmp_path, process)
    process.send_signal(getattr(signal, sent))
    process.communicate(timeout=30)
    assert process.returncode == code and [p.name for p in tmp_path.iterdir()] == ["face.png"]


def test_nohup_is_respected(tmp_path: Path) -> None:
    code = (
        "import signal; from jamflow.app.process import clean_up_when_ended as f; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    )
    code += "f(); print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN, callable(signal.getsignal(signal.SIGTERM)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True True\n"


def shell(line: str, tmp_path: Path) -> subprocess.CompletedProcess:
    """FAKE is `jamflow tts` in the line, with an output a.wav."""
    line = line.replace("FAKE", f"{sys.executable} {FAKE} tts --text Hi. -o a.wav")
    return subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
@pytest.mark.parametrize("line", ["FAKE --json >/dev/full", "FAKE >/dev/full"])
def test_a_report_that_nobody_can_take_is_one_sentence(line: str, tmp_path: Path) -> None:
    done = shell(line, tmp_path)
    assert done.returncode == 2 and (tmp_path / "a.wav").exists()
    warned, told = done.stderr.splitlines()
    assert warned == "jamflow: One warning." and told.startswith(
        "jamflow: The report cannot be printed (No space left on device)"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_an_error_and_a_help_that_nobody_can_take(tmp_path: Path) -> None:
    done = shell("FAKE --nfe 0 --json >/dev/full", tmp_path)
    assert done.returncode == 2 and done.stderr.startswith("jamflow: --nfe is 0") and done.stderr.count("\n") == 1
    done = shell("FAKE --help >/dev/full", tmp_path)
    assert done.stderr.count("\n") < 2 and "Traceback" not in done.stderr
    done = shell("FAKE --nfe 0 2>/dev/full", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")


def test_closed_streams_are_no_drama(tmp_path: Path) -> None:
    for closed in (">&-", "2>&-", "<&-", ">&- 2>&- <&-"):
        done = shell(f"FAKE {closed}", tmp_path)
        assert done.returncode == 0, closed
        assert (tmp_path / "a.wav").read_bytes()[:4] == b"RIFF"
        (tmp_path / "a.wav").unlink()
