"""The measuring side: contenders in processes of their own take turns at one case."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks.shared.report import Shown


@dataclass(frozen=True)
class Contender:
    """name: in the table; command: a worker (see `workers/protocol.py`), without the options that the parent adds."""

    name: str
    command: list[str]


@dataclass(frozen=True)
class Score:
    """Attributes:
    seconds, cpu_s: of every round, in order. The processor's count is steadier where other processes run.
    peak_mib: largest resident memory after loading, libraries and weights included.
    differences: largest absolute difference of each output from the first contender's.
    """

    name: str
    seconds: list[float]
    cpu_s: list[float]
    peak_mib: float
    differences: dict[str, float]


def duel(contenders: Sequence[Contender], job: Path, case: str, rounds: int, threads: int) -> list[Score]:
    """One warm-up each, then `rounds` runs in turns; the first contender is the reference.

    Raises:
        RuntimeError: a worker ended early; what it said is on stderr.
    """
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        # One starts after the other, so that loading never happens beside a run.
        workers = [stack.enter_context(_Worker(c, job, case, threads)) for c in contenders]
        outputs = [worker.outputs(Path(folder) / f"{i}.pt") for i, worker in enumerate(workers)]
        runs = [[worker.ask("run") for worker in workers] for _ in range(rounds)]
    return [
        Score(
            contender.name,
            [turn[i]["seconds"] for turn in runs],
            [turn[i]["cpu_s"] for turn in runs],
            runs[-1][i]["peak_mib"],
            {name: float((outputs[i][name] - x).abs().max()) for name, x in outputs[0].items()},
        )
        for i, contender in enumerate(contenders)
    ]


COLUMNS = {
    "case": "",
    "who": "",
    "seconds": "",
    "ratio of seconds": ".2f",
    "processor seconds": "",
    "ratio of processor seconds": ".2f",
    "peak MiB": ".0f",
    "ratio of peak": ".2f",
    "largest difference": "",
}


def rows(case: str, scores: Sequence[Score]) -> list[tuple[Any, ...]]:
    """Cells of a table with `COLUMNS`, a row a contender; ratios are to the first."""
    first = scores[0]
    out = []
    for score in scores:
        cells: list[Any] = [case, score.name]
        for mine, its in ((score.seconds, first.seconds), (score.cpu_s, first.cpu_s)):
            cells += [_spread(mine), median(mine) / median(its)]
        cells += [score.peak_mib, score.peak_mib / first.peak_mib]
        differences = ", ".join(f"{name} {x:.0e}" for name, x in score.differences.items())
        cells.append(Shown(score.differences, differences) if score is not first else None)
        out.append(tuple(cells))
    return out


def _spread(values: list[float]) -> Shown:
    text = f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
    return Shown({"median": median(values), "least": min(values), "most": max(values)}, text)


class _Worker:
    def __init__(self, contender: Contender, job: Path, case: str, threads: int):
        self.name = contender.name
        self._process = subprocess.Popen(
            [*contender.command, "--job", str(job), "--case", case, "--threads", str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)),
        )
        self._answer()

    def __enter__(self) -> "_Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes stdin, which ends it

    def ask(self, command: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def outputs(self, path: Path) -> dict[str, Tensor]:
        """Of a first run, which warms up."""
        self.ask("run")
        self.ask(f"save {path}")
        return torch.load(path, weights_only=True)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The worker of {self.name} ended with status {self._process.wait()}; see above.")
        return json.loads(line)
