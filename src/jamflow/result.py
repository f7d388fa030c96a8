"""What a call gives back: speech, motion and picture, as a stream or whole.

Nothing is computed before it is asked for; `pieces`, `frames` and `save` work through text of any length in
constant memory.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from jamflow.errors import UserError
from jamflow.face.motion import Motion

Phones = list[tuple[str, float, float]]


@dataclass(frozen=True)
class Speech:
    """waveform: (N,) float32 in [-1, 1]; sample_rate in Hz."""

    waveform: np.ndarray
    sample_rate: int


@dataclass(frozen=True)
class Piece:
    """A stretch of the result. phones: (symbol, start s, end s) from the start of the piece."""

    speech: np.ndarray
    motion: Motion | None
    phones: Phones


class Picture(Protocol):
    """Draws one frame of a prepared portrait."""

    @property
    def size(self) -> tuple[int, int]: ...  # width, height

    def draw(self, motion: Motion, t: int) -> np.ndarray: ...


@dataclass
class Timings:
    """Seconds per stage; stages of different threads may overlap."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


class Result:
    """A talking portrait (or speech alone) in the making.

    Attributes:
        warnings: what the user should know.
        timings: seconds per stage so far.
    """

    def __init__(
        self, make: Callable[[Timings], Iterator[Piece]], expected_s: Callable[[], float], sample_rate: int, fps: Fraction,
        picture: Picture | None, warnings: list[str], settings: dict[str, Any], timings: Timings,
    ):  # fmt: skip
        self._make = make
        self._expected_s = expected_s
        self._sample_rate = sample_rate
        self._fps = fps
        self._picture = picture
        self._settings = settings
        self._timings = timings
        self._kept: list[Piece] | None = None
        self.warnings = warnings

    @property
    def timings(self) -> dict[str, float]:
        return {k: round(v, 3) for k, v in self._timings.seconds.items()}

    def pieces(self) -> Iterator[Piece]:
        """Speech and motion, sentence by sentence; made anew at every call unless `speech` or `motion` kept them."""
        yield from self._make(self._timings) if self._kept is None else self._kept

    @property
    def speech(self) -> Speech:
        """All of the speech."""
        return Speech(np.concatenate([p.speech for p in self._keep()]), self._sample_rate)

    @property
    def motion(self) -> Motion | None:
        """All of the motion, None where there is no portrait."""
        parts = [p.motion for p in self._keep() if p.motion is not None]
        if not parts:
            return None
        arrays = ("expression_tk3", "rotation_t3", "translation_t3", "scale_t")
        whole = {name: np.concatenate([getattr(p, name) for p in parts]) for name in arrays}
        return Motion(**whole, fps=parts[0].fps)

    @property
    def phones(self) -> Phones:
        """The timing of the phonemes that the speech was made with."""
        out, start_s = [], 0.0
        for piece in self._keep():
            out += [(symbol, start_s + a, start_s + b) for symbol, a, b in piece.phones]
            start_s += len(piece.speech) / self._sample_rate
        return out

    def frames(self) -> Iterator[np.ndarray]:
        """(H, W, 3) uint8 RGB, one by one."""
        for piece in self.pieces():
            yield from self._render(piece)

    def save(self, path: str | Path, progress: Callable[[float, float], None] | None = None) -> dict[str, Any]:
        """Write .mp4 (with a portrait) or .wav; returns what was made.

        progress is called with the seconds done and the seconds expected.
        """
        path = Path(path)
        if path.suffix.lower() == ".wav":
            seconds, frames = self._save_sound(path, progress)
        elif self._picture is None:
            raise UserError(f"{path.name} would be a video, and there is no portrait.", "Save speech as .wav.")
        else:
            seconds, frames = self._save_video(path, progress)
        return {
            "file": str(path), "seconds": round(seconds, 3), "fps": float(self._fps) if frames else None, "frames": frames,
            "sample_rate": self._sample_rate, **self._settings, "timings": self.timings, "warnings": self.warnings,
        }  # fmt: skip

    def _save_sound(self, path: Path, progress: Callable[[float, float], None] | None) -> tuple[float, int]:
        from jamflow.speech.waveform import WaveWriter

        expected_s, done = self._expected_s(), 0
        with WaveWriter(path, self._sample_rate) as writer:
            for piece in self.pieces():
                writer.write(piece.speech)
                done += len(piece.speech)
                if progress:
                    progress(done / self._sample_rate, expected_s)
        return done / self._sample_rate, 0

    def _save_video(self, path: Path, progress: Callable[[float, float], None] | None) -> tuple[float, int]:
        from jamflow.media.video_writer import VideoWriter

        assert self._picture is not None
        expected_s, samples, frames = self._expected_s(), 0, 0
        with VideoWriter(path, *self._picture.size, self._fps, self._sample_rate) as writer:
            for piece in self.pieces():
                writer.write_audio(piece.speech)
                samples += len(piece.speech)
                for frame in self._render(piece):
                    with self._timings("encode"):
                        writer.write_frame(frame)
                    frames += 1
                    if progress:
                        progress(frames / float(self._fps), expected_s)
        return samples / self._sample_rate, frames

    def _render(self, piece: Piece) -> Iterator[np.ndarray]:
        """Frames in order, drawn a few ahead by as many threads as there are cores."""
        picture, motion = self._picture, piece.motion
        if picture is None or motion is None:
            return
        workers = max(1, min(4, os.cpu_count() or 1))
        waiting: deque[Future[np.ndarray]] = deque()
        with ThreadPoolExecutor(workers) as pool:
            for t in range(len(motion)):
                waiting.append(pool.submit(picture.draw, motion, t))
                if len(waiting) > 2 * workers:
                    yield self._take(waiting)
            while waiting:
                yield self._take(waiting)

    def _take(self, waiting: "deque[Future[np.ndarray]]") -> np.ndarray:
        with self._timings("render"):
            return waiting.popleft().result()

    def _keep(self) -> list[Piece]:
        if self._kept is None:
            self._kept = list(self._make(self._timings))
        return self._kept
