"""Writes sound files as a stream: MP3, FLAC or Opus."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soxr
from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.packet import Packet

from jamflow.media.files import Writing, output_file, replacing


@dataclass(frozen=True)
class _Codec:
    """rates_hz: supported rates, the last one for all others; empty is any. sample: FFmpeg's sample format."""

    encoder: str
    container: str
    sample: str
    rates_hz: tuple[int, ...]
    bits_per_s: int | None


_MP3_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_CODECS = {
    ".mp3": _Codec("libmp3lame", "mp3", "fltp", _MP3_RATES_HZ, 128_000),
    ".flac": _Codec("flac", "flac", "s16", (), None),
    ".opus": _Codec("libopus", "opus", "flt", (48_000,), 64_000),  # Opus always decodes at 48 kHz
}
_AT_END = slice(4, 8)  # in FFmpeg's "skip_samples": 32 bits for samples to skip at the start, then 32 for those at the end
CODED_SUFFIXES = tuple(_CODECS)


class CodedSoundWriter(Writing):
    """Writes one sound file piece by piece, as a context manager. The file appears only when complete.

    The sound is as long as the samples: encoder padding before and after them is marked in the file, and players cut it off.

    Raises:
        UserError: ``path`` has another suffix, or the file cannot be written.
    """

    def __init__(self, path: str | Path, sample_rate: int):
        """sample_rate: of the samples for `write`, Hz; resampled if the codec does not support it."""
        path = Path(path)
        suffix = path.suffix.lower()
        self._path = output_file(path, suffix if suffix in _CODECS else CODED_SUFFIXES[0])
        self._codec = _CODECS[suffix]
        rates = self._codec.rates_hz
        self._rate = sample_rate if not rates or sample_rate in rates else rates[-1]
        self._resampler = None
        if self._rate != sample_rate:
            self._resampler = soxr.ResampleStream(sample_rate, self._rate, 1, dtype="float32", quality="HQ")
        self._samples = 0

    def write(self, samples: np.ndarray) -> None:
        """Appends (n,) float samples, clipped to [-1, 1]."""
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples.astype(np.float32))
        self._encode(samples)

    @contextmanager
    def _open(self) -> Iterator[None]:
        # Without `bitexact` every Ogg file holds a random number, and equal sound would give unequal files.
        options = {"fflags": "+bitexact"}
        with replacing(self._path) as temporary:
            self._output = av.open(f"file:{temporary}", "w", format=self._codec.container, container_options=options)
            try:
                stream = self._output.add_stream(self._codec.encoder, rate=self._rate, layout="mono")
                assert isinstance(stream, AudioStream)
                stream.format = av.AudioFormat(self._codec.sample)
                if self._codec.bits_per_s is not None:
                    stream.bit_rate = self._codec.bits_per_s
                self._stream = stream
                yield
                if self._resampler is not None:
                    self._encode(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
                packets = self._stream.encode(None)
                _mark_end(packets)
                self._output.mux(packets)
            except BaseException:
                with suppress(OSError, FFmpegError):  # the first error is the one to report
                    self._output.close()
                raise
            self._output.close()

    def _encode(self, samples: np.ndarray) -> None:
        if not len(samples):
            return
        if self._codec.sample == "s16":
            values = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)
        else:
            values = np.clip(samples, -1, 1).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(values[None], format=self._codec.sample, layout="mono")
        frame.sample_rate = self._rate
        frame.pts, frame.time_base = self._samples, Fraction(1, self._rate)
        self._samples += len(samples)
        self._output.mux(self._stream.encode(frame))


def _mark_end(packets: list[Packet]) -> None:
    """Sums the end padding into the last packet, from which FFmpeg's MP3 writer takes it.

    LAME may spread the padding over two packets, and then the last one states its own share only.
    """
    marked = [packet for packet in packets if packet.has_sidedata("skip_samples")]
    if marked:
        shares = [int.from_bytes(bytes(packet.get_sidedata("skip_samples"))[_AT_END], "little") for packet in marked]
        told = marked[-1].get_sidedata("skip_samples")
        data = bytearray(bytes(told))
        data[_AT_END] = sum(shares).to_bytes(4, "little")
        told.update(bytes(data))
        marked[-1].set_sidedata(told)
