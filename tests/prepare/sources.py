"""What the tests of preparing share: how small sources are written, and workers without processes."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from jamflow.media.video_writer import VideoWriter
from jamflow.prepare.jobs import Done
from jamflow.prepare.settings import Settings
from jamflow.prepare.workbench import Workbench
from jamflow.prepare.workers import Job

RATE_HZ = 24_000


@dataclass(frozen=True)
class Take:
    """Frames at 25 a second, and (N,) sound."""

    frames: list[np.ndarray]
    wave: np.ndarray


class Here:
    """See `jamflow.prepare.workers.Workers`."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self._bench = Workbench(settings)

    def map(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Done | None]]:
        for job in jobs:
            yield job, job.do(self._bench)


def film(path: Path, frames: Iterable[np.ndarray], wave: np.ndarray | None, fps: int = 25) -> Path:
    """A video file."""
    frames = iter(frames)
    first = next(frames)
    with VideoWriter(path, first.shape[1], first.shape[0], Fraction(fps), None if wave is None else RATE_HZ) as video:
        video.write_frame(first)
        for frame in frames:
            video.write_frame(frame)
        if wave is not None:
            video.write_audio(wave.astype(np.float32))
    return path


def journal(folder: Path) -> list[dict]:
    """The entries of a folder of shards."""
    lines = (folder / ".prepare/journal.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of every shard."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.glob("shard*/*"))}
