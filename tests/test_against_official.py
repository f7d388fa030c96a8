"""The benchmark against official code: turns, differences, and workers that fail."""

import json
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.against_official import vocos
from benchmarks.against_official.duel import COLUMNS, Contender, duel, rows
from benchmarks.shared import runner

WORKERS = Path(__file__).parents[1] / "benchmarks" / "against_official" / "workers"
WORKER = """
import sys, time
sys.path.insert(0, {workers!r})
import protocol, torch
def prepare(options):
    held = []
    def run():
        print("chatter of the measured code")
        time.sleep({sleep_s})
        held.clear()
        held[:] = [torch.ones({mib} << 18)]
        return {{"y": torch.load(options.job / "x.pt") + {error}}}
    return run
protocol.serve(protocol.parser().parse_args(), prepare)
"""


def contender(folder: Path, name: str, sleep_s: float = 0.0, mib: int = 1, error: float = 0.0) -> Contender:
    script = folder / f"{name}.py"
    script.write_text(WORKER.format(workers=str(WORKERS), sleep_s=sleep_s, mib=mib, error=error))
    return Contender(name, [sys.executable, str(script)])


def test_time_memory_and_difference(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "x.pt")
    slow = contender(tmp_path, "slow", sleep_s=0.2)
    large = contender(tmp_path, "large", mib=200, error=0.5)
    first, second = duel([slow, large], tmp_path, "only", rounds=2, threads=1)
    assert len(first.seconds) == 2 and min(first.seconds) >= 0.2 and min(first.cpu_s) < 0.1
    assert first.differences == {"y": 0.0} and second.differences == {"y": 0.5}
    assert second.peak_mib - first.peak_mib == pytest.approx(200, abs=40)
    slow_row, large_row = (dict(zip(COLUMNS, row, strict=True)) for row in rows("only", [first, second]))
    assert slow_row["who"] == "slow" and slow_row["ratio of seconds"] == 1 and slow_row["largest difference"] is None
    assert large_row["case"] == "only" and large_row["largest difference"].value == {"y": 0.5}
    assert large_row["ratio of peak"] == pytest.approx(second.peak_mib / first.peak_mib)


def test_a_worker_that_ends_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="worker of broken ended with status 3"):
        duel([Contender("broken", [sys.executable, "-c", "raise SystemExit(3)"])], tmp_path, "only", 1, 1)


def test_a_part_from_its_job_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vocos with our code on both sides: the same filled weights give the same sound."""
    ours = [sys.executable, str(WORKERS / "vocos_ours.py")]
    monkeypatch.setattr(vocos, "contenders", lambda _: [Contender("one", ours), Contender("other", ours)])
    assert runner.main(["against_official", "--parts", "vocos", "--rounds", "1", "--out", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("*.json")
    one, other = json.loads(file.read_text())["tables"][0]["rows"]
    assert (one["case"], one["who"], other["who"]) == ("Vocos, 10 s", "one", "other")
    assert other["largest difference"] == {"wave": 0.0} and one["peak MiB"] > 54  # its weights
    assert one["seconds"]["median"] > 0 and one["ratio of seconds"] == 1
