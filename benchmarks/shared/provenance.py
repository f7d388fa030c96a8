"""What made a number: command, commit, processor, date and packages."""

import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from jamflow.compute.threads import COUNT, WAITING

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Provenance:
    """Attributes:
    commit: of the checkout, "with changes" where files differ from it; None outside of git.
    date: when the command began, UTC, ISO 8601.
    cores: how many this process may use.
    load: how many processes were running when it began, averaged over a minute; None where the system does not tell.
    threads: environment variables that say how many threads compute and how they wait, as far as they are set.
    packages: versions of what JAM-Flow and its extras require, as far as they are installed.
    """

    command: str
    commit: str | None
    date: str
    processor: str
    cores: int
    load: float | None
    threads: dict[str, str]
    system: str
    python: str
    packages: dict[str, str]

    def sentence(self) -> str:
        commit = f"at {self.commit}" if self.commit else "outside of git"
        load = "" if self.load is None else f", load {self.load:.1f}"
        return f"Made by `{self.command}` {commit} on {self.processor}, {self.cores} cores{load}, {self.date}"


def provenance(arguments: Sequence[str]) -> Provenance:
    return Provenance(
        command=f"python -m benchmarks {shlex.join(arguments)}",
        commit=commit_of(CHECKOUT),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        processor=processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        threads={name: os.environ[name] for name in (*COUNT, *WAITING) if name in os.environ},
        system=platform.platform(),
        python=platform.python_version(),
        packages=packages(),
    )


def commit_of(checkout: Path) -> str | None:
    """A commit's short name, and whether tracked files differ from it."""

    def git(*command: str) -> str:
        return subprocess.run(["git", "-C", checkout, *command], capture_output=True, text=True, check=True).stdout.strip()

    try:
        commit = git("rev-parse", "--short=10", "HEAD")
        return f"{commit} with changes" if git("status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.CalledProcessError):
        return None


def processor() -> str:
    """The model's name, as the system gives it."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def packages() -> dict[str, str]:
    required = {re.match(r"[\w.-]+", line)[0] for line in metadata.requires("jamflow") or []}  # type: ignore[index]
    out = {}
    for name in sorted(required):
        try:
            out[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return out
