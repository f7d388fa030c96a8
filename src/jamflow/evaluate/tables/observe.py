"""What a file shows and says, each part judged once and kept: lips, face, words, quality, voice.

Shapes: T frames, F mel frames, D features of a face (64), N samples.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import soxr
import torch

from jamflow.evaluate.tables.copies import draw_again, encode_again, through_vocoder
from jamflow.evaluate.tables.judges import FEATURES, Judges
from jamflow.evaluate.tables.kept import Arrays, Kept
from jamflow.face.follow import Follower
from jamflow.face.likeness import Likeness
from jamflow.face.measure import track_motion
from jamflow.face.tracker import Face
from jamflow.media.video_reader import first_frame_s, read_sound, read_video, video_facts
from jamflow.speech.level import to_model_level
from jamflow.speech.waveform import MAX_SECONDS, SILENCE_PEAK

_LOOK_EVERY = 5  # frames from one look at the person to the next
Made = Literal["", "encoded again", "drawn again", "through mini's vocoder"]


@dataclass(frozen=True)
class Source:
    """A file by its content, and what is done to it before it is judged."""

    path: Path
    sha256: str
    made: Made = ""

    @property
    def name(self) -> str:
        """Of what is kept about it."""
        return "-".join([self.sha256[:32], *self.made.replace("'", "").split()])


@dataclass(frozen=True)
class Seen:
    """A face in a video.

    Attributes:
        fps: frames a second.
        start_s: time of the first frame in the file.
        opening_t: (T,) lip opening in cm; NaN where no face was found.
        feature_td: (T, D) what the face network sees; NaN rows where no face was found.
        likeness: None if no face was found that looks to the front.
    """

    fps: float
    start_s: float
    opening_t: np.ndarray
    feature_td: np.ndarray
    likeness: Likeness | None


@dataclass(frozen=True)
class HeardLips:
    """(F,) the lip opening in cm that is heard, `rate_hz` a second, from `start_s` on in the file."""

    opening_f: np.ndarray
    rate_hz: float
    start_s: float


class Observer:
    """Asks the judges, unless it is known what they say. A context manager, for the copies that it makes."""

    def __init__(self, judges: Judges, kept: Kept):
        self._judges, self._kept = judges, kept
        self._wave = lru_cache(maxsize=1)(self._decoded)

    def __enter__(self) -> "Observer":
        self._folder = tempfile.TemporaryDirectory()
        self._copy: Source | None = None
        return self

    def __exit__(self, *error: object) -> None:
        self._folder.cleanup()

    def seen(self, source: Source) -> Seen:
        """Raises UserError if the video cannot be read."""
        part = self._kept.take(f"{source.name}-seen-1", lambda: self._see(source))
        means = (part["shape"], part["edges"], part["colours"])
        likeness = Likeness.of_means(self._judges.canonical, means) if part["shape"].size else None
        return Seen(float(part["fps"]), float(part["start_s"]), part["opening"], part["features"], likeness)

    def lips(self, source: Source) -> HeardLips:
        """Raises UserError if the sound cannot be read."""
        name = f"{source.name}-lips-{self._judges.recogniser_name}"
        part = self._kept.take(name, lambda: self._hear_lips(source))
        return HeardLips(part["opening"], float(part["rate_hz"]), float(part["start_s"]))

    def words(self, source: Source) -> str:
        """What Whisper hears; nothing in silence."""
        part = self._kept.take(
            f"{source.name}-words-base", self._of_wave(source, lambda wave, hz: self._judges.whisper.transcribe(wave, hz))
        )
        return str(part["value"])

    def quality(self, source: Source) -> float:
        """DNSMOS; NaN for silence."""
        part = self._kept.take(
            f"{source.name}-dnsmos", self._of_wave(source, lambda wave, hz: self._judges.dnsmos.overall(wave, hz))
        )
        return float(part["value"]) if part["value"].dtype.kind == "f" else float("nan")

    def voice(self, source: Source) -> np.ndarray | None:
        """(256,) embedding; None for silence."""
        part = self._kept.take(
            f"{source.name}-voice", self._of_wave(source, lambda wave, hz: self._judges.voices.embed(wave, hz))
        )
        return part["value"] if part["value"].dtype.kind == "f" else None

    def _of_wave(self, source: Source, judge: Callable[[np.ndarray, int], object]) -> Callable[[], Arrays]:
        """What a judge says of the sound, or an empty text for silence, which none can judge."""

        def make() -> Arrays:
            wave, rate_hz, _ = self._wave(source)
            silent = float(np.abs(wave - wave.mean()).max()) < SILENCE_PEAK
            return {"value": np.asarray("" if silent else judge(wave, rate_hz))}

        return make

    def _decoded(self, source: Source) -> tuple[np.ndarray, int, float]:
        """(N,) samples, their rate in Hz, and when they begin."""
        with self._file(source) as path:
            sound = read_sound(path, MAX_SECONDS)
        return sound.samples, sound.sample_rate, float(sound.start_s)

    def _hear_lips(self, source: Source) -> Arrays:
        wave, rate_hz, start_s = self._wave(source)
        log_mel, recogniser = self._judges.log_mel, self._judges.recogniser
        wave = soxr.resample(wave, rate_hz, log_mel.format.sample_rate_hz, quality="HQ")
        with torch.inference_mode():
            opening = recogniser.opening_cm(log_mel(torch.from_numpy(to_model_level(wave)))).numpy()
        return {"opening": opening, "rate_hz": np.array(recogniser.config.frame_rate_hz), "start_s": np.array(start_s)}

    def _see(self, source: Source) -> Arrays:
        with self._file(source) as path:
            fps, start_s = video_facts(path).fps, first_frame_s(path)
            look = _Look(self._judges)
            tracked = track_motion(
                (rgb for _, rgb in read_video(path)), Fraction(fps), follow=look, canonical=self._judges.canonical
            )
        nothing = (np.empty(0),) * 3
        shape, edges, colours = look.likeness.means() if len(look.likeness) else nothing
        return {
            "fps": np.array(float(fps)),
            "start_s": np.array(float(start_s)),
            "opening": tracked.opening_t,
            "features": np.stack(look.features).astype(np.float32),
            "shape": shape,
            "edges": edges,
            "colours": colours,
        }

    @contextmanager
    def _file(self, source: Source) -> Iterator[Path]:
        """The file itself, or the copy that is asked for; one copy is there at a time."""
        if not source.made:
            yield source.path
            return
        path = Path(self._folder.name, "copy.wav" if source.made == "through mini's vocoder" else "copy.mp4")
        if self._copy != source:
            if source.made == "encoded again":
                encode_again(source.path, path)
            elif source.made == "drawn again":
                draw_again(source.path, path, self._judges.tracker)
            else:
                through_vocoder(source.path, path, self._judges.vocoder, self._judges.log_mel)
            self._copy = source
        yield path


class _Look:
    """Follows the largest face and notes, frame by frame, what it looks like."""

    def __init__(self, judges: Judges):
        self._follow = Follower(judges.tracker)
        self._judges = judges
        self.likeness = Likeness(judges.canonical)
        self.features: list[np.ndarray] = []

    def __call__(self, rgb: np.ndarray) -> Face | None:
        face = self._follow(rgb)
        if face is not None and len(self.features) % _LOOK_EVERY == 0:
            self.likeness.add(rgb, face)
        self.features.append(np.full(FEATURES, np.nan) if face is None else self._judges.features(rgb, face))
        return face
