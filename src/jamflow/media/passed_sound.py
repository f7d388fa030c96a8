"""Passes the sound of one file to another: packets are copied, or re-encoded where mp4 does not support the codec."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import InvalidDataError
from av.packet import Packet

from jamflow.errors import UserError
from jamflow.media.mixing import mono
from jamflow.media.video_reader import keep_name, opened, sound_track

# What players expect in an mp4. Anything else (PCM of cameras, Vorbis of WebM) becomes AAC.
_COPIED = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "alac", "flac"})
_AAC_BITS_PER_S = 192_000
AAC_RATES_HZ = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
# By number of channels, since wav may give no layout. Sound with more channels becomes mono.
_AAC_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_PREROLL_S = Fraction(1, 10)  # packets this long before the start are kept: decoders need them, and the edit list hides them

_SAME_S = Fraction(2, 1000)  # a packet this near to the end of the last one follows it without a gap


class PassedSound:
    """The sound of `path` (its `sound_track`), shifted so that second `start_s` is heard at 0; its name and language are kept."""

    def __init__(self, path: Path, start_s: Fraction):
        self._path = path
        self._start_s = start_s

    @contextmanager
    def joining(self, output: OutputContainer) -> Iterator["PassedSound"]:
        """Adds the stream to a container before anything is written to it."""
        with opened(self._path, "sound file") as container:
            sound = sound_track(container)
            if sound is None:
                raise UserError(f"The file {self._path} has no sound.", "Give a file with speech in it.")
            self._sound = sound
            self._copied = sound.codec_context.codec.canonical_name in _COPIED  # the decoder's name may differ from the codec's
            self._output = output
            if self._copied:
                self._stream = output.add_stream_from_template(self._sound, opaque=True)
            else:
                self._stream = _aac_stream(output, self._sound)
                self._resampler = av.AudioResampler("fltp", self._stream.layout, self._stream.rate)
            keep_name(self._sound, self._stream)
            self._due: int | None = None
            self._packets = container.demux(self._sound)
            self._next: Packet | None = self._take()
            yield self

    def mux_until(self, end_s: Fraction) -> None:
        """Writes the packets that begin before `end_s`."""
        while self._next is not None and self._time(self._next) < end_s:
            if self._time(self._next) > -_PREROLL_S:
                self._mux(self._next)
            self._next = self._take()

    def finish(self) -> None:
        """Flushes the encoder, if there is one."""
        if not self._copied:
            for frame in self._resampler.resample(None):
                self._output.mux(self._stream.encode(frame))
            self._output.mux(self._stream.encode(None))

    def _take(self) -> Packet | None:
        """The next packet with a time. The last packet of a file, which only flushes the decoder, has none."""
        return next((p for p in self._packets if p.pts is not None), None)

    def _time(self, packet: Packet) -> Fraction:
        assert packet.pts is not None and packet.time_base is not None
        return packet.pts * packet.time_base - self._start_s

    def _mux(self, packet: Packet) -> None:
        if self._copied:
            self._copy(packet)
            return
        with suppress(InvalidDataError):  # players skip damaged packets
            for frame in packet.decode():
                assert isinstance(frame, av.AudioFrame) and frame.pts is not None and frame.time_base is not None
                time_s = frame.pts * frame.time_base - self._start_s
                frame = frame if frame.layout.nb_channels in _AAC_LAYOUTS else _one_channel(frame)
                frame.pts, frame.time_base = self._place(time_s, frame.samples), Fraction(1, self._sound.rate)
                for piece in self._resampler.resample(frame):
                    self._output.mux(self._stream.encode(piece))

    def _copy(self, packet: Packet) -> None:
        samples = self._sound.codec_context.frame_size or self._decoded(packet)
        pts = self._place(self._time(packet), samples)
        packet.time_base = Fraction(1, self._sound.rate)
        packet.pts = packet.dts = pts  # sound is decoded in the order it is heard
        packet.duration = samples
        packet.stream = self._stream
        self._output.mux(packet)

    def _decoded(self, packet: Packet) -> int:
        """Number of samples in a packet, which varies for FLAC."""
        with suppress(InvalidDataError):
            if samples := sum(frame.samples for frame in packet.decode() if isinstance(frame, av.AudioFrame)):
                return samples
        assert packet.time_base is not None
        return round((packet.duration or 0) * packet.time_base * self._sound.rate)

    def _place(self, time_s: Fraction, samples: int) -> int:
        """Start of a packet of `samples` samples, in samples; closes the gaps that millisecond times of a container leave."""
        pts = round(time_s * self._sound.rate)
        if self._due is not None and abs(pts - self._due) <= _SAME_S * self._sound.rate:
            pts = self._due
        self._due = pts + samples
        return pts


def _aac_stream(output: OutputContainer, sound: AudioStream) -> AudioStream:
    rate = sound.rate if sound.rate in AAC_RATES_HZ else 48000
    stream = output.add_stream("aac", rate=rate, layout=_AAC_LAYOUTS.get(sound.layout.nb_channels, "mono"))
    stream.bit_rate = _AAC_BITS_PER_S
    return stream


def _one_channel(frame: av.AudioFrame) -> av.AudioFrame:
    mixed = av.AudioFrame.from_ndarray(mono(frame)[None], "fltp", "mono")
    mixed.sample_rate = frame.sample_rate
    return mixed
