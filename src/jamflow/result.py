"""What a call gives back: speech, motion and picture, as a stream or whole.

Nothing is computed before it is asked for; `pieces`, `frames` and `save` work through text of any length in
constant memory.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from jamflow.errors import UserError
from jamflow.face.motion import Motion, Transfer, joined
from jamflow.face.renderer import Picture
from jamflow.media.files import SOUND_SUFFIXES, refuse_overwriting
from jamflow.media.view import USUAL_TAGS, PictureTags

if TYPE_CHECKING:
    from jamflow.media.video_writer import VideoWriter

Phones = list[tuple[str, float, float]]


@dataclass(frozen=True)
class Speech:
    """waveform: (N,) float32 in [-1, 1]; sample_rate in Hz."""

    waveform: np.ndarray
    sample_rate: int


@dataclass(frozen=True)
class Piece:
    """A stretch of the result.

    speech: (N,) samples, none where the result's sound is passed on. phones: (symbol, start s, end s) from the start of
    the piece.
    """

    speech: np.ndarray
    motion: Motion | None
    phones: Phones


@dataclass(frozen=True)
class Passed:
    """Sound that goes from a file into the result as it is: that of the video `path`, from `start_s` on."""

    path: Path
    start_s: Fraction


@dataclass(frozen=True)
class Copied:
    """A picture that goes from a file into the result as it is: that of `path`, from the frame shown at `start_s` on.

    frames: how many. size: width and height in pixels. fps: frames per second.
    """

    path: Path
    start_s: Fraction
    frames: int
    size: tuple[int, int]
    fps: Fraction


@dataclass(frozen=True)
class Look:
    """What is seen: a prepared portrait or video, how it takes over the motion, and how its frames are to be shown."""

    picture: Picture
    transfer: Transfer = field(default_factory=Transfer)
    tags: PictureTags = USUAL_TAGS


@dataclass
class Timings:
    """Seconds per stage; stages of different threads may overlap."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


