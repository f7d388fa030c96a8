"""How many threads compute, and how long an early thread waits awake for the others.

OpenMP, which PyTorch computes with, answers both before it knows who else needs the machine: as many threads as processors,
and an early thread spins (libgomp: 300,000 rounds, 25 ms on Zen 5). Beside other busy processes the thread that it waits for
is often not running, and the spinning takes the very processor that this thread needs. A short spin keeps what spinning is
good for, that most waits are too short for sleep to pay. docs/decisions.md has the measurements.

The libraries read the environment when they are loaded, so it must be set before the first import of torch. What the user
has set is kept.
"""

import math
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# libgomp's rounds (PyTorch on Linux): 170 µs on Zen 5. A round is the pause instruction of x86; elsewhere it is far shorter.
SPIN_ROUNDS = 2000
# Milliseconds of Intel's and LLVM's OpenMP (PyTorch on Windows and macOS): the shortest that all versions take.
BLOCK_MS = 1

WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
COUNT = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def thread_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that JAM-Flow adds to an environment. A question that the user has answered in any of its variables is
    left alone."""
    chosen = {}
    if not any(name in environment for name in WAITING):
        chosen["KMP_BLOCKTIME"] = str(BLOCK_MS)
        if platform.machine() in ("x86_64", "AMD64"):
            chosen["GOMP_SPINCOUNT"] = str(SPIN_ROUNDS)
    # OpenMP sees which processors a process may use, but not for how much of the time (`docker run --cpus`).
    allowed = processor_quota()
    if allowed < _processors() and not any(name in environment for name in COUNT):
        chosen["OMP_NUM_THREADS"] = str(math.ceil(allowed))
    return chosen


def set_threads() -> None:
    """Applies `thread_settings` to this process and those that it starts. Call it before torch is imported."""
    os.environ.update(thread_settings(os.environ))


@contextmanager
def threads_for_import() -> Iterator[None]:
    """The settings while torch may be imported within; the environment is a library's guest, so afterwards it is as before."""
    chosen = {} if "torch" in sys.modules else thread_settings(os.environ)
    os.environ.update(chosen)
    try:
        yield
    finally:
        for name in chosen:
            os.environ.pop(name, None)


def processor_quota(proc: Path = Path("/proc/self/cgroup"), groups: Path = Path("/sys/fs/cgroup")) -> float:
    """Seconds of processor a second that the control groups around this process grant it; infinite without a limit."""
    try:
        lines = proc.read_text().splitlines()
    except OSError:  # not Linux
        return math.inf
    quota = math.inf
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        tree = groups / "cpu" if controllers else groups
        folder = tree / path.strip("/")
        # In a container the path can be that of the host: then only the top of the tree is there, and it is the container's.
        for level in (folder, *folder.parents):
            quota = min(quota, _limit(level))
            if level == tree:
                break
    return quota


def _limit(group: Path) -> float:
    """Of one control group, of version 2 or 1."""
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = ((group / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period"))
        return math.inf if quota in ("max", "-1") else int(quota) / int(period)
    except (OSError, ValueError):  # no such group, no such controller
        return math.inf


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
