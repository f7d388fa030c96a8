"""Encodes a mono AAC stream into a container, piece by piece."""

from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer
from av.stream import Disposition

_BITS_PER_S = 128_000
_FRAME = 1024  # samples


class MonoAac:
    """Adds an AAC stream to a container before anything is written to it. Sample n is heard at n / rate."""

    def __init__(self, output: OutputContainer, rate_hz: int, language: str | None = None):
        self._output, self._rate = output, rate_hz
        self._stream = output.add_stream("aac", rate=rate_hz, layout="mono")
        self._stream.bit_rate = _BITS_PER_S
        self._stream.disposition = Disposition.default
        if language is not None:
            self._stream.metadata["language"] = language
        self._samples = 0
        self._tail = np.zeros(0, np.float32)  # samples that do not yet fill a frame

    @property
    def encoded_s(self) -> Fraction:
        """Length of the sound given to the encoder, seconds."""
        return Fraction(self._samples, self._rate)

    def write(self, samples: np.ndarray) -> None:
        """Appends (n,) float32 samples, clipped to [-1, 1]."""
        self._tail = np.concatenate([self._tail, np.clip(samples, -1, 1).astype(np.float32)])
        whole = len(self._tail) // _FRAME * _FRAME
        for start in range(0, whole, _FRAME):
            self._encode(self._tail[start : start + _FRAME])
        self._tail = self._tail[whole:]

    def finish(self) -> None:
        """Encodes the last partial frame and flushes the encoder."""
        if len(self._tail):
            self._encode(self._tail)
        self._output.mux(self._stream.encode(None))

    def _encode(self, samples: np.ndarray) -> None:
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = self._rate
        frame.pts, frame.time_base = self._samples, Fraction(1, self._rate)
        self._samples += len(samples)
        self._output.mux(self._stream.encode(frame))
