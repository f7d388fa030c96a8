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


HEADER = [
    "| case | who | seconds | ratio | processor seconds | ratio | peak MiB | ratio | largest difference |",
    "|---|---|---|---|---|---|---|---|---|",
]


def table(case: str, scores: Sequence[Score]) -> list[str]:
    """Rows of a Markdown table; ratios are to the first contender. Of times: the median, the smallest and the largest."""
    first = scores[0]
    rows = []
    for score in scores:
        cells = [case, score.name]
        for mine, its in ((score.seconds, first.seconds), (score.cpu_s, first.cpu_s)):
            cells += [f"{median(mine):.2f} ({min(mine):.2f} to {max(mine):.2f})", f"{median(mine) / median(its):.2f}"]
        cells += [f"{score.peak_mib:.0f}", f"{score.peak_mib / first.peak_mib:.2f}"]
        cells.append(", ".join(f"{name} {x:.0e}" for name, x in score.differences.items()) if score is not first else "")
        rows.append(f"| {' | '.join(cells)} |")
    return rows


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
