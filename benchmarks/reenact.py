"""Does a portrait move as the person in the driving video?

Tracked in both, clip by clip: correlation and lag of lip opening, correlation of head yaw, share of frames with a face. The
tracker sees both videos, so what it cannot see (openings under about 3 mm) lowers the correlation too. Any folder of short
mp4 files of one face will do. Needs the extra `dev`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.shared.clips import evenly, mp4_files, video_folder
from benchmarks.shared.lips import track
from benchmarks.shared.options import PORTRAIT, ClipOptions
from benchmarks.shared.report import Report, number
from jamflow.evaluate.lips import best_lag, correlation, lag_profile
from jamflow.loading.renderers import RendererName
from jamflow.media.video_reader import video_facts
from jamflow.pipeline import reenact


@dataclass(frozen=True, kw_only=True)
class Options(ClipOptions):
    portrait: Path = PORTRAIT
    renderer: RendererName = "mesh"


@dataclass(frozen=True)
class Score:
    """What one clip gave: two correlations, one of them over lags too, and the share of driving frames with a face.

    `made_s` are the seconds that it took to make `seconds` of video.
    """

    lips: float
    lag_profile: np.ndarray
    yaw: float
    found: float
    seconds: float
    made_s: float


def run(options: Options, report: Report) -> None:
    columns = {"lip opening, r": ".3f", "head yaw, r": ".3f", "face found": ".0%", "seconds": ".1f", "made in, s": ".1f"}
    table, scores = report.table("Portrait against driving person, clip by clip", {"clip": "", **columns}), []
    for path in evenly(mp4_files(options.clips), options.count):
        with video_folder(report.folder, keep=False) as folder:
            score = measure(path, options, folder)
        scores.append(score)
        table.add(path.stem, score.lips, score.yaw, score.found, score.seconds, score.made_s)
    lips, yaw = (np.nanmedian([getattr(score, name) for score in scores]) for name in ("lips", "yaw"))
    lag = best_lag(np.nanmean([score.lag_profile for score in scores], axis=0))
    table = report.table(f"Over all {len(scores)} clips", {"measure": "", "value": ""})
    table.add("lip opening, r, median", number(lips, ".3f"))
    table.add("lip opening, best lag", number(lag.frames, "+.2f", "frames"))
    table.add("head yaw, r, median", number(yaw, ".3f"))


def measure(clip: Path, options: Options, folder: Path) -> Score:
    made = reenact(options.portrait, clip, renderer=options.renderer, frame="head").save(folder / "out.mp4")
    driving, shown = (track(path, video_facts(path).fps) for path in (clip, folder / "out.mp4"))
    return Score(
        correlation(shown.opening_t, driving.opening_t),
        lag_profile(shown.opening_t, driving.opening_t),
        correlation(shown.motion.rotation_t3[:, 1], driving.motion.rotation_t3[:, 1]),
        float(driving.found_t.mean()),
        made["seconds"],
        sum(made["timings"].values()),
    )
