"""Is dubbed speech in time with the lips that it was given?

Every clip is dubbed with what is said in it (manifest.csv, or what Whisper hears) and, for comparison, the same text is
spoken freely (`tts`) at the speed that makes it as long as the clip. Measured are: loudness against the clip's own lip
opening; what Whisper hears against the text; and the beginnings of words against those in the clip's own sound: how far
apart they are, and how many are within 0.1 s, about where people begin to see that sound and lips part (ITU-R BT.1359). All
three sounds are aligned with the text by the model's own speech (`jamflow.alignment`); a clip in which this and Whisper
find the words of its own sound more than 0.3 s apart (median) does not count there.

Without a text: loudness against the clip's own lips and against those of all other clips. Any folder of short mp4 files
will do. Needs: pip install 'jamflow[eval]'.
"""

from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import soxr
import torch

from benchmarks.shared.clips import evenly, manifest, mp4_files
from benchmarks.shared.intervals import add_mean, means_table
from benchmarks.shared.options import ClipOptions, ModelOptions
from benchmarks.shared.report import Report, number
from jamflow.data.features import loudness
from jamflow.errors import UserError
from jamflow.evaluate.lips import best_lag, correlation, lag_profile
from jamflow.evaluate.wer import normalise, word_errors
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.footage.seen_lips import seen_lips
from jamflow.media.video_reader import read_sound
from jamflow.mel_format import MelFormat
from jamflow.pipeline import JamFlow
from jamflow.speech.level import to_model_level
from jamflow.speech.mel import LogMel
from jamflow.speech.whisper import Whisper
from jamflow.tasks.edit import own_speech
from jamflow.text.phonemes import SILENCE
from jamflow.text.words import spoken_words

FPS = 25
MEL = MelFormat()  # mini's
DOUBT_S = 0.3
NEAR_S = 0.1
SHORTEST_FRAMES = 30  # of a clip, for a correlation
Openings = dict[Path, tuple[np.ndarray, float]]


@dataclass(frozen=True, kw_only=True)
class Options(ClipOptions, ModelOptions):
    text: bool = True
    """Dub with the clips' own text too, not only without any."""
    count: int = 1000
    longest_s: float = 12.0
    """Clips over this are left out, seconds."""


def run(options: Options, report: Report) -> None:
    model = JamFlow.load(options.model)
    clips = evenly(mp4_files(options.clips), options.count)
    openings = {path: found for path in clips if (found := opening_of(path, model, options.longest_s)) is not None}
    if not openings:
        raise UserError(
            f"No clip in {options.clips} can be used.", f"Give clips of a face, no longer than {options.longest_s:g} s."
        )
    if options.text:
        with_text(openings, model, options, report)
    without_text(openings, model, options, report)


@dataclass(frozen=True)
class Spoken:
    """One sound of a clip: (T,) loudness in the video's frames, words with their beginnings, what was heard."""

    loudness_t: np.ndarray
    words: list[tuple[str, float]]
    heard: str


def frames_of(wave: np.ndarray, count: int) -> np.ndarray:
    """(count,) mean loudness of every video frame of a sound at 24 kHz."""
    level = loudness(LogMel(MEL)(torch.from_numpy(wave)).numpy())
    edges = np.minimum((np.arange(count + 1) / FPS * MEL.frame_rate_hz).astype(int), len(level))
    total = np.r_[0.0, np.cumsum(level)]
    return (total[edges[1:]] - total[edges[:-1]]) / np.maximum(np.diff(edges), 1)


