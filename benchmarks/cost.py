"""What `speak` costs: seconds cold and warm, peak memory, size of the weights.

One sentence of about ten seconds, the portrait in the package, two cores. Cold is the command `jamflow speak`, from its
start to its end; warm is a second call in a process that has made one result before. Each is a process of its own. Run it
on an idle machine. Needs the extra `dev`. Linux and macOS.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.shared.options import PORTRAIT, Output
from benchmarks.shared.process import worker
from benchmarks.shared.report import Report, Shown, number

# About ten seconds of speech.
TEXT = (
    "When the bell rang, the people in the boat put their maps away, picked up their bags, and came up "
    "the steps to the market, where a band was playing and somebody had baked bread."
)
CORES = 2


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    seed: int = 0
    nfe: int | None = None
    """Solver steps (default: the model's own)."""


@dataclass(frozen=True)
class Cost:
    """Attributes:
    seconds: length of the result.
    cold_s: from the start of the command to its end.
    warm_s: a second call in a process that has made one result before.
    peak_mib: largest resident memory of the command.
    weights_mb: all weights in the package, in millions of bytes.
    """

    seconds: float
    cold_s: float
    warm_s: float
    peak_mib: float
    weights_mb: float

    def rows(self) -> list[tuple[str, Shown, str, str]]:
        """Measure, value, goal and stretch goal."""
        return [
            (
                f"real-time factor for {self.seconds:.1f} s, warm, two cores",
                number(self.warm_s / self.seconds, ".2f"),
                "1.5",
                "0.5",
            ),
            (f"`jamflow speak` for {self.seconds:.1f} s, cold, two cores", number(self.cold_s, ".1f", "s"), "15 s", "6 s"),
            ("peak memory of that command", number(self.peak_mib, ".0f", "MiB"), "2048 MiB", "1024 MiB"),
            ("shipped weights", number(self.weights_mb, ".1f", "MB"), "60 MB", "40 MB"),
        ]


def run(options: Options, report: Report) -> None:
    table = report.table("Time and memory", {"measure": "", "value": "", "goal": "", "stretch goal": ""})
    for row in measure_cost(PORTRAIT, options.seed, options.nfe).rows():
        table.add(*row)


def measure_cost(portrait: Path, seed: int, nfe: int | None) -> Cost:
    """Runs both measurements as processes of their own, on two cores.

    Call it before anything large is imported: Linux lets a new process inherit the peak memory of the one that started it.
    """
    if hasattr(os, "sched_setaffinity"):
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, sorted(allowed)[:CORES])  # children inherit it
        try:
            return _measure(portrait, seed, nfe)
        finally:
            os.sched_setaffinity(0, allowed)
    return _measure(portrait, seed, nfe)


def _measure(portrait: Path, seed: int, nfe: int | None) -> Cost:
    steps = [] if nfe is None else ["--nfe", str(nfe)]
    with tempfile.TemporaryDirectory() as folder:
        command = [Path(sys.executable).with_name("jamflow"), "speak", "--portrait", portrait, "--text", TEXT]
        options = [*steps, "--seed", str(seed), "--json", "-o", Path(folder) / "cold.mp4"]
        start_s = time.monotonic()
        process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE)
        assert process.stdout is not None
        report = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        cold_s = time.monotonic() - start_s
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"jamflow speak failed: {report}")
    warm = next(worker("warm_call", {"portrait": portrait, "text": TEXT, "seed": seed, "nfe": nfe}))
    per_mib = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(report["seconds"], cold_s, warm["seconds"], usage.ru_maxrss / per_mib, weights_mb())


def weights_mb() -> float:
    """All weights of the installed package: the model's own and the face tracker's."""
    from jamflow.weights.shipped import ASSETS

    files = [path for kind in ("*.safetensors", "*.task") for path in ASSETS.rglob(kind)]
    return sum(path.stat().st_size for path in files) / 1e6
