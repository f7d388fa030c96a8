"""Decodes video and sound files, of any container that FFmpeg reads, to frames with their times."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from jamflow.errors import UserError
from jamflow.media.files import existing_file
from jamflow.media.mixing import better_weights, mono
from jamflow.media.upright import Upright, hdr_name, tags_of, upright_size
from jamflow.media.view import USUAL_TAGS, PictureTags

# PyAV 18 (the last for Python 3.11) fails on tags that are not UTF-8 without this option; 19 does not need it.
_TAGS: dict[str, Any] = {"metadata_errors": "replace"} if av.__version__.startswith("18.") else {}

MAX_PIXELS = 36_000_000  # of a frame; 8K has 33 million
_BOUNDED = {"max_pixels": str(MAX_PIXELS)}  # FFmpeg makes no larger frames, which is told where it takes up a decoder
_USUAL_FPS = Fraction(25)
_MEASURED_S = 600.0  # of a recording's beginning, by which its channels are mixed


@dataclass(frozen=True)
class Sound:
    """Decoded sound: (n,) float32 mono in [-1, 1], its rate in Hz, and the time of its first sample."""

    samples: np.ndarray
    sample_rate: int
    start_s: Fraction


def read_video(path: str | Path) -> Iterator[tuple[Fraction, np.ndarray]]:
    """Yields (time in seconds, (H, W, 3) uint8 RGB with square pixels) of every frame, in constant memory.

    Raises UserError if there is no readable video.
    """
    upright, view = Upright(), None
    with opened(path, "video") as container:
        stream = picture_track(container, path)
        for frame in container.decode(stream):
            if frame.pts is None or frame.time_base is None:
                raise UserError(f"The video {path} has frames without a time.", "Convert it to mp4 first.")
            view = view or tags_of(frame, stream.sample_aspect_ratio).view
            yield frame.pts * frame.time_base, view.shown(upright(frame))


@dataclass(frozen=True)
class VideoFacts:
    """Metadata of a video file.

    Attributes:
        fps: average frame rate, exact.
        has_sound: whether it has a sound track.
        size: width and height of its frames, upright, pixels as they are stored.
        tags: of its frames, upright and in SDR.
        hdr: which kind of HDR it is; None for SDR.
    """

    fps: Fraction
    has_sound: bool
    size: tuple[int, int] = (0, 0)
    tags: PictureTags = USUAL_TAGS
    hdr: str | None = None


def video_facts(path: str | Path) -> VideoFacts:
    """Reads the metadata and the first frame. Raises UserError if there is no readable video."""
    with opened(path, "video") as container:
        stream = picture_track(container, path)
        rate = stream.average_rate or stream.guessed_rate
        fps, has_sound = Fraction(rate) if rate else _USUAL_FPS, bool(container.streams.audio)
        for frame in container.decode(stream):
            return VideoFacts(fps, has_sound, upright_size(frame), tags_of(frame, stream.sample_aspect_ratio), hdr_name(frame))
        return VideoFacts(fps, has_sound)


def has_video(path: str | Path) -> bool:
    """Whether a file has moving pictures; the cover picture of a song does not count.

    Raises UserError if nothing can be read.
    """
    with opened(path, "file") as container:
        return any(map(_moves, container.streams.video))


def refuse_without(path: str | Path, what: str, holds: Literal["sound", "picture"]) -> None:
    """Raises UserError for a file, in messages called `what`, that has no sound or no moving picture. Nothing is decoded."""
    with opened(path, what) as container:
        if holds == "picture":
            picture_track(container, path)
        elif sound_track(container) is None:
            raise UserError(f"The file {path} has no sound.", "Give a file with speech in it.")


def first_frame_s(path: str | Path) -> Fraction:
    """The time of the first frame, seconds. Raises UserError if there is none."""
    for time_s, _ in read_video(path):
        return time_s
    raise UserError(f"The video {path} has no frames.", "Give another file.")


def frame_times(path: str | Path) -> list[Fraction]:
    """The rising times of the frames that are shown, seconds, as the file tells them; nothing is decoded.

    Raises UserError if there is no readable video.
    """
    with opened(path, "video") as container:
        packets = container.demux(picture_track(container, path))
        shown = (p for p in packets if not p.is_discard)  # where a telephone trims a video, the rest of it stays in the file
        return sorted(p.pts * p.time_base for p in shown if p.pts is not None and p.time_base is not None)


def picture_track(container: InputContainer, path: str | Path) -> VideoStream:
    """The first stream of moving pictures. Raises UserError if there is none, or its frames are larger than `MAX_PIXELS`."""
    for stream in filter(_moves, container.streams.video):
        if stream.width * stream.height > MAX_PIXELS:
            raise UserError(
                f"The video {path} has frames of {stream.width} x {stream.height}, and 8K is the most.", "Make it smaller first."
            )
        stream.codec_context.options = _BOUNDED  # frames may grow later in the file
        return stream
    raise UserError(f"The file {path} has no picture.", "Give a video file.")


def _moves(stream: VideoStream) -> bool:
    return not stream.disposition & Disposition.attached_pic


def nearest_frames(times_s: list[Fraction], fps: Fraction) -> np.ndarray:
    """For every frame at constant rate `fps`, the index of the frame shown then in a video with frame times `times_s`."""
    start_s = times_s[0]
    count = max(1, round((times_s[-1] - start_s) * fps) + 1)
    wanted = np.arange(count) / float(fps)
    have = np.array([float(t - start_s) for t in times_s])
    after = np.clip(np.searchsorted(have, wanted), 1, max(1, len(have) - 1))
    before = after - 1
    after = np.minimum(after, len(have) - 1)
    return np.where(wanted - have[before] <= have[after] - wanted, before, after)


def sound_track(container: InputContainer) -> AudioStream | None:
    """The sound track that players choose: the first one marked as default, or else the first; None if none can be played."""
    tracks = [track for track in container.streams.audio if hasattr(track, "layout")]  # FFmpeg knows the codec of these
    return next((t for t in tracks if t.disposition & Disposition.default), tracks[0] if tracks else None)


def sound_language(path: str | Path) -> str | None:
    """The language of the sound (`sound_track`), as ISO 639-2 has it; None if it is not told."""
    with opened(path, "sound file") as container:
        track = sound_track(container)
        return None if track is None else told_language(track)


def told_language(track: Stream) -> str | None:
    """The language of a track; None if it is not told."""
    return None if track.language in (None, "und") else track.language


def keep_name(track: Stream, copy: Stream) -> None:
    """Gives a track's language and name to a copy of it, which players choose."""
    copy.disposition = Disposition.default
    if language := told_language(track):
        copy.metadata["language"] = language
    # Matroska calls it "title" and MP4 "name".
    if title := track.metadata.get("title") or track.metadata.get("name"):
        copy.metadata["title"] = title


