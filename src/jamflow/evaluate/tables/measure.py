"""The numbers of one clip."""

from dataclasses import dataclass, field

import numpy as np

from jamflow.evaluate.lips import correlation
from jamflow.evaluate.speaker import similarity
from jamflow.evaluate.sync import at_frames, compared
from jamflow.evaluate.tables.observe import Observer, Seen, Source
from jamflow.evaluate.tables.statistics import Moments
from jamflow.evaluate.tables.trials import Trial
from jamflow.evaluate.wer import normalise, word_errors

_SEEN_SHARE = 0.5  # with a face in fewer frames, lips are not judged but count as out of step
_WINDOW, _STEP = 16, 8  # frames of motion, as FVD has them


@dataclass(frozen=True)
class Numbers:
    """What one clip came to.

    Attributes:
        values: by measure; what could not be measured is not there.
        words: in its text; the weight of its word errors in the corpus.
        heard: what was understood.
        notes: why something is not measured, or 0 by convention.
        curves: lip opening that is seen and heard, (2, T) cm, for the page.
        sides: by measure of a set, the moments of the result and of its reference.
    """

    values: dict[str, float]
    words: int = 0
    heard: str = ""
    notes: tuple[str, ...] = ()
    curves: np.ndarray | None = None
    sides: dict[str, tuple[Moments, Moments]] = field(default_factory=dict)


def measured(trial: Trial, observer: Observer, length_s: float) -> Numbers:
    """Asks the judges about one clip, whose result is so long.

    Raises:
        UserError: a file cannot be read.
    """
    values: dict[str, float] = {}
    notes: list[str] = []
    sides: dict[str, tuple[Moments, Moments]] = {}
    curves, heard, words = None, "", 0
    wanted = trial.measures
    if trial.picture is not None and trial.reference is not None:
        seen, truth = observer.seen(trial.picture), observer.seen(trial.reference)
        frames = min(len(seen.opening_t), len(truth.opening_t))
        if "sync" in wanted and trial.lips_sound is not None:
            curves = _curves(trial, seen, truth, frames, observer)
            values |= _lips(curves, seen.fps, notes)
        if "likeness" in wanted:
            if seen.likeness is None or truth.likeness is None:
                notes.append("no likeness: no face looks to the front")
            else:
                values["likeness"] = seen.likeness.to(truth.likeness)
        pictures = _held(seen.feature_td[:frames]) if trial.still else seen.feature_td[:frames]
        for name, features in (("face_distance", _faces), ("motion_distance", _motion)):
            if name in wanted:
                sides[name] = (Moments.of(features(pictures)), Moments.of(features(truth.feature_td[:frames])))
    if trial.spoken is not None:
        words = len(normalise(trial.pair.text).split())
        if "wer" in wanted and words:
            heard = observer.words(trial.spoken)
            values["wer"] = values["wer_corpus"] = word_errors([trial.pair.text], [heard]).utterance_rates[0]
        values |= _sound(trial, trial.spoken, observer, notes)
    if "per_second" in wanted and trial.pair.seconds is not None:
        values |= {"seconds": trial.pair.seconds, "per_second": trial.pair.seconds / length_s}
    return Numbers(values, words, heard, tuple(notes), curves, sides)


def _curves(trial: Trial, seen: Seen, truth: Seen, frames: int, observer: Observer) -> np.ndarray:
    """(2, T) lip opening that is seen, and that is heard at the same moments."""
    assert trial.lips_sound is not None
    opening = _held(seen.opening_t[:frames]) if trial.still else seen.opening_t[:frames]
    sound = observer.lips(trial.lips_sound)
    # It begins where the file says that it has a picture too; that of another clip begins with the picture.
    starts_s = {trial.reference: truth.start_s, trial.picture: seen.start_s}
    late_s = trial.late_s + sound.start_s - starts_s.get(trial.lips_sound, sound.start_s)
    return np.stack([opening, at_frames(sound.opening_f, sound.rate_hz, frames, seen.fps, late_s)])


def _lips(curves: np.ndarray, fps: float, notes: list[str]) -> dict[str, float]:
    """A mouth that does not move, or is hardly ever seen, is in step with nothing: it counts 0 and is not left out."""
    opening, heard = curves
    found = compared(opening, heard, fps)
    if np.isfinite(opening).mean() < _SEEN_SHARE:
        notes.append("sync is 0: a face in less than half of the frames")
    elif not np.isfinite(found.score):
        notes.append("sync is 0: the mouth does not move, or nothing is heard")
    else:
        return {
            "sync": correlation(opening, heard),
            "sync_best": found.score,
            "sync_margin": found.margin,
            "off_s": abs(found.lag_s),
        }
    return {"sync": 0.0, "sync_best": 0.0, "sync_margin": 0.0}


def _sound(trial: Trial, spoken: Source, observer: Observer, notes: list[str]) -> dict[str, float]:
    values = {}
    if "voice" in trial.measures and trial.voice is not None:
        own, wanted = observer.voice(spoken), observer.voice(trial.voice)
        if own is None or wanted is None:
            notes.append("no voice: the sound is silent")
        else:
            values["voice"] = similarity(own, wanted)
    if "dnsmos" in trial.measures:
        quality = observer.quality(spoken)
        if np.isfinite(quality):
            values["dnsmos"] = quality
        else:
            notes.append("no DNSMOS: the sound is silent")
    return values


def _held(values: np.ndarray) -> np.ndarray:
    """The first value that is known, in the place of all."""
    known = np.isfinite(values.reshape(len(values), -1)).all(1)
    return np.repeat(values[known][:1], len(values), 0) if known.any() else values


def _faces(feature_td: np.ndarray) -> np.ndarray:
    """Features of the frames with a face."""
    return feature_td[np.isfinite(feature_td).all(1)]


def _motion(feature_td: np.ndarray) -> np.ndarray:
    """(windows, D) how far each feature goes in a window of 16 frames, up and down."""
    change = np.abs(np.diff(feature_td, axis=0))
    windows = [change[at : at + _WINDOW - 1].sum(0) for at in range(0, len(change) - _WINDOW + 2, _STEP)]
    return _faces(np.array(windows).reshape(-1, feature_td.shape[1]))
