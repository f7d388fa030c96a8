"""Processes that do jobs: a file that takes its decoder down costs one clip, and an error is not lost."""

import atexit
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jamflow.prepare.jobs import Done
from jamflow.prepare.settings import Settings
from jamflow.prepare.verdicts import Verdict
from jamflow.prepare.workers import Processes


@dataclass(frozen=True)
class Job:
    """What is done in the place of a clip: dies, fails, or says its number and its process."""

    number: int
    how: str = ""
    note: Path = Path()

    def do(self, bench: Any) -> Done:
        if self.how == "notes its end":
            atexit.register(self.note.touch)
        if self.how == "dies":
            os._exit(9)
        if self.how == "fails":
            raise ValueError("a mistake of ours")
        return Done(((Verdict("kept", f"{self.number} {os.getpid()}"), None),))


def test_a_job_that_kills_its_worker_costs_that_job_alone() -> None:
    jobs = [Job(k, "dies" if k in (1, 4) else "") for k in range(7)]
    done = {job.number: result for job, result in Processes(Settings(), 2).map(jobs)}  # type: ignore[arg-type]
    assert {number for number, result in done.items() if result is None} == {1, 4}
    assert all(done[k].verdicts[0][0].detail.split()[0] == str(k) for k in (0, 2, 3, 5, 6))


def test_jobs_run_in_other_processes_as_many_as_asked_for() -> None:
    done = [r for _, r in Processes(Settings(), 2).map([Job(k) for k in range(12)])]  # type: ignore[arg-type]
    pids = {result.verdicts[0][0].detail.split()[1] for result in done}
    assert 1 <= len(pids) <= 2 and str(os.getpid()) not in pids


def test_a_worker_that_is_idle_ends_by_itself(tmp_path: Path) -> None:
    """One that is killed cannot give back what it holds of the system."""
    list(Processes(Settings(), 1).map([Job(0, "notes its end", tmp_path / "ended")]))  # type: ignore[list-item]
    assert (tmp_path / "ended").exists()


def test_a_mistake_of_ours_is_raised() -> None:
    with pytest.raises(ValueError, match="a mistake of ours"):
        list(Processes(Settings(), 1).map([Job(0, "fails")]))  # type: ignore[list-item]


def test_no_jobs_start_no_process() -> None:
    assert list(Processes(Settings(), 2).map([])) == []


def test_a_crashed_clip_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jamflow.errors import UserError
    from jamflow.prepare.run import prepare_sources
    from jamflow.speech.waveform import write_wave

    class Dead:
        def map(self, jobs):
            return ((job, None) for job in jobs)

    import numpy as np

    write_wave(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 24000), 24000)
    with pytest.raises(UserError, match="1 crashed"):
        prepare_sources([tmp_path / "a.wav"], tmp_path / "out", Settings(), Dead(), licence="CC0")
