"""A run that ends in the middle, by kill -9 or because the disk is full, goes on when it is started again."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sources import RATE_HZ, contents, journal

from jamflow.speech.waveform import write_wave
from usual_signals import usual_signals

COMMAND = [sys.executable, "-m", "jamflow", "prepare", "--licence", "CC0", "--jobs", "2"]


@pytest.fixture(scope="module")
def source(voices: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve clips that differ."""
    folder = tmp_path_factory.mktemp("source")
    for number in range(4):
        for k, wave in enumerate(voices.values()):
            stretched = np.interp(np.arange(0, len(wave), 1 + 0.1 * number), np.arange(len(wave)), wave)
            write_wave(folder / f"clip{number}{k}.wav", stretched, RATE_HZ)
    return folder


@pytest.fixture(scope="module")
def undisturbed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("undisturbed") / "shards"
    assert finish(source, out).returncode == 0
    return contents(out)


def finish(source: Path, out: Path) -> subprocess.CompletedProcess:
    return subprocess.run([*COMMAND, str(source), "-o", str(out)], capture_output=True, text=True, timeout=300)


def lines(out: Path) -> int:
    file = out / ".prepare/journal.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(lambda out: lines(out) >= 3, id="among clips"),
        pytest.param(lambda out: lines(out) >= 12, id="after the last clip"),
        pytest.param(lambda out: (out / ".prepare/plan.json").exists(), id="among shards"),
    ],
)
def test_killed_and_started_again(
    moment: Callable[[Path], bool], source: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "shards"
    run = subprocess.Popen([*COMMAND, str(source), "-o", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not moment(out):
            assert run.poll() is None, "it ended before it could be killed"
            time.sleep(0.001)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    done = lines(out)
    with (out / ".prepare/journal.jsonl").open("ab") as file:
        file.write(b'{"key": "half a li')  # what a kill in the middle of writing leaves
    assert not list(out.glob("shard*")) or moment(out)
    before = (out / ".prepare/journal.jsonl").read_bytes()[: -len('{"key": "half a li')]
    again = finish(source, out)
    assert again.returncode == 0, again.stderr
    assert contents(out) == undisturbed
    after = (out / ".prepare/journal.jsonl").read_bytes()
    assert after.startswith(before) and len(journal(out)) == 12, "what was done was not done again"
    assert done <= 12 and not (out / ".prepare/clips").exists() and not list(out.rglob("*.part"))


def test_a_full_disk_is_a_sentence_and_nothing_is_lost(source: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """Files may not grow over 250 kB: the longest clips do not fit."""
    out = tmp_path / "shards"
    room = 250_000

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    full = subprocess.run(
        [*COMMAND, str(source), "-o", str(out)], capture_output=True, text=True, timeout=300, preexec_fn=limited
    )
    assert full.returncode == 2 and full.stderr.count("\n") == 1, full.stderr
    assert "There is no room on the disk" in full.stderr and "start the same again" in full.stderr
    assert not list(out.rglob("*.part")) and not contents(out)
    assert finish(source, out).returncode == 0
    assert contents(out) == undisturbed


def test_two_runs_do_not_work_in_one_folder(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "shards"
    first = subprocess.Popen([*COMMAND, str(source), "-o", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        while not lines(out):
            assert first.poll() is None
            time.sleep(0.01)
        os.kill(first.pid, signal.SIGSTOP)
        second = finish(source, out)
        assert second.returncode == 2 and "Another run works in" in second.stderr
    finally:
        os.kill(first.pid, signal.SIGCONT)
    assert first.wait(timeout=300) == 0


def test_ctrl_c_says_how_to_go_on(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "shards"
    command = [*COMMAND, str(source), "-o", str(out)]
    with usual_signals():
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not lines(out):
        assert run.poll() is None
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130 and said == "jamflow: Stopped; what is done so far is kept, start the same again to go on.\n"
