"""Do the lips of `animate` move with the speech as a person's do? python benchmarks/lip_sync.py CLIPS_FOLDER

Correlation of lip opening with that of the person who was filmed speech_plan it (tracked), lag of the best fit (positive: the
portrait is late), how much the opening moves, and distance of the mouth's key points, beside three controls: the person's own
motion on the same portrait (the most that renderer and tracker let through), the same model fed another clip's sound (half the
list away: neighbours are of one corpus, and GRID's sentences all have one rhythm), and the portrait that does not move, where
only the tracker's noise is left. Everything is tracked in the video; "motion" is what the model made, before it was drawn. One
clip a person; those that the folder's manifest.csv calls out of time (speaking_score under
1, or 3 frames and more off with confidence over 3) are left out.
"""

import csv
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import tyro

from jamflow.evaluate.interval import bootstrap_interval
from jamflow.evaluate.lips import best_lag, correlation, lag_profile
from jamflow.face.measure import TrackedMotion, track_motion
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.media.image import read_image
from jamflow.media.video_reader import read_sound, read_video, video_facts
from jamflow.media.video_writer import VideoWriter
from jamflow.pipeline import JamFlow
from jamflow.tasks.reenact import reenact
from jamflow.weights.shipped import asset

FPS = Fraction(25)
MOUTH = slice(0, 6)
SIDES = ("own sound", "own sound, motion", "real motion", "wrong sound", "still")


@dataclass(frozen=True)
class Options:
    """clips: a folder of mp4 files at 25 frames a second; `count` of them are taken evenly, none under `least_s` seconds."""

    clips: tyro.conf.Positional[Path]
    portrait: Path = asset("portraits/astronaut.png")  # noqa: RUF009
    model: str = "mini"
    nfe: int | None = None
    seed: int = 0
    count: int = 24
    least_s: float = 2.5


@dataclass(frozen=True)
class Curve:
    """Over (T,) frames: lip opening in cm, and (T, 6, 3) the mouth's key points in head cm, None where they are not tracked."""

    opening_t: np.ndarray
    mouth_tk3: np.ndarray | None


@dataclass(frozen=True)
class Score:
    """One side against the person: correlation, its profile over lags, mean distance of the mouth's key points.

    spread_mm is the standard deviation of the side's own opening.
    """

    r: float
    profile: np.ndarray
    spread_mm: float
    distance_mm: float


def usable(folder: Path, least_s: float) -> list[Path]:
    """Clips that are in time with their sound, the first of every person."""
    paths = {path.name: path for path in sorted(folder.glob("*.mp4"))}
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        return list(paths.values())
    chosen: dict[str, Path] = {}
    with manifest.open(newline="") as file:
        for row in csv.DictReader(file):
            off = abs(float(row["av_offset_frames"] or 0)) >= 3 and float(row["av_offset_confidence"] or 0) > 3
            speaking = float(row["speaking_score"] or 0) >= 1
            if row["file"] in paths and speaking and not off and float(row["duration_s"]) >= least_s:
                chosen.setdefault(row["person"], paths[row["file"]])
    return list(chosen.values())


def score(side: Curve, person: Curve) -> Score:
    """Over the frames that both have."""
    n = min(len(side.opening_t), len(person.opening_t))
    a, b = side.opening_t[:n], person.opening_t[:n]
    distance_mm = np.nan
    if side.mouth_tk3 is not None and person.mouth_tk3 is not None:
        # From each one's own mean: faces differ in more than in what they say.
        one, two = (x[:n] - np.nanmean(x[:n], axis=0) for x in (side.mouth_tk3, person.mouth_tk3))
        distance_mm = float(np.nanmean(np.linalg.norm(one - two, axis=-1)) * 10)
    return Score(correlation(a, b), lag_profile(a, b), float(np.nanstd(a) * 10), distance_mm)


def measure(clip: Path, other: Path, model: JamFlow, options: Options, folder: Path) -> dict[str, Score]:
    """Scores of every side for one clip; `other` has the wrong sound."""
    person = curve(track(clip), float(read_sound(clip, 60).start_s))
    out = folder / "out.mp4"
    sides: dict[str, Curve] = {}
    for name, sound in (("own sound", clip), ("wrong sound", other)):
        result = model.animate(options.portrait, sound, seed=options.seed, nfe=options.nfe)
        if name == "own sound" and (motion := result.motion) is not None:
            sides["own sound, motion"] = Curve(lip_opening_cm(motion.expression_tk3), None)
        result.save(out)
        sides[name] = curve(track(out))
    reenact(options.portrait, clip).save(out)
    sides["real motion"] = curve(track(out), float(read_sound(clip, 60).start_s))
    rgb = read_image(options.portrait)
    rgb = rgb[: len(rgb) // 2 * 2, : rgb.shape[1] // 2 * 2]
    with VideoWriter(out, rgb.shape[1], rgb.shape[0], FPS) as video:
        for _ in person.opening_t:
            video.write_frame(rgb)
    sides["still"] = curve(track(out))
    return {name: score(sides[name], person) for name in SIDES}


def track(path: Path) -> TrackedMotion:
    return track_motion((rgb for _, rgb in read_video(path)), FPS)


def curve(tracked: TrackedMotion, from_s: float = 0.0) -> Curve:
    """From the second on with which the sound begins."""
    first = max(0, round(from_s * float(FPS)))
    return Curve(tracked.opening_t[first:], tracked.keypoints_tk3[first:, MOUTH])


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    paths = [p for p in usable(options.clips, options.least_s) if video_facts(p).fps == FPS]
    paths = paths[:: max(1, len(paths) // options.count)][: options.count]
    model = JamFlow.load(options.model)
    rows: list[dict[str, Score]] = []
    print(f"| clip | {' | '.join(SIDES)} |\n|---|{'---|' * len(SIDES)}")
    for k, path in enumerate(paths):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(path, paths[(k + len(paths) // 2) % len(paths)], model, options, Path(folder)))
        print(f"| {path.stem} | {' | '.join(f'{rows[-1][side].r:.3f}' for side in SIDES)} |", flush=True)
    summarise(rows, SIDES)


def summarise(rows: list[dict[str, Score]], sides: Sequence[str]) -> None:
    """Prints the table over all clips."""
    head = ("over all clips", "r, mean", "r, median", "best lag, frames", "r there", "opening's spread, mm", "mouth distance, mm")
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for side in sides:
        scores = [row[side] for row in rows]
        r = np.array([one.r for one in scores])
        lag = best_lag(np.nanmean([one.profile for one in scores], axis=0))
        spread, distance = (np.mean([getattr(one, name) for one in scores]) for name in ("spread_mm", "distance_mm"))
        numbers = (
            f"{np.nanmean(r):.3f}",
            f"{np.nanmedian(r):.3f}",
            f"{lag.frames:+.2f}",
            f"{lag.correlation:.3f}",
            f"{spread:.2f}",
            f"{distance:.2f}",
        )
        print(f"| {side} | {' | '.join(numbers)} |")
    gain = np.array([row["own sound"].r - row["wrong sound"].r for row in rows])
    low, high = bootstrap_interval(gain[np.isfinite(gain)])
    print(f"\nOwn minus wrong sound: {np.nanmean(gain):.3f}, 95 % interval over {len(rows)} clips {low:.3f} to {high:.3f}")


if __name__ == "__main__":
    main()
