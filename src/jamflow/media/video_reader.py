"""Video and sound files as decoded frames with their times; whatever container FFmpeg reads."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.stream import Disposition

from jamflow.errors import UserError
from jamflow.media.files import existing_file

# PyAV 18 (the last for Python 3.11) fails on tags that are not UTF-8 unless told; 19 needs no telling.
_TAGS: dict[str, Any] = {"metadata_errors": "replace"} if av.__version__.startswith("18.") else {}

_USUAL_FPS = Fraction(25)


@dataclass(frozen=True)
class Sound:
    """Decoded sound: (n,) float32 mono in [-1, 1], its rate in Hz, and when its first sample is heard."""

    samples: np.ndarray
    sample_rate: int
    start_s: Fraction


def read_video(path: str | Path) -> Iterator[tuple[Fraction, np.ndarray]]:
    """Yields (time in seconds, (H, W, 3) uint8 RGB) of every frame, in constant memory.

    Raises UserError where there is no readable video.
    """
    with opened(path, "video") as container:
        if not container.streams.video:
            raise UserError(f"The file {path} has no picture.", "Give a video file.")
        for frame in container.decode(container.streams.video[0]):
            if frame.pts is None or frame.time_base is None:
                raise UserError(f"The video {path} has frames without a time.", "Convert it to mp4 first.")
            rgb = frame.to_ndarray(format="rgb24")
            turned = np.rot90(rgb, frame.rotation // 90) if frame.rotation else rgb  # telephones film sideways
            yield frame.pts * frame.time_base, turned


@dataclass(frozen=True)
class VideoFacts:
    """What a video file says about itself. fps: its frame rate on average, exact; has_sound: whether it has any."""

    fps: Fraction
    has_sound: bool


def video_facts(path: str | Path) -> VideoFacts:
    """Raises UserError where there is no readable video."""
    with opened(path, "video") as container:
        if not container.streams.video:
            raise UserError(f"The file {path} has no picture.", "Give a video file.")
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        return VideoFacts(Fraction(rate) if rate else _USUAL_FPS, bool(container.streams.audio))


def has_video(path: str | Path) -> bool:
    """Whether there are moving pictures in a file; the picture on the cover of a song is none.

    Raises UserError where nothing can be read.
    """
    with opened(path, "file") as container:
        return any(not stream.disposition & Disposition.attached_pic for stream in container.streams.video)


def nearest_frames(times_s: list[Fraction], fps: Fraction) -> np.ndarray:
    """For every frame of a video at a constant rate, the index of the one on show in a video of any times."""
    start_s = times_s[0]
    count = max(1, round((times_s[-1] - start_s) * fps) + 1)
    wanted = np.arange(count) / float(fps)
    have = np.array([float(t - start_s) for t in times_s])
    after = np.clip(np.searchsorted(have, wanted), 1, max(1, len(have) - 1))
    before = after - 1
    after = np.minimum(after, len(have) - 1)
    return np.where(wanted - have[before] <= have[after] - wanted, before, after)


def read_sound(path: str | Path, max_seconds: float) -> Sound:
    """The first sound stream of a sound or video file at its own rate, its channels averaged.

    Damaged packets are left out, as players do. Raises UserError where nothing can be decoded and where
    there is more than ``max_seconds`` (which is also all that is ever decoded).
    """
    parts: list[Sound] = []
    n_samples = 0
    for part in stream_sound(path):
        parts.append(part)
        n_samples += len(part.samples)
        if n_samples > max_seconds * part.sample_rate:
            raise UserError(f"The sound of {path} is over {max_seconds:g} s long.", "Cut out a part.")
    return Sound(np.concatenate([part.samples for part in parts]), parts[0].sample_rate, parts[0].start_s)


def stream_sound(path: str | Path) -> Iterator[Sound]:
    """The same as it is decoded, some samples at a time, in constant memory; there is at least one."""
    rate = 0
    with opened(path, "sound file") as container:
        if not container.streams.audio:
            raise UserError(f"The file {path} has no sound.", "Give a file with speech in it.")
        for packet in container.demux(container.streams.audio[0]):
            frames: list[av.AudioFrame] = []
            with suppress(InvalidDataError):
                frames = packet.decode()  # type: ignore[assignment]  # PyAV types it for any stream
            for frame in frames:
                if rate not in (0, frame.sample_rate):
                    raise UserError(
                        f"The sound of {path} changes its rate midway.", "Convert it to wav first."
                    )
                rate = frame.sample_rate
                yield Sound(_mono(frame), rate, (frame.pts or 0) * (frame.time_base or Fraction(0)))
    if not rate:
        raise UserError(f"The sound file {path} holds no sound.", "Give another file.")


def _mono(frame: av.AudioFrame) -> np.ndarray:
    x = frame.to_ndarray()
    if not frame.format.is_planar:
        x = x.reshape(-1, frame.layout.nb_channels).T
    if x.dtype.kind in "iu":
        scale = 2.0 ** (8 * x.dtype.itemsize - 1)
        x = x / scale - (x.dtype.kind == "u")
    x = x.mean(axis=0).astype(np.float32)
    if frame.time_base == Fraction(1, frame.sample_rate) and 0 < frame.duration < len(x):
        x = x[: frame.duration]  # the last frame of AAC is padded; only its duration tells how much is sound
    return x


@contextmanager
def opened(path: str | Path, what: str) -> Iterator[InputContainer]:
    path = existing_file(path, what)
    try:
        # `file:` keeps a colon in a name from being read as a protocol; the whitelist keeps a playlist
        # from reaching the network.
        options = {"protocol_whitelist": "file"}
        with av.open(f"file:{path}", container_options=options, **_TAGS) as container:
            yield container
    except FFmpegError as error:
        raise UserError(f"The {what} {path} cannot be read.", "Convert it to mp4 or wav first.") from error