class WordFinder:
    """Whisper for what is said, the model's own speech for when."""

    def __init__(self, model: JamFlow):
        self.whisper, self.log_mel = Whisper(), LogMel(MEL)
        aligner = model._model.reader.edit_support().aligner
        assert aligner is not None, "mini's text is laid out in time"
        self.aligner, self.say = aligner, own_speech(model._model)

    def spoken(self, wave: np.ndarray, count: int, text: str) -> Spoken:
        mel_fm = self.log_mel(torch.from_numpy(to_model_level(wave)))
        words = self.aligner.align(spoken_words(text, self.aligner.text.phonemizer), mel_fm, self.say)
        heard = self.whisper.transcribe(wave, MEL.sample_rate_hz)
        return Spoken(frames_of(wave, count), [(normalise(word.text), word.start_s) for word in words], heard)

    def whispered(self, wave: np.ndarray) -> list[tuple[str, float]]:
        return [(normalise(word.text), word.start_s) for word in self.whisper.words(wave, MEL.sample_rate_hz)]


def own_sound(path: Path, start_s: float, count: int) -> np.ndarray:
    """(N,) at 24 kHz from the first frame of the picture on."""
    sound = read_sound(path, 600)
    wave = soxr.resample(sound.samples, sound.sample_rate, MEL.sample_rate_hz)
    late = round((float(sound.start_s) - start_s) * MEL.sample_rate_hz)
    wave = np.pad(wave, (late, 0)) if late > 0 else wave[-late:]
    length = round(count / FPS * MEL.sample_rate_hz)
    return np.pad(wave[:length], (0, max(0, length - len(wave)))).astype(np.float32)


def word_distances_s(a: list[tuple[str, float]], b: list[tuple[str, float]]) -> list[float]:
    """How far apart the words begin that both have."""
    blocks = SequenceMatcher(None, [w for w, _ in a], [w for w, _ in b], autojunk=False).get_matching_blocks()
    return [abs(a[m.a + k][1] - b[m.b + k][1]) for m in blocks for k in range(m.size)]


def stretched(model: JamFlow, text: str, count: int, options: Options) -> np.ndarray:
    """Free speech at the speed that makes it as long as the clip, to the sample."""
    speed = 1.0
    for _ in range(4):  # timing does not depend on the solver's steps; the speed has limits, and pauses follow it less
        phones = model.tts(text, speed=min(max(speed, 0.3), 3.0), nfe=1).phones
        speed *= max(end for symbol, _, end in phones if symbol != SILENCE) * FPS / count
    wave = model.tts(text, speed=min(max(speed, 0.3), 3.0), seed=options.seed, nfe=options.nfe).speech.waveform
    length = round(count / FPS * MEL.sample_rate_hz)
    return np.pad(wave[:length], (0, max(0, length - len(wave))))


def opening_of(path: Path, model: JamFlow, longest_s: float) -> tuple[np.ndarray, float] | None:
    """Lip opening at 25 frames a second, and when the first frame is shown; None where the clip is too long or has no face."""
    try:
        footage, lips, _ = seen_lips(path, model._load_faces().tracker)
    except UserError:
        return None
    count = round(float(lips.length_s) * FPS)
    if not SHORTEST_FRAMES <= count <= longest_s * FPS:
        return None
    return lip_opening_cm(lips.points(FPS)), float(footage.times_s[0])


