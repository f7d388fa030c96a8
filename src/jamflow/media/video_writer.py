"""Writes frames and sound to an mp4 as a stream: H.264 and AAC, with exact times."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from fractions import Fraction
from itertools import pairwise
from math import gcd, lcm
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.error import FFmpegError
from av.packet import Packet
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from jamflow.media.files import Writing, output_file, replacing
from jamflow.media.mono_aac import MonoAac
from jamflow.media.passed_sound import PassedSound
from jamflow.media.view import USUAL_TAGS, PictureTags

_FINE_HZ = 48_000  # fine enough for the edit list of sound at another rate
# Measured on a moving portrait, 512 x 512: `faster` takes twice the time and more bytes, and gains 0.5 dB.
_X264 = {"drawn": {"crf": "18", "preset": "veryfast"}, "filmed": {"crf": "16", "preset": "faster"}}
# At 4K, `faster` takes 260 ms of a core for a frame and `veryfast` 170, for 1 dB (54.7 and 53.7).
_LARGE_PX, _LARGE_PRESET = 1920 * 1088, "veryfast"
Quality = Literal["drawn", "filmed"]
_FINEST_HZ = 240_000  # for frame times; MP4 counts in 32 bits


class VideoWriter(Writing):
    """Writes one mp4 file, as a context manager.

    Frame k is shown at exactly k / fps (or at `times_s[k]`) and sample n is heard at n / sample_rate: the edit list cuts off the
    delay of the AAC encoder. Frames and samples may come in any order. A stream that is ahead of the other waits encoded, for at
    most ten seconds.

    The file appears at ``path`` only when the block ends without an exception. Until then it is a hidden ``.part`` file in the
    same folder, which is removed on an error.

    Raises:
        UserError: ``path`` does not end in .mp4, or the file cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        width: int,
        height: int,
        fps: Fraction,
        sample_rate: int | None = None,
        passed: PassedSound | None = None,
        times_s: Sequence[Fraction] | None = None,
        quality: Quality = "drawn",
        tags: PictureTags = USUAL_TAGS,
        language: str | None = None,
    ):
        """Width and height in pixels, both even (the chroma planes have half the size).

        times_s: start of each frame, rising from 0, then the end of the last one; exact if they share a clock of 1 / 240,000 s or
        coarser, and rounded to that otherwise. quality: "filmed" for pictures that have been compressed before.

        tags: how the frames are to be shown. language: of the sound for `write_audio`, as ISO 639-2 has it; None is unknown.

        sample_rate: Hz, of the sound for `write_audio`. passed: sound of another file, cut at the end of the frames. With
        neither, the video is silent.
        """
        if sample_rate is not None and passed is not None:
            raise ValueError("sound is either written or passed on")
        if width <= 0 or height <= 0 or width % 2 or height % 2:
            raise ValueError(f"width and height must be even and positive, got {width} x {height}")
        self._path = output_file(path, ".mp4")
        self._shape = (height, width, 3)
        self._fps, self._times_s, self._quality, self._tags, self._language = Fraction(fps), times_s, quality, tags, language
        self._tick_s = 1 / self._fps if times_s is None else _tick_s(times_s)
        self._sample_rate = sample_rate
        self._passed = passed
        self._reformatter = VideoReformatter()  # setting up the conversion takes time, so it is kept
        self._n_frames = 0
        self._lasts: dict[int | None, int] = {}  # duration in ticks, by start time, of the frames still in the encoder
        self._sound: MonoAac | None = None

    def write_frame(self, rgb: np.ndarray) -> None:
        """Appends a frame, (H, W, 3) uint8 RGB."""
        if rgb.shape != self._shape or rgb.dtype != np.uint8:
            raise ValueError(f"a frame must be {self._shape} uint8, got {rgb.shape} {rgb.dtype}")
        frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(rgb), format="rgb24")
        self._encode_frame(
            self._reformatter.reformat(frame, format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
        )

    def write_planes(self, yuv: np.ndarray) -> None:
        """Appends frames made by `media.colour.to_yuv420p`, (N, H * 3 / 2, W) uint8."""
        height, width, _ = self._shape
        if yuv.ndim != 3 or yuv.shape[1:] != (height * 3 // 2, width) or yuv.dtype != np.uint8:
            raise ValueError(f"planes must be (N, {height * 3 // 2}, {width}) uint8, got {yuv.shape} {yuv.dtype}")
        for planes in yuv:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(planes), format="yuv420p")
            frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
            self._encode_frame(frame)

    def write_audio(self, samples: np.ndarray) -> None:
        """Appends (n,) float32 samples, clipped to [-1, 1]."""
        assert self._sound is not None
        self._sound.write(samples)

    @contextmanager
    def _open(self) -> Iterator[None]:
        # Edit lists use the movie's time scale; the default of 1 ms would round the cut of the encoder delay.
        scale = lcm(self._tick_s.denominator, self._sample_rate or _FINE_HZ)
        options = {"movflags": "+faststart", "movie_timescale": str(scale)}
        with replacing(self._path) as temporary:
            self._container = av.open(f"file:{temporary}", "w", format="mp4", container_options=options)
            try:
                self._add_streams()
                with self._passed.joining(self._container) if self._passed is not None else nullcontext():
                    yield
                    self._flush()
            except BaseException:
                with suppress(OSError, FFmpegError):  # the first error is the one to report
                    self._container.close()
                raise
            self._container.close()

    def _add_streams(self) -> None:
        height, width, _ = self._shape
        self._video = self._container.add_stream("libx264", rate=self._fps, options=self._options())
        self._video.width, self._video.height, self._video.pix_fmt = width, height, "yuv420p"
        self._video.time_base = self._tick_s
        codec = self._video.codec_context
        codec.time_base = self._tick_s
        codec.color_primaries, codec.color_trc = self._tags.primaries, self._tags.transfer
        codec.sample_aspect_ratio = self._tags.pixel_ratio
        codec.colorspace, codec.color_range = Colorspace.ITU709, ColorRange.MPEG
        if self._sample_rate is not None:
            self._sound = MonoAac(self._container, self._sample_rate, self._language)

    def _options(self) -> dict[str, str]:
        """Encoder options. Frames of uneven length get no B-frames, because containers add up durations in coding order."""
        times = self._times_s or ()
        even = len({b - a for a, b in pairwise(times)}) <= 1
        height, width, _ = self._shape
        options = _X264[self._quality] | ({"preset": _LARGE_PRESET} if height * width > _LARGE_PX else {})
        return options if even else {**options, "bf": "0"}

    def _encode_frame(self, frame: av.VideoFrame) -> None:
        start_s, end_s = (self._time_s(self._n_frames + k) for k in (0, 1))
        frame.pts, frame.time_base = round(start_s / self._tick_s), self._tick_s
        self._lasts[frame.pts] = round(end_s / self._tick_s) - frame.pts
        self._n_frames += 1
        self._mux_video(self._video.encode(frame))
        if self._passed is not None:
            self._passed.mux_until(end_s)

    def _mux_video(self, packets: list[Packet]) -> None:
        """Restores the duration of each frame, which the encoder loses; the container would guess that of the last one."""
        for packet in packets:
            packet.duration = self._lasts.pop(packet.pts)
            self._container.mux(packet)

    def _time_s(self, frame: int) -> Fraction:
        return frame / self._fps if self._times_s is None else self._times_s[frame]

    def _flush(self) -> None:
        self._mux_video(self._video.encode(None))
        if self._sound is not None:
            self._sound.finish()
        if self._passed is not None:
            self._passed.finish()


def _tick_s(times_s: Sequence[Fraction]) -> Fraction:
    """Period of the coarsest clock that all times fall on, seconds."""
    rate = 1
    for time_s in times_s:
        rate = lcm(rate, time_s.denominator)
        if rate > _FINEST_HZ:
            return Fraction(1, _FINEST_HZ)
    return Fraction(gcd(*(int(time_s * rate) for time_s in times_s)), rate)
