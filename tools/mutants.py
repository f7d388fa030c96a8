"""Breaks the code on purpose, one line at a time, and looks whether a test sees it.

`mutants.toml` lists the mutants: a file, a text that occurs in it once, what takes its place, and the tests that must fail.
Every mutant is applied to a copy of the source; the checkout is never changed. Run it from the checkout:

    python tools/mutants.py --jobs 2            # all of them: about a quarter of an hour on two idle cores
    python tools/mutants.py --room face         # those in src/jamflow/face
    python tools/mutants.py --only "a cut is smoothed over"

The exit code is 1 where a mutant survives that is not known to, one no longer applies, or its tests fail without it.
"""

import argparse
import compileall
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import SimpleQueue

ROOT = Path(__file__).parents[1]
PACKAGE = Path("src/jamflow")
LIMIT_S = 300.0  # a mutant whose tests take longer hangs, which is as good as a failure
GOOD = ("killed", "survives as known")
# Most of the time of a short test is the import of these: they are imported once, in a process that every run is a fork of.
_IMPORTED = ["av", "cv2", "hibari.g2p", "hypothesis", "numpy", "PIL.Image", "pytest", "safetensors.torch", "soxr", "torch"]
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(_IMPORTED)


@dataclass(frozen=True)
class Mutant:
    """One change. survives: why no test can see it; None where a test must.

    file: below src/jamflow. tests: files or node ids, as pytest takes them.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    survives: str | None = None

    @property
    def room(self) -> str:
        return self.file.split("/")[0]


@dataclass(frozen=True)
class Verdict:
    """result: one of `GOOD`, or what is wrong. seconds: how long the tests took."""

    name: str
    room: str
    result: str
    seconds: float


def read_table(path: Path) -> list[Mutant]:
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    return [Mutant(**{**row, "tests": tuple(row["tests"])}) for row in rows]


def occurrences(mutant: Mutant, root: Path) -> int:
    """How often the text that is replaced occurs; a mutant applies where it is once."""
    file = root / PACKAGE / mutant.file
    return file.read_text(encoding="utf-8").count(mutant.old) if file.exists() else 0


class Copy:
    """A copy of the source, in which one mutant at a time lives. The tests are the checkout's own."""

    def __init__(self, root: Path, folder: Path):
        self._root, self._source = root, folder / "src"
        shutil.copytree(root / PACKAGE, self._source / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
        # By content, not by time: a mutant may be as long as the original and as old.
        compileall.compile_dir(self._source, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)

    @contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        file = self._source / PACKAGE.name / mutant.file
        text = file.read_text(encoding="utf-8")
        try:
            file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
            yield
        finally:
            file.write_text(text, encoding="utf-8")

    def run(self, tests: Sequence[str], limit_s: float) -> int | None:
        """pytest's exit code; None where the tests take too long."""
        process = _FORKS.Process(target=_tested, args=(str(self._root), str(self._source), tuple(tests)))
        process.start()
        process.join(limit_s)
        if process.exitcode is None and process.pid is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
            return None
        return process.exitcode


def _tested(root: str, source: str, tests: tuple[str, ...]) -> None:
    """In a process of its own: what the tests import from elsewhere is there already, the package is the copy's."""
    os.setsid()  # so that all that it starts can be ended with it
    os.chdir(root)
    sys.path.insert(0, source)
    sys.dont_write_bytecode = True
    storage = {"HYPOTHESIS_STORAGE_DIRECTORY": f"{source}/.hypothesis"}
    os.environ.update({"PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1", **storage})
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    import pytest

    sys.exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])))


def judged(mutant: Mutant, copy: Copy, root: Path, sound: bool, limit_s: float) -> Verdict:
    """sound: whether its tests pass without it."""
    start = time.monotonic()
    if occurrences(mutant, root) != 1:
        result = "does not apply"
    elif not sound:
        result = "its tests fail without it"
    else:
        with copy.mutated(mutant):
            code = copy.run(mutant.tests, limit_s)
        if code in (1, None):
            result = "killed" if mutant.survives is None else "killed, though it is known to survive"
        elif code == 0:
            result = "SURVIVED" if mutant.survives is None else "survives as known"
        else:
            result = f"pytest ends with {code}"
    return Verdict(mutant.name, mutant.room, result, round(time.monotonic() - start, 1))


def judge(mutants: Sequence[Mutant], root: Path, jobs: int, limit_s: float = LIMIT_S) -> Iterator[Verdict]:
    """One verdict a mutant, in order. First the tests are run on the source as it is."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(jobs) as pool:
        free: SimpleQueue[Copy] = SimpleQueue()
        for number in range(jobs):
            free.put(Copy(root, Path(folder) / str(number)))

        @contextmanager
        def borrowed() -> Iterator[Copy]:
            copy = free.get()
            try:
                yield copy
            finally:
                free.put(copy)

        def passes(tests: tuple[str, ...]) -> bool:
            with borrowed() as copy:
                return copy.run(tests, 2 * limit_s) == 0

        def verdict(mutant: Mutant) -> Verdict:
            with borrowed() as copy:
                return judged(mutant, copy, root, sound[mutant.tests], limit_s)

        wanted = list(dict.fromkeys(mutant.tests for mutant in mutants))
        sound = dict(zip(wanted, pool.map(passes, wanted), strict=True))
        yield from pool.map(verdict, mutants)


def summary(verdicts: Iterable[Verdict], mutants: Sequence[Mutant]) -> str:
    """A table of rooms, and the reasons of the survivors."""
    counts: dict[str, list[int]] = {}
    for verdict in verdicts:
        row = counts.setdefault(verdict.room, [0, 0, 0])
        row[0] += 1
        row[1] += verdict.result == "killed"
        row[2] += verdict.result not in GOOD
    rows = [*sorted(counts.items()), ("all", [sum(column) for column in zip(*counts.values(), strict=True)])]
    lines = [f"{'room':<12}{'mutants':>8}{'killed':>8}{'wrong':>8}"]
    lines += [f"{room:<12}{total:>8}{killed:>8}{wrong:>8}" for room, (total, killed, wrong) in rows]
    lines += [f"\nSurvives: {m.name}. {m.survives}" for m in mutants if m.survives is not None]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description="Break the code on purpose and look whether a test sees it.")
    parser.add_argument("--only", metavar="NAME", help="one mutant")
    parser.add_argument("--room", help="those of one folder of the package")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the verdicts are written to")
    options = parser.parse_args(arguments)
    mutants = [
        m for m in read_table(root / "tools/mutants.toml") if options.only in (None, m.name) and options.room in (None, m.room)
    ]
    if not mutants:
        parser.error("There is no such mutant.")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    verdicts = []
    for verdict in judge(mutants, root, options.jobs):
        verdicts.append(verdict)
        print(f"{verdict.result:<24}{verdict.seconds:>6.1f} s  {verdict.room:<10} {verdict.name}", flush=True)
    print("\n" + summary(verdicts, mutants))
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(v) for v in verdicts], indent=1), encoding="utf-8")
    return int(any(verdict.result not in GOOD for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