def with_text(openings: Openings, model: JamFlow, options: Options, report: Report) -> None:
    """Every clip with its own text: `dub`, free speech of the same length, and the clip's own sound."""
    ear = WordFinder(model)
    known = {row["file"]: row["transcript"] for row in manifest(options.clips) if row["language"] in ("en", "?", "")}
    sides: dict[str, list[Spoken]] = {"dub": [], "free tts, stretched": [], "the clip's own sound": []}
    said, profiles = [], {name: [] for name in sides}
    distances: dict[str, list[float]] = {name: [] for name in sides}
    near: dict[str, list[float]] = {name: [] for name in sides}
    clip_table = report.table("Words begin off, s (median of a clip)", {"clip": "", **dict.fromkeys(sides, ".3f")})
    for path, (opening_t, start_s) in openings.items():
        if path.name not in known:
            continue
        count = len(opening_t)
        own = own_sound(path, start_s, count)
        whispered = ear.whispered(own)
        text = known[path.name] or " ".join(word for word, _ in whispered)
        if len(normalise(text).split()) < 3:
            continue
        try:
            dubbed = model.dub(path, text, seed=options.seed, nfe=options.nfe).speech.waveform
        except UserError as error:
            report.say(f"{path.stem}: {error}")
            continue
        said.append(text)
        original = ear.spoken(own, count, text)
        sure = np.median(word_distances_s(original.words, whispered) or [np.inf]) < DOUBT_S
        waves = (dubbed, stretched(model, text, count, options), own)
        for (name, spoke), wave in zip(sides.items(), waves, strict=True):
            one = ear.spoken(wave, count, text)
            spoke.append(one)
            profiles[name].append(lag_profile(one.loudness_t, opening_t))
            apart_s = np.array(word_distances_s(one.words, original.words))
            distances[name].append(float(np.median(apart_s)) if sure else np.nan)
            near[name].append(float((apart_s <= NEAR_S).mean()) if sure else np.nan)
        clip_table.add(path.stem, *(distances[name][-1] for name in sides))
    if not said:
        report.say("No clip has a known text.")
        return
    sure = int(np.isfinite(distances["dub"]).sum())
    columns = {
        "sound": "",
        "r with the lips": ".3f",
        "best lag, frames": "+.2f",
        "r at that lag": ".3f",
        "words begin off, s": ".3f",
        "words within 0.1 s": ".0%",
        "word error rate": ".1%",
    }
    table = report.table(f"{len(said)} clips with their own text, {sure} of them with sure beginnings of words", columns)
    for name, spoke in sides.items():
        profile = np.nanmean(profiles[name], axis=0)
        lag, errors = best_lag(profile), word_errors(said, [one.heard for one in spoke])
        off_s, share = np.nanmean(distances[name]), np.nanmean(near[name])
        table.add(name, profile[len(profile) // 2], lag.frames, lag.correlation, off_s, share, errors.utterance_mean)
    means = means_table(report, "Difference of dub and free tts, with intervals over clips")
    r = [p[8] - q[8] for p, q in zip(*list(profiles.values())[:2], strict=True)]
    add_mean(means, "r with the lips", r)
    add_mean(means, "words begin off, s", np.array(distances["dub"]) - np.array(distances["free tts, stretched"]))
    add_mean(means, "words within 0.1 s, share", np.array(near["dub"]) - np.array(near["free tts, stretched"]))


def without_text(openings: Openings, model: JamFlow, options: Options, report: Report) -> None:
    """Every clip without a text: does the speech follow these lips, and not just any?"""
    heard, table = [], report.table("Without a text, clip by clip", {"clip": "", "r with its own lips": ".3f"})
    for path, (opening_t, _) in openings.items():
        wave = model.dub(path, seed=options.seed, nfe=options.nfe).speech.waveform
        heard.append(frames_of(wave, len(opening_t)))
        table.add(path.stem, correlation(heard[-1], opening_t))
    lips = [opening_t for opening_t, _ in openings.values()]
    own = np.array([correlation(a, b) for a, b in zip(heard, lips, strict=True)])
    others = np.array(
        [np.nanmean([correlation(a, np.resize(b, len(a))) for j, b in enumerate(lips) if j != i]) for i, a in enumerate(heard)]
    )
    lag = best_lag(np.nanmean([lag_profile(a, b) for a, b in zip(heard, lips, strict=True)], axis=0))
    means = means_table(report, "Without a text: loudness against lips, with intervals over clips")
    add_mean(means, "r with its own lips", own)
    add_mean(means, "r with the others' lips", others)
    add_mean(means, "r with its own minus r with the others'", own - others)
    table = report.table(f"Without a text, over all {len(own)} clips", {"measure": "", "value": ""})
    table.add("own lips fit better than the others'", number(np.mean(own > others), ".0%", "of the clips"))
    table.add("best lag with its own lips", number(lag.frames, "+.2f", "frames"))
