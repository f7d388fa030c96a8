"""What only a process shows: Ctrl-C, termination, a closed pipe, a terminal."""

import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from usual_signals import usual_signals

FAKE = Path(__file__).with_name("fake_pipeline.py")


def start(picture: Path, tmp_path: Path, mode: str = "", **streams) -> subprocess.Popen:
    argv = [sys.executable, str(FAKE), "speak", "--portrait", str(picture), "--text", "Hi"]
    argv += ["-o", str(tmp_path / "a.mp4")]
    with usual_signals():
        return subprocess.Popen(argv, env={**os.environ, "FAKE_PIPELINE": mode}, **streams)


def wait_for_part(folder: Path, process: subprocess.Popen) -> None:
    for _ in range(600):
        with suppress(FileNotFoundError):  # the folder is tried with an empty file, which goes at once
            if any(path.stat().st_size for path in folder.glob(".*.part")):
                return
        assert process.poll() is None
        time.sleep(0.05)
    raise AssertionError("nothing was ever written")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_leaves_nothing(picture: Path, tmp_path: Path, sent: signal.Signals, code: int) -> None:
    process = start(picture, tmp_path, "slow", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_part(tmp_path, process)
    process.send_signal(sent)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert out == ""
    assert err == ("jamflow: Stopped; nothing was written.\n" if sent == signal.SIGINT else "")
    assert [p.name for p in tmp_path.iterdir()] == ["face.png"]


def test_a_closed_pipe_is_no_drama(picture: Path, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start(picture, tmp_path, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 141
    assert err == "jamflow: One warning.\n"
    assert (tmp_path / "a.mp4").exists()


def test_progress_on_a_terminal_is_one_line(picture: Path, tmp_path: Path) -> None:
    terminal, end = pty.openpty()
    process = start(picture, tmp_path, "slow", stdout=subprocess.DEVNULL, stderr=end)
    os.close(end)
    shown = ""
    while "left" not in shown:
        shown += os.read(terminal, 4096).decode()
    process.send_signal(signal.SIGINT)
    try:
        while data := os.read(terminal, 4096):
            shown += data.decode()
    except OSError:  # how Linux tells that the other end is closed
        pass
    process.wait()
    assert "Loading the model" in shown
    line, last = shown.rstrip().rsplit("\r", 1)
    assert "\n" not in line
    assert line.endswith(" ")  # wiped before the last word
    assert last == "jamflow: Stopped; nothing was written."
