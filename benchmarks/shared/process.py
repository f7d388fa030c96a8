"""Memory of this process, and other processes that measure by themselves. Linux, but for `worker`."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]


def resident_mib() -> float:
    """What the process holds now."""
    return _status_mib("VmRSS")


def peak_mib() -> float:
    """The most that it held, since it began or since `forget_peak`."""
    return _status_mib("VmHWM")


def forget_peak() -> None:
    """From now on, the peak is counted anew: that of loading is not what is asked."""
    Path("/proc/self/clear_refs").write_text("5")


def worker(name: str, options: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """Runs `benchmarks.shared.workers.NAME` and yields what it answers, a JSON object a line, as soon as it does.

    Raises:
        RuntimeError: it failed; what it said is on stderr.
    """
    command = [sys.executable, "-m", f"benchmarks.shared.workers.{name}", json.dumps(options, default=str)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise RuntimeError(f"The worker {name} ended with status {process.returncode}; see above.")


def answer(**values: Any) -> None:
    """What a worker answers."""
    print(json.dumps(values), flush=True)


def _status_mib(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024
