"""One line on a terminal that says how far the work is and how long it will take; nothing anywhere else."""

import shutil
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

_REDRAW_S = 0.1
_TRUST_S = 1.0  # before that much work the rate says nothing about the time left


class Progress:
    """A context manager; the line is gone when the block ends.

    It is the ``progress`` callable of ``Result.save``: called with the seconds of video done and the
    estimated total.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic):
        self._stream = stream
        self._clock = clock
        self._shown = stream.isatty()
        self._width = 0  # of the line that stands there
        self._drawn_s = -_REDRAW_S
        self._start_s = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._draw("")

    def say(self, stage: str) -> None:
        """What is being done while no amount can be given, such as "Loading the model"."""
        self._draw(f"{stage} ...")
        self._start_s = self._clock()

    def __call__(self, done: float, total: float, unit: str = "s") -> None:
        now = self._clock()
        if now - self._drawn_s < _REDRAW_S:
            return
        self._drawn_s = now
        total = max(total, done)
        share = done / total if total > 0 else 0.0
        line = f"{done:.1f} of about {total:.1f} {unit} made, {share:.0%}"
        elapsed_s = now - self._start_s
        if done > 0 and elapsed_s > _TRUST_S:
            line += f", {_duration(elapsed_s * (1 - share) / share)} left"
        self._draw(line)

    def _draw(self, line: str) -> None:
        if not self._shown:
            return
        line = line[: shutil.get_terminal_size().columns - 1]
        blank = " " * max(0, self._width - len(line))
        try:
            self._stream.write(f"\r{line}{blank}" if line else f"\r{blank}\r")
            self._stream.flush()
        except OSError:  # the terminal was closed
            self._shown = False
        self._width = len(line)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
