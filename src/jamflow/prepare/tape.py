"""The sound of spans of a file, in pieces of bounded length, read once from beginning to end."""

from collections.abc import Iterator

import numpy as np

from jamflow.speech.recording import Recording

LONGEST_S = 20.0
_QUIET_S = 0.1  # a piece is cut in the middle of the quietest stretch of this length, in its second half


class Tape:
    """Runs forward only: a span must not begin before the end of the span before it. Only what may still be needed is held."""

    def __init__(self, recording: Recording):
        self._rate_hz = recording.rate_hz
        self._start_s = float(recording.start_s)
        self._blocks = recording.blocks()
        self._gain = recording.gain
        self._first = 0
        self._held = np.zeros(0, np.float32)

    def pieces(self, start_s: float, end_s: float) -> Iterator[tuple[float, np.ndarray]]:
        """(start in seconds of the file, (N,) float32 as in the file) of every piece of a span. Nothing comes from beyond the
        sound."""
        most = round(LONGEST_S * self._rate_hz)
        first, last = (max(0, round((s - self._start_s) * self._rate_hz)) for s in (start_s, end_s))
        while first < last:
            wave = self._read(first, min(last, first + most))
            if last - first > most:
                wave = wave[: _quiet_place(wave, self._rate_hz)]
            if not len(wave):
                return
            yield self._start_s + first / self._rate_hz, wave
            first += len(wave)

    def _read(self, first: int, last: int) -> np.ndarray:
        parts, end = [self._held], self._first + len(self._held)
        while end < last and (block := next(self._blocks, None)) is not None:
            if end + len(block) > first:
                parts.append((block / self._gain).astype(np.float32))
            else:  # nobody needs it
                parts = [np.zeros(0, np.float32)]
                self._first = end + len(block)
            end += len(block)
        held = np.concatenate(parts)
        if first > self._first:
            held = held[first - self._first :]
            self._first = first
        self._held = held
        return held[: max(0, last - self._first)]


def _quiet_place(wave: np.ndarray, rate_hz: int) -> int:
    """The sample in the second half where to cut."""
    half, size = len(wave) // 2, round(_QUIET_S * rate_hz)
    energy = np.cumsum(wave[half:].astype(np.float64) ** 2)
    sums = energy[size:] - energy[:-size]
    return half + (int(sums.argmin()) + size // 2 if len(sums) else 0) or len(wave)
