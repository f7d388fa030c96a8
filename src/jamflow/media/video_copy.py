"""Copies the video packets of a file beside new sound; only the sound is encoded."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from io import BytesIO
from math import lcm
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from jamflow.errors import UserError
from jamflow.media.files import Writing, output_file, replacing
from jamflow.media.mono_aac import MonoAac
from jamflow.media.video_reader import keep_name, opened, picture_track

_FORMATS = {".mp4": "mp4", ".mkv": "matroska"}
_HEVC_TAGS = ("hvc1", "hev1")
_MOST_TICKS = 2**31 - 1


class VideoCopy(Writing):
    """Writes the first video stream of a file with new mono sound into an mp4 (or mkv), as a context manager.

    The frame at `start_s` in the file is shown at 0, where sample 0 is heard. All other times are exact in an mp4 and rounded to
    a millisecond in an mkv, which is Matroska's resolution. Rotation, colours, pixel shape, the codec's tag, the name and the
    language of the track are kept. Packets are written as samples arrive, so
    little waits in memory.

    The file appears at `path` only when the block ends without an exception.

    Raises:
        UserError: `path` ends in neither .mp4 nor .mkv, the container does not support the codec, or the video has no times.
    """

    def __init__(self, path: str | Path, video: str | Path, start_s: Fraction, sample_rate: int):
        self._path = check_copy(path, video)
        self._video = Path(video)
        self._start_s = start_s
        self._rate = sample_rate

    def write_audio(self, samples: np.ndarray) -> None:
        """Appends (n,) float32 samples, clipped to [-1, 1]."""
        self._sound.write(samples)
        self._copy_until(self._sound.encoded_s)

    @contextmanager
    def _open(self) -> Iterator[None]:
        with opened(self._video, "video") as source, replacing(self._path) as temporary:
            template = picture_track(source, self._video)
            assert template.time_base is not None
            self._base = template.time_base
            kind = _FORMATS[self._path.suffix.lower()]
            options = {}
            if kind == "mp4":
                # Edit lists use the movie's time scale: one fine enough for both streams, if possible.
                scale = lcm(self._base.denominator, self._rate)
                scale = scale if scale <= _MOST_TICKS else self._base.denominator
                options = {"movflags": "+faststart", "movie_timescale": str(scale)}
            self._output = av.open(f"file:{temporary}", "w", format=kind, container_options=options)
            try:
                self._picture = self._output.add_stream_from_template(template, opaque=True)
                self._picture.time_base = self._base
                keep_name(template, self._picture)
                if kind == "mp4" and template.codec_context.name == "hevc":
                    self._picture.codec_context.codec_tag = _hevc_tag(template)
                self._sound = MonoAac(self._output, self._rate)
                self._packets = (p for p in source.demux(template) if p.size)  # the last packet only flushes the decoder
                self._next = next(self._packets, None)
                yield
                self._sound.finish()
                self._copy_until(None)
            except BaseException:
                with suppress(OSError, FFmpegError):  # the first error is the one to report
                    self._output.close()
                raise
            self._output.close()

    def _copy_until(self, end_s: Fraction | None) -> None:
        while (packet := self._next) is not None and (end_s is None or self._place(packet) < end_s):
            self._mux(packet)
            self._next = next(self._packets, None)

    def _place(self, packet: Packet) -> Fraction:
        """Decoding time of a packet, in seconds of the result."""
        ticks = packet.pts if packet.dts is None else packet.dts
        if packet.pts is None or ticks is None:
            raise UserError(f"The video {self._video} has packets without a time.", "Convert it to mp4 first.")
        return ticks * self._base - self._start_s

    def _mux(self, packet: Packet) -> None:
        shift = round(self._start_s / self._base)
        assert packet.pts is not None
        packet.pts -= shift
        if packet.dts is not None:
            packet.dts -= shift
        if packet.pts < 0 and self._path.suffix.lower() != ".mp4":
            raise UserError(
                f"The video {self._video} begins with hidden frames, which mkv would show.", "Convert it to mp4 first."
            )
        packet.stream = self._picture
        self._output.mux(packet)


def _hevc_tag(template: VideoStream) -> str:
    """The name of the codec in an mp4: that of the file if it has one, else the one that Apple's players accept."""
    tag = template.codec_context.codec_tag
    return tag if tag in _HEVC_TAGS else _HEVC_TAGS[0]


def check_copy(path: str | Path, video: str | Path) -> Path:
    """Checks that `video` can be copied into a file of this name; returns the path.

    Raises:
        UserError: it cannot, or the suffix is not that of a video.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    path = output_file(path, suffix if suffix in _FORMATS else ".mp4")
    with opened(video, "video") as source:
        codec = picture_track(source, video).codec_context.codec.canonical_name
    with av.open(BytesIO(), "w", format=_FORMATS[suffix]) as container:
        if codec not in container.supported_codecs:
            raise UserError(
                f"The picture is to stay as it is, and {suffix[1:]} has no place for its codec {codec}.",
                f"Give a name that ends in .mkv instead of {suffix}." if suffix == ".mp4" else "Convert the video to mp4 first.",
            )
    return path
