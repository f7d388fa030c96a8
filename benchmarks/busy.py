"""What commands cost on an idle and on a busy machine, beside another checkout.

`demo` and the learning of a voice (`tts --voice`) run in this checkout and in the other one, in turns, each in a process of its
own: alone, and beside as many busy processes as there are processors. Shown are medians over the rounds, by the clock and by
the processor, how the clock compares with the other checkout's, and how the processor seconds compare with those of the same
checkout on the idle machine: what waiting takes from others. OpenMP's variables are not passed on. Needs the extra
`dev`, and a machine on which nothing else runs; Linux or macOS.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import tyro

from benchmarks.shared.checkouts import check_code, source_of
from benchmarks.shared.options import Output
from benchmarks.shared.process import CHECKOUT
from benchmarks.shared.provenance import commit_of
from benchmarks.shared.report import Report
from jamflow.compute.threads import COUNT, WAITING
from jamflow.errors import UserError

LESSON = "The harbour was quiet before the storm, and nobody had seen the old ship leave."
TEXT = "The train to the coast leaves at nine in the morning."
MAIN = "import jamflow; print(jamflow.__file__, flush=True); from jamflow.app.cli import main; main()"
LIMIT_S = 900

Spent = tuple[float, float]  # seconds by the clock and by the processor


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    other: tyro.conf.Positional[Path]
    """The other checkout."""
    rounds: int = 3
    busy: int = os.cpu_count() or 1
    """How many busy processes."""
    voice: Path | None = None
    """The recording that is learnt (default: one that `mini` speaks)."""


def run(options: Options, report: Report) -> None:
    sources = {"this": source_of(CHECKOUT), "other": source_of(options.other)}
    report.details = {"other_checkout": str(options.other.resolve()), "other_commit": commit_of(options.other)}
    spent: dict[tuple[str, str, str], list[Spent]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lesson = options.voice.resolve() if options.voice else folder / "lesson.wav"
        if options.voice is None:
            timed(sources["this"], ["tts", "--text", LESSON, "-o", str(lesson)], folder)
        jobs = {
            "demo": ["demo", "-o", "demo.mp4"],
            "tts --voice": ["tts", "--voice", str(lesson), "--text", TEXT, "-o", "speech.wav"],
        }
        for number in range(options.rounds):
            for machine, count in (("idle", 0), ("busy", options.busy)):
                for job, command in jobs.items():
                    for side in sorted(sources, reverse=number % 2 == 0):  # who goes first changes
                        with busy_processes(count):
                            cost = timed(sources[side], command, folder)
                        report.say(f"{job}, {machine}, {side} checkout: {cost[0]:.1f} s, processor {cost[1]:.1f} s")
                        spent.setdefault((job, machine, side), []).append(cost)
    report.details["runs"] = [{"job": j, "machine": m, "checkout": s, "spent": costs} for (j, m, s), costs in spent.items()]
    middle = {key: (median(clock for clock, _ in costs), median(own for _, own in costs)) for key, costs in spent.items()}
    columns = {"job": "", "machine": "", "checkout": "", "clock, s": ".1f", "range": ".1f", "processor, s": ".1f"}
    columns |= {"clock, of the other's": ".2f", "processor, of idle": ".2f"}
    title = f"Medians of {options.rounds}; busy: beside {options.busy} processes; the other: {report.details['other_commit']}"
    table = report.table(title, columns)
    for (job, machine, side), (clock, own) in middle.items():
        clocks = [clock for clock, _ in spent[job, machine, side]]
        beside = clock / middle[job, machine, "other"][0]
        table.add(job, machine, side, clock, (min(clocks), max(clocks)), own, beside, own / middle[job, "idle", side][1])


def timed(source: Path, command: list[str], folder: Path) -> Spent:
    """Runs a command of JAM-Flow with the code in `source`.

    Raises:
        UserError: it failed, took over 15 minutes, or ran other code.
    """
    environment = {name: value for name, value in os.environ.items() if name not in (*COUNT, *WAITING)}
    start_s, before = time.monotonic(), os.times()
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", MAIN, *command],
        env=environment | {"PYTHONPATH": str(source)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        said, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"`jamflow {command[0]}` took over {LIMIT_S / 60:.0f} minutes with the code in {source}.", "Run it there."
        ) from error
    finally:
        process.kill()
        process.wait()
    clock_s, after = time.monotonic() - start_s, os.times()
    if process.returncode:
        raise UserError(f"`jamflow {command[0]}` failed with the code in {source}.", "Run it there.")
    check_code(said.splitlines()[0], source)
    processor_s = after.children_user + after.children_system - before.children_user - before.children_system
    return clock_s, processor_s


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Processes that do nothing, without a pause; they end with the block."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