def track_warnings(path: str | Path) -> list[str]:
    """Warnings if there are several sound tracks, or channels that cannot be mixed as usual.

    Raises UserError if nothing can be read.
    """
    with opened(path, "sound file") as container:
        tracks, used = container.streams.audio, sound_track(container)
        warnings = []
        if used is not None and _better_weights(used, path) is not None:
            warnings.append(f"The usual mix of the channels of {Path(path).name} would be silent; they are mixed otherwise.")
        if used is None or len(tracks) < 2:
            return warnings
        number = [t.index for t in tracks].index(used.index) + 1
        language = f" ({told_language(used)})" if told_language(used) else ""
        return [*warnings, f"{Path(path).name} has {len(tracks)} sound tracks; number {number}{language} is used, as players do."]


def read_sound(path: str | Path, max_seconds: float) -> Sound:
    """The sound of a sound or video file (`sound_track`) at its own rate, its channels mixed to one.

    Damaged packets are skipped, as players do.

    Raises:
        UserError: nothing can be decoded, or the sound is longer than ``max_seconds``; decoding stops there.
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
    """As `read_sound`, but in pieces as they are decoded, in constant memory; yields at least one."""
    held: av.AudioFrame | None = None
    with opened(path, "sound file") as container:
        track = sound_track(container)
        if track is None:
            raise UserError(f"The file {path} has no sound.", "Give a file with speech in it.")
        weights_c = _better_weights(track, path)
        for frame in _frames(container, track):
            if held is not None and held.sample_rate != frame.sample_rate:
                raise UserError(f"The sound of {path} changes its rate midway.", "Convert it to wav first.")
            if held is not None:
                yield _sound(held, mono(held, weights_c))
            held = frame
        if held is None:
            raise UserError(f"The sound file {path} holds no sound.", "Give another file.")
        wave = mono(held, weights_c)
        if held.time_base == Fraction(1, held.sample_rate) and held.duration > 0:
            wave = wave[: held.duration]  # the last AAC frame is padded; its duration tells how much of it is sound
        yield _sound(held, wave)


def _frames(container: InputContainer, track: AudioStream) -> Iterator[av.AudioFrame]:
    """Without those of damaged packets."""
    for packet in container.demux(track):
        frames: list[av.AudioFrame] = []
        with suppress(InvalidDataError):
            frames = packet.decode()  # type: ignore[assignment]  # PyAV types it for any stream
        yield from frames


def _better_weights(track: AudioStream, path: str | Path) -> np.ndarray | None:
    """`mixing.better_weights` of a file's sound; its beginning is decoded for that, once."""
    if track.layout.nb_channels < 2:
        return None
    state = Path(path).stat()
    return _measured_weights(Path(path), (state.st_ino, state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=64)
def _measured_weights(path: Path, state: tuple[int, ...]) -> np.ndarray | None:
    """`state`: of the file; if it changes, this is measured anew."""
    with opened(path, "sound file") as container:
        track = sound_track(container)
        return None if track is None else better_weights(_beginning(_frames(container, track)))


def _beginning(frames: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    seconds = 0.0
    for frame in frames:
        yield frame
        seconds += frame.samples / frame.sample_rate
        if seconds > _MEASURED_S:
            return


def _sound(frame: av.AudioFrame, wave: np.ndarray) -> Sound:
    return Sound(wave, frame.sample_rate, (frame.pts or 0) * (frame.time_base or Fraction(0)))


@contextmanager
def opened(path: str | Path, what: str) -> Iterator[InputContainer]:
    """Opens a file with FFmpeg. FFmpeg errors in the block become UserErrors, in which ``what`` names the file."""
    path, sized = existing_file(path, what), True
    try:
        # `file:` stops FFmpeg from reading a colon in the name as a protocol; the whitelist stops playlists from reaching
        # the network.
        options = {"protocol_whitelist": "file"}
        with av.open(f"file:{path}", options=_BOUNDED, container_options=options, **_TAGS) as container:
            sized = all(stream.width for stream in container.streams.video)  # frames that are too large have none here
            yield container
    except FFmpegError as error:
        hint = "Convert it to mp4 or wav first." if sized else "Convert it to mp4 first, with frames no larger than 8K."
        raise UserError(f"The {what} {path} cannot be read.", hint) from error
