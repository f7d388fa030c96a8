"""What `speak` costs: seconds cold and warm, peak memory, size of the weights.

Run as a script it is the warm measurement itself: python cost.py PORTRAIT SEED [NFE]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# About ten seconds of speech.
TEXT = (
    "When the bell rang, the people in the boat put their maps away, picked up their bags, and came up "
    "the steps to the market, where a band was playing and somebody had baked bread."
)
CORES = 2


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


def measure_cost(portrait: Path, seed: int, nfe: int | None) -> Cost:
    """Runs both measurements as processes of their own, on two cores.

    Call it before anything large is imported: Linux lets a new process inherit the peak memory of the one
    that started it.
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
    arguments = [str(portrait), str(seed), *([] if nfe is None else [str(nfe)])]
    warm = subprocess.run([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, check=True)
    per_mib = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(
        seconds=report["seconds"],
        cold_s=cold_s,
        warm_s=json.loads(warm.stdout)["warm_s"],
        peak_mib=usage.ru_maxrss / per_mib,
        weights_mb=weights_mb(),
    )


def weights_mb() -> float:
    """All weights of the installed package: the model's own and the face tracker's."""
    import jamflow

    assets = Path(jamflow.__file__).parent / "assets"
    files = [path for kind in ("*.safetensors", "*.task") for path in assets.rglob(kind)]
    return sum(path.stat().st_size for path in files) / 1e6


def _warm_s(portrait: Path, seed: int, nfe: int | None) -> float:
    from jamflow.pipeline import JamFlow

    model = JamFlow.load()
    spent_s = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            start_s = time.monotonic()
            model.speak(portrait, TEXT, seed=seed, nfe=nfe).save(Path(folder) / "warm.mp4")
            spent_s = time.monotonic() - start_s
    return spent_s


if __name__ == "__main__":
    portrait, seed, *nfe = sys.argv[1:]
    print(json.dumps({"warm_s": _warm_s(Path(portrait), int(seed), int(nfe[0]) if nfe else None)}))