class Result:
    """A talking portrait (or speech alone) in the making.

    `make` makes its pieces; `expected_s` guesses their length; `sound` is a sample rate for speech that is in the pieces,
    sound of a file, or None for silence; `settings` go into the report.

    Attributes:
        warnings: what the user should know.
        timings: seconds per stage so far.
        inputs: files that it is made of, and that it does not overwrite.
    """

    def __init__(
        self,
        make: Callable[[Timings], Iterator[Piece]],
        expected_s: Callable[[], float],
        sound: int | Passed | None,
        fps: Fraction,
        look: Look | None,
        warnings: list[str],
        settings: dict[str, Any],
        timings: Timings,
        copied: Copied | None = None,
        language: str | None = None,
    ):
        self._make = make
        self._expected_s = expected_s
        self._sound = sound
        self._fps = fps
        self._look = look
        self._settings = settings
        self._timings = timings
        self._kept: list[Piece] | None = None
        self._copied = copied
        self._language = language
        self.warnings = warnings
        self.inputs: Sequence[Path] = ()

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the frames in pixels; None where there is no picture."""
        if self._copied is not None:
            return self._copied.size
        return None if self._look is None else self._look.picture.size

    @property
    def fps(self) -> Fraction | None:
        """Frames per second, on average where they are uneven; None where there is no picture."""
        if self._copied is not None:
            return self._copied.fps
        times_s = None if self._look is None else self._look.picture.times_s
        if times_s is not None:
            return (len(times_s) - 1) / (times_s[-1] - times_s[0])
        return None if self._look is None else self._fps

    @property
    def length_s(self) -> float:
        """How long it is, in seconds; known before it is made, to within a frame or a cross-fade."""
        return self._expected_s()

    @property
    def timings(self) -> dict[str, float]:
        return {k: round(v, 3) for k, v in self._timings.seconds.items()}

    def pieces(self) -> Iterator[Piece]:
        """Speech and motion, sentence by sentence; made anew at every call unless `speech` or `motion` kept them."""
        yield from self._make(self._timings) if self._kept is None else self._kept

    @property
    def speech(self) -> Speech:
        """All of the speech that was made.

        Raises:
            UserError: none was: the sound is another file's, or there is none.
        """
        if not isinstance(self._sound, int):
            raise UserError("No speech was made here.", "The sound is that of the file that was given, if it has any.")
        return Speech(np.concatenate([p.speech for p in self._keep()]), self._sound)

    @property
    def motion(self) -> Motion | None:
        """All of the motion, None where there is no portrait."""
        parts = [p.motion for p in self._keep() if p.motion is not None]
        return joined(parts) if parts else None

    @property
    def phones(self) -> Phones:
        """The timing of the phonemes that the speech was made with."""
        out, start_s, rate = [], 0.0, self.speech.sample_rate
        for piece in self._keep():
            out += [(symbol, start_s + a, start_s + b) for symbol, a, b in piece.phones]
            start_s += len(piece.speech) / rate
        return out

    def frames(self) -> Iterator[np.ndarray]:
        """(H, W, 3) uint8 RGB, one by one."""
        first = 0
        for piece in self.pieces():
            for batch in self._render(piece, first):
                first += len(batch)
                yield from batch.cpu().numpy()

    def save(self, path: str | Path, progress: Callable[[float, float], None] | None = None) -> dict[str, Any]:
        """Write .mp4 (.mkv too, where the picture of a video is copied), or its speech as .wav, .mp3, .flac or .opus.

        Returns what was made: file, seconds, fps, frames, sample rate, settings, timings, warnings.

        progress is called with the seconds done and the seconds expected.

        Raises:
            UserError: the file cannot be written, or is one that was given.
        """
        path = Path(path)
        refuse_overwriting(path, self.inputs)
        if path.suffix.lower() in SOUND_SUFFIXES:
            seconds, frames = self._save_sound(path, progress)
        elif self._copied is not None:
            seconds, frames = self._save_copy(path, self._copied, progress)
        elif self._look is None:
            raise UserError(f"{path.name} would be a video, and there is no portrait.", "Save speech as .wav.")
        else:
            seconds, frames = self._save_video(path, progress)
        return {
            "file": str(path),
            "seconds": round(seconds, 3),
            "fps": float(self.fps) if frames and self.fps else None,
            "frames": frames,
            "sample_rate": self._sound if isinstance(self._sound, int) else None,
            **self._settings,
            "timings": self.timings,
            "warnings": self.warnings,
        }

    def save_motion(self, path: str | Path) -> None:
        """Write all of the motion as a motion template.

        Raises:
            UserError: there is none, or the file cannot be written.
        """
        from jamflow.face.template import write_template

        refuse_overwriting(path, self.inputs)
        motion = self.motion
        if motion is None or self._look is None:
            raise UserError("There is no motion to save.", "Make a video.")
        write_template(path, motion, self._look.picture.space)

    def _save_sound(self, path: Path, progress: Callable[[float, float], None] | None) -> tuple[float, int]:
        from jamflow.speech.waveform import sound_writer

        if not isinstance(self._sound, int):
            raise UserError(f"{path.name} would be a sound file, and no speech was made.", "Save the video as .mp4.")
        with sound_writer(path, self._sound) as writer:
            return self._write_speech(writer.write, self._sound, progress), 0

    def _save_copy(self, path: Path, copied: Copied, progress: Callable[[float, float], None] | None) -> tuple[float, int]:
        from jamflow.media.video_copy import VideoCopy

        assert isinstance(self._sound, int), "a picture is copied for new sound"
        with VideoCopy(path, copied.path, copied.start_s, self._sound) as writer:
            return self._write_speech(writer.write_audio, self._sound, progress), copied.frames

    def _write_speech(
        self, write: Callable[[np.ndarray], None], rate: int, progress: Callable[[float, float], None] | None
    ) -> float:
        """All pieces' sound; returns the seconds."""
        expected_s, done = self._expected_s(), 0
        for piece in self.pieces():
            write(piece.speech)
            done += len(piece.speech)
            if progress:
                progress(done / rate, expected_s)
        return done / rate

    def _save_video(self, path: Path, progress: Callable[[float, float], None] | None) -> tuple[float, int]:
        from jamflow.media.passed_sound import PassedSound
        from jamflow.media.video_writer import VideoWriter

        assert self._look is not None
        sample_rate = self._sound if isinstance(self._sound, int) else None
        passed = PassedSound(self._sound.path, self._sound.start_s) if isinstance(self._sound, Passed) else None
        expected_s, samples, frames = self._expected_s(), 0, 0

        def seconds(frames: int) -> float:
            return frames / float(self._fps) if times_s is None else float(times_s[frames])

        times_s = self._look.picture.times_s
        quality = "drawn" if times_s is None else "filmed"
        tags = self._look.tags, self._language
        with VideoWriter(path, *self._look.picture.size, self._fps, sample_rate, passed, times_s, quality, *tags) as writer:
            for piece in self.pieces():
                if sample_rate is not None:
                    writer.write_audio(piece.speech)
                    samples += len(piece.speech)
                for batch in self._render(piece, frames):
                    with self._timings("encode"):
                        _write(writer, batch)
                    frames += len(batch)
                    if progress:
                        progress(seconds(frames), expected_s)
        return (samples / sample_rate if sample_rate else seconds(frames)), frames

    def _render(self, piece: Piece, first: int) -> Iterator[Tensor]:
        """Batches of frames in order, `first` being the number of the first one."""
        if self._look is None or piece.motion is None:
            return
        batches = self._look.picture.draw(piece.motion, self._look.transfer, first)
        while True:
            with self._timings("render"):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def _keep(self) -> list[Piece]:
        if self._kept is None:
            self._kept = list(self._make(self._timings))
        return self._kept


def _write(writer: "VideoWriter", batch: Tensor) -> None:
    """From a GPU the frames come as they are encoded, which is half as many bytes."""
    if batch.device.type == "cpu":
        for frame in batch.numpy():
            writer.write_frame(frame)
    else:
        from jamflow.media.colour import to_yuv420p

        writer.write_planes(to_yuv420p(batch).cpu().numpy())
