"""Lips that are seen in a video, against those of the person who was filmed saying the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.shared.clips import FPS
from benchmarks.shared.intervals import add_mean, means_table
from benchmarks.shared.report import Report
from jamflow.evaluate.lips import best_lag, correlation, lag_profile
from jamflow.face.measure import TrackedMotion, track_motion
from jamflow.media.video_reader import read_sound, read_video

MOUTH = slice(0, 6)  # the mouth's key points among the 21


@dataclass(frozen=True)
class LipCurve:
    """Over (T,) frames: lip opening in cm, and (T, 6, 3) the mouth's key points in head cm, None where they are not tracked."""

    opening_t: np.ndarray
    mouth_tk3: np.ndarray | None


@dataclass(frozen=True)
class LipScore:
    """One mouth against the person's.

    Attributes:
        r: correlation of lip opening.
        profile: the same over lags of -8 to 8 frames.
        spread_mm: standard deviation of this mouth's own opening.
        distance_mm: mean distance of the mouth's key points, each from its own mean, because faces differ in more than
            in what they say; NaN where they are not tracked.
    """

    r: float
    profile: np.ndarray
    spread_mm: float
    distance_mm: float


def track(path: Path, fps: Fraction = FPS) -> TrackedMotion:
    """The face of a video, frame by frame."""
    return track_motion((rgb for _, rgb in read_video(path)), fps)


def sound_start_s(path: Path) -> float:
    """At which second of a video its sound begins."""
    return float(read_sound(path, 60).start_s)


def lip_curve(tracked: TrackedMotion, from_s: float = 0.0) -> LipCurve:
    """From second `from_s` on."""
    first = max(0, round(from_s * float(FPS)))
    return LipCurve(tracked.opening_t[first:], tracked.keypoints_tk3[first:, MOUTH])


def compare(mouth: LipCurve, person: LipCurve) -> LipScore:
    """Over the frames that both have."""
    n = min(len(mouth.opening_t), len(person.opening_t))
    a, b = mouth.opening_t[:n], person.opening_t[:n]
    distance_mm = np.nan
    if mouth.mouth_tk3 is not None and person.mouth_tk3 is not None:
        one, two = (x[:n] - np.nanmean(x[:n], axis=0) for x in (mouth.mouth_tk3, person.mouth_tk3))
        distance_mm = float(np.nanmean(np.linalg.norm(one - two, axis=-1)) * 10)
    return LipScore(correlation(a, b), lag_profile(a, b), float(np.nanstd(a) * 10), distance_mm)


def report_lips(report: Report, clips: Sequence[dict[str, LipScore]], sides: Sequence[str]) -> None:
    """The table over all clips, and how much more the own sound tells than another clip's."""
    columns = {
        "mouth": "",
        "r, mean": ".3f",
        "r, median": ".3f",
        "best lag, frames": "+.2f",
        "r at that lag": ".3f",
        "spread of the opening, mm": ".2f",
        "mouth distance, mm": ".2f",
    }
    table = report.table(f"Over all {len(clips)} clips", columns)
    for side in sides:
        scores = [clip[side] for clip in clips]
        r = np.array([score.r for score in scores])
        lag = best_lag(np.nanmean([score.profile for score in scores], axis=0))
        spread, distance = (np.mean([getattr(score, name) for score in scores]) for name in ("spread_mm", "distance_mm"))
        table.add(side, np.nanmean(r), np.nanmedian(r), lag.frames, lag.correlation, spread, distance)
    means = means_table(report, "Difference, with intervals over clips")
    add_mean(means, "r, own sound minus wrong sound", [clip["own sound"].r - clip["wrong sound"].r for clip in clips])
