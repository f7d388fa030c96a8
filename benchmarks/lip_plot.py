"""A picture of filmed lips over time, beside what `animate` makes of the same sound.

One panel for each clip: the opening that was tracked in the video, that of the generated motion, and their correlation. The model
gets the sound alone. Needs the extras `dev` and `train`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from benchmarks.shared.clips import FPS
from benchmarks.shared.lips import sound_start_s, track
from benchmarks.shared.options import PORTRAIT, ModelOptions
from benchmarks.shared.report import Report
from jamflow.evaluate.lips import best_lag, correlation, lag_profile
from jamflow.extras import import_extra
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.media.files import replacing
from jamflow.pipeline import JamFlow


@dataclass(frozen=True, kw_only=True)
class Options(ModelOptions):
    videos: tyro.conf.Positional[tuple[Path, ...]]
    """Clips of one face each, 25 frames a second."""
    picture: Path
    """The PNG that is written."""


def run(options: Options, report: Report) -> None:
    figures = import_extra("matplotlib.figure")
    model = JamFlow.load(options.model)
    figure = figures.Figure(figsize=(12, 2.6 * len(options.videos)), layout="constrained")
    table = report.table("Lips against sound", {"clip": "", "r": ".3f", "best lag, frames": "+.2f"})
    axes = np.ravel(figure.subplots(len(options.videos), 1, squeeze=False))
    for axis, clip in zip(axes, options.videos, strict=True):
        filmed_t = track(clip).opening_t[round(sound_start_s(clip) * float(FPS)) :]
        motion = model.animate(PORTRAIT, clip, seed=options.seed, nfe=options.nfe).motion
        assert motion is not None, "animate generates motion"
        made_t = lip_opening_cm(motion.expression_tk3)
        r = correlation(made_t, filmed_t)
        table.add(clip.stem, r, best_lag(lag_profile(made_t, filmed_t)).frames)
        axis.plot(np.arange(len(filmed_t)) / float(FPS), filmed_t, "k", label="filmed")
        axis.plot(np.arange(len(made_t)) / float(FPS), made_t, "C1", label="animate")
        axis.set(title=f"{clip.stem}, r {r:.2f}", ylabel="lip opening, cm")
        axis.legend(loc="upper right")
    axes[-1].set_xlabel("seconds")
    with replacing(options.picture) as temporary:
        figure.savefig(temporary, format="png", dpi=80)
