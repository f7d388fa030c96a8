"""A recording sample for sample as in its file, for results that keep most of it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import soxr

from jamflow.media.video_reader import opened, sound_track, stream_sound
from jamflow.speech.waveform import refuse_invalid, refuse_unusable

_OTHER_RATE_HZ = 48_000


@dataclass(frozen=True)
class Original:
    """The sound track of a file that players choose, with its channels mixed to one. Make it with `open_original`.

    Attributes:
        rate_hz: sample rate: the file's own, unless the result cannot have it.
        start_s: the time in the file of the first sample. Before the sound begins there is silence.
        samples: how many there are.
        channels: how many the file has.
    """

    path: Path
    rate_hz: int
    start_s: Fraction
    samples: int
    channels: int

    @property
    def length_s(self) -> Fraction:
        return Fraction(self.samples, self.rate_hz)

    def blocks(self, first: int = 0, last: int | None = None) -> Iterator[np.ndarray]:
        """The samples from `first` to `last` (exclusive) in order, as (n,) float32 blocks; in constant memory."""
        at, last = 0, self.samples if last is None else min(last, self.samples)
        for wave in _from(self.path, self.rate_hz, self.start_s):
            part = wave[max(0, first - at) : max(0, last - at)]
            at += len(wave)
            if len(part):
                yield part
            if at >= last:
                return

    def part(self, first: int, last: int) -> np.ndarray:
        """The same samples as one (n,) float32 array."""
        return np.concatenate([np.zeros(0, np.float32), *self.blocks(first, last)])

    def resampled(self, rate_hz: int, first: int, last: int) -> np.ndarray:
        """The same samples at the rate of a model, (m,) float32 in [-1, 1]."""
        wave = self.part(first, last)
        if self.rate_hz == rate_hz:
            return wave
        return np.clip(soxr.resample(wave, self.rate_hz, rate_hz, quality="HQ"), -1.0, 1.0)


def open_original(path: str | Path, start_s: Fraction | None = None, rates_hz: Collection[int] = ()) -> Original:
    """Open a recording; the file is read through once.

    Args:
        start_s: the time in the file of the first sample; None is where its sound begins.
        rates_hz: rates that the result can have. If the file's rate is not among them, the samples are at 48 kHz.

    Raises:
        UserError: the file cannot be read, holds no sound, is silent or lasts less than half a second.
    """
    path = Path(path)
    first = next(stream_sound(path))
    start_s = first.start_s if start_s is None else start_s
    rate_hz = first.sample_rate if not rates_hz or first.sample_rate in rates_hz else _OTHER_RATE_HZ
    count, low, high = 0, np.inf, -np.inf
    for wave in _from(path, rate_hz, start_s):
        refuse_invalid(path, wave)
        count += len(wave)
        low, high = min(low, float(wave.min())), max(high, float(wave.max()))
    refuse_unusable(path, count / rate_hz, (high - low) / 2)
    with opened(path, "sound file") as container:
        track = sound_track(container)
        channels = 1 if track is None else track.layout.nb_channels
    return Original(path, rate_hz, start_s, count, channels)


def _from(path: Path, rate_hz: int, start_s: Fraction) -> Iterator[np.ndarray]:
    """Non-empty waves from a time of the file on."""
    drop, stream = None, None
    for sound in stream_sound(path):
        if drop is None:
            drop = round((start_s - sound.start_s) * sound.sample_rate)
            if sound.sample_rate != rate_hz:
                stream = soxr.ResampleStream(sound.sample_rate, rate_hz, 1, dtype="float32", quality="HQ")
            if drop < 0:
                yield from _resampled(np.zeros(-drop, np.float32), stream)
                drop = 0
        wave = sound.samples[drop:]
        drop -= min(drop, len(sound.samples))
        yield from _resampled(wave, stream)
    if stream is not None:
        yield from _resampled(np.zeros(0, np.float32), stream, True)


def _resampled(wave: np.ndarray, stream: soxr.ResampleStream | None, last: bool = False) -> Iterator[np.ndarray]:
    if stream is not None:
        wave = stream.resample_chunk(wave, last=last)
    if len(wave):
        yield wave
