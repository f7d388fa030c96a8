"""The benchmark of a busy machine, on a JAM-Flow that only takes time."""

import os
import time
from pathlib import Path

import pytest

from benchmarks import busy
from benchmarks.shared.report import Report
from jamflow.errors import UserError

CLI = """
import sys, time
def main():
    end_s = time.process_time() + {processor_s}
    while time.process_time() < end_s:
        pass
    time.sleep({asleep_s})
    sys.exit({code})
"""


def checkout(folder: Path, processor_s: float = 0.0, asleep_s: float = 0.0, code: int = 0) -> Path:
    (folder / "src/jamflow/app").mkdir(parents=True)
    (folder / "src/jamflow/__init__.py").touch()
    cli = CLI.format(processor_s=processor_s, asleep_s=asleep_s, code=code)
    (folder / "src/jamflow/app/cli.py").write_text(cli)
    return folder


def test_a_command_is_timed_by_the_clock_and_the_processor(tmp_path: Path) -> None:
    asleep, awake = checkout(tmp_path / "asleep", asleep_s=1.5), checkout(tmp_path / "awake", processor_s=1.0)
    with busy.busy_processes(2):
        (clock_s, little_s), (_, much_s) = (busy.timed(folder / "src", ["demo"], tmp_path) for folder in (asleep, awake))
    assert clock_s > 1.5 and little_s < 1.0
    assert much_s - little_s == pytest.approx(1.0, abs=0.3)


def test_busy_processes_are_busy_and_end(tmp_path: Path) -> None:
    before = os.times()
    with pytest.raises(KeyboardInterrupt), busy.busy_processes(2):
        time.sleep(1.0)
        raise KeyboardInterrupt
    with pytest.raises(ChildProcessError):  # none is left
        os.waitpid(-1, os.WNOHANG)
    assert os.times().children_user > before.children_user + 0.1


def test_a_command_that_fails_or_runs_other_code_is_not_timed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="failed"):
        busy.timed(checkout(tmp_path / "failing", code=1) / "src", ["demo"], tmp_path)
    with pytest.raises(UserError, match="instead of the code in"):
        busy.timed(tmp_path, ["--help"], tmp_path)


def test_the_table_compares_with_the_other_checkout_and_with_the_idle_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo_s = {("this", 0): [2, 3, 9], ("this", 2): [4, 4, 4], ("other", 0): [1, 2, 4], ("other", 2): [8, 9, 6]}
    rounds = {key: iter(values) for key, values in demo_s.items()}
    sides = {name: checkout(tmp_path / name) for name in ("this", "other")}
    beside = 0

    def timed(source: Path, command: list[str], folder: Path) -> tuple[float, float]:
        clock_s = next(rounds[source.parent.name, beside]) if command[0] == "demo" else 1
        return clock_s, 10 * clock_s

    class Beside:
        def __init__(self, count: int):
            self.count = count

        def __enter__(self) -> None:
            nonlocal beside
            beside = self.count

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(busy, "CHECKOUT", sides["this"])
    monkeypatch.setattr(busy, "timed", timed)
    monkeypatch.setattr(busy, "busy_processes", Beside)
    report = Report("busy", None, tmp_path / "out")
    busy.run(busy.Options(other=sides["other"], rounds=3, busy=2), report)
    rows = {tuple(list(row.values())[:3]): list(row.values())[3:] for row in report.tables[0].rows}
    assert rows["demo", "idle", "this"] == [3, (2, 9), 30, 1.5, 1.0]
    assert rows["demo", "busy", "this"] == [4, (4, 4), 40, 0.5, pytest.approx(4 / 3)]
    assert rows["demo", "busy", "other"] == [8, (6, 9), 80, 1.0, 4.0]
    assert len(rows) == 8
