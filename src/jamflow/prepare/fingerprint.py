"""Finds the same sound again, also after it was coded anew, cut a little differently or made louder.

As Haitsma and Kalker do: a short frame becomes 32 bits, the signs of how the energy changes from band to band and over time.
Of a clip's hashes the 32 smallest are kept (a min-wise sample), so that two clips are compared by how many they share.

Shapes: N samples, F frames, B bands.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import soxr

_RATE_HZ = 8000
_FRAME, _HOP = 2048, 128  # 0.26 s every 16 ms: long against the hop, so that a shift changes few bits
_LOW_HZ, _HIGH_HZ, _BANDS = 300, 2000, 33
_KEPT = 32
_LOUD_DB = 25.0  # below the loud frames: silence looks like silence everywhere
_SAME = 4  # shared hashes; 31,000 pairs of different sentences of one speaker share 1 at most


def fingerprint(wave: np.ndarray, rate_hz: int) -> tuple[int, ...]:
    """The smallest hashes of (N,) samples, sorted; fewer for a short clip."""
    low = soxr.resample(wave, rate_hz, _RATE_HZ)
    if len(low) < _FRAME + _HOP:
        return ()
    frames = np.lib.stride_tricks.sliding_window_view(low, _FRAME)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1)) ** 2
    edges = np.geomspace(_LOW_HZ, _HIGH_HZ, _BANDS + 1) * _FRAME / _RATE_HZ
    sums = np.cumsum(power, axis=1)[:, np.rint(edges).astype(int)]
    energy_fb = np.log(np.diff(sums, axis=1) + 1e-9)
    across = energy_fb[:, 1:] - energy_fb[:, :-1]
    bits = across[1:] > across[:-1]
    hashes = (bits.astype(np.uint64) << np.arange(bits.shape[1], dtype=np.uint64)).sum(1)
    level = 10 * np.log10(power[1:].sum(1) + 1e-9)
    return tuple(int(h) for h in np.unique(_mixed(hashes[level > level.max() - _LOUD_DB]))[:_KEPT])


def _mixed(hashes: np.ndarray) -> np.ndarray:
    """The same numbers in another order, so that the smallest are a random choice."""
    return (hashes * np.uint64(0x9E3779B1)) & np.uint64(0xFFFFFFFF)


class Known:
    """The fingerprints so far."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._first: dict[int, int] = {}  # the clip in which a hash was first

    def find_or_add(self, hashes: Sequence[int], name: str) -> str | None:
        """The name of the clip with this sound; None if there is none yet, and then it is known from now on."""
        shared = Counter(self._first[value] for value in hashes if value in self._first)
        for best, count in shared.most_common(1):
            if count >= _SAME:
                return self._names[best]
        for value in hashes:
            self._first.setdefault(value, len(self._names))
        self._names.append(name)
        return None
