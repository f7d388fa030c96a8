"""Runs jobs on all processors of this machine.

Each worker is a process of its own, so that a damaged file that takes its decoder down costs one clip, not the run.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Protocol

from jamflow.prepare.jobs import ClipJob, Done, PackJob
from jamflow.prepare.settings import Settings

Job = ClipJob | PackJob


class Workers(Protocol):
    """Where jobs are done."""

    def map(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Done | None]]:
        """Every job and what it came to, in the order in which they end; None if the worker died of it."""
        ...


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    job: Job | None = None


class Processes:
    """See `Workers`. Jobs are taken from the iterable when a worker is free."""

    def __init__(self, settings: Settings, count: int | None = None):
        """count: how many at once; None is one for each processor that this process may use."""
        self._settings = settings
        self._count = count or processors()

    def map(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Done | None]]:
        waiting = iter(jobs)
        workers: list[_Worker] = []
        try:
            while True:
                self._hand_out(waiting, workers)
                busy = {worker.pipe: worker for worker in workers if worker.job is not None}
                if not busy:
                    return
                for pipe in wait(list(busy)):
                    worker = busy[pipe]  # type: ignore[index]  # `wait` returns what it was given
                    job, worker.job = worker.job, None
                    assert job is not None
                    try:
                        done = worker.pipe.recv()
                    except (EOFError, ConnectionResetError):
                        workers.remove(worker)
                        worker.process.join()
                        done = None
                    if isinstance(done, Exception):
                        raise done
                    yield job, done
        finally:
            for worker in workers:
                worker.pipe.close()  # an idle one ends by itself and cleans up
                if worker.job is not None:
                    worker.process.terminate()
                worker.process.join()

    def _hand_out(self, waiting: Iterator[Job], workers: list[_Worker]) -> None:
        """A job for every free worker; workers are started when there is a job for them."""
        free = [worker for worker in workers if worker.job is None]
        while free or len(workers) < self._count:
            job = next(waiting, None)
            if job is None:
                return
            worker = free.pop() if free else self._start()
            if worker not in workers:
                workers.append(worker)
            worker.job = job
            with suppress(BrokenPipeError):  # it is dead, which `wait` will say
                worker.pipe.send(job)

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._settings), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_thread() -> None:
    """There are as many workers as processors: each computes with one thread."""
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _serve(pipe: Connection, settings: Settings) -> None:
    """The process of a worker: does jobs until the pipe is closed, also because the program was killed."""
    from jamflow.prepare.workbench import Workbench

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the parent ends its workers
    one_thread()
    bench = Workbench(settings)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            job: Job = pipe.recv()
            try:
                done: Done | Exception = job.do(bench)
            except Exception as error:
                done = error
            pipe.send(done)
