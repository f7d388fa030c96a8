"""Joins pieces of sound with a cross-fade, as F5-TTS's `infer_batch_process` does."""

from fractions import Fraction

import numpy as np

CROSS_FADE_S = Fraction(3, 20)


class CrossFade:
    """Joins waves as they come. It holds back only the samples that will be mixed with the next wave.

    Both ramps are linear and include both ends. A piece that is shorter than the ramp is mixed over its whole length.
    """

    def __init__(self, samples: int):
        """samples: length of the ramps; 0 joins without mixing."""
        self._samples = samples
        self._held: np.ndarray | None = None

    def add(self, wave: np.ndarray, last: bool = False) -> np.ndarray:
        """Take the next (N,) samples; return the (M,) samples that can no longer change. With `last`, that is everything left."""
        if self._held is not None:
            mixed = min(self._samples, len(self._held), len(wave))
            down, up = np.linspace(1, 0, mixed), np.linspace(0, 1, mixed)
            kept, tail = self._held[: len(self._held) - mixed], self._held[len(self._held) - mixed :]
            wave = np.concatenate([kept, tail * down + wave[:mixed] * up, wave[mixed:]])
        certain = len(wave) if last else max(0, len(wave) - self._samples)
        self._held = wave[certain:]
        return wave[:certain]
