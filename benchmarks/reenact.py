"""Does the portrait move as the driving video? Tracked in both, clip by clip: python benchmarks/reenact.py CLIPS_FOLDER

Correlation and lag of lip opening, correlation of head yaw, share of frames with a face. The tracker sees both videos, so
what it cannot see (openings under about 3 mm) lowers the correlation too.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from jamflow.evaluate.lips import best_lag, correlation, lag_profile
from jamflow.face.measure import TrackedMotion, track_motion
from jamflow.media.video_reader import read_video, video_facts
from jamflow.tasks.reenact import RendererName, reenact
from jamflow.weights.shipped import asset


@dataclass(frozen=True)
class Options:
    """clips: a folder of mp4 files, of which `count` are taken evenly."""

    clips: tyro.conf.Positional[Path]
    portrait: Path = asset("portraits/astronaut.png")  # noqa: RUF009
    renderer: RendererName = "mesh"
    count: int = 12


@dataclass(frozen=True)
class Row:
    """What one clip gave."""

    lips: float
    lag_profile: np.ndarray
    yaw: float
    found: float
    seconds: float
    made_s: float


def measure(clip: Path, options: Options, folder: Path) -> Row:
    result = reenact(options.portrait, clip, renderer=options.renderer)
    made = result.save(folder / "out.mp4")
    driving, shown = _track(clip), _track(folder / "out.mp4")
    return Row(
        correlation(shown.opening_t, driving.opening_t),
        lag_profile(shown.opening_t, driving.opening_t),
        correlation(shown.motion.rotation_t3[:, 1], driving.motion.rotation_t3[:, 1]),
        float(driving.found_t.mean()),
        made["seconds"],
        sum(made["timings"].values()),
    )


def _track(path: Path) -> TrackedMotion:
    return track_motion((rgb for _, rgb in read_video(path)), video_facts(path).fps)


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    paths = sorted(options.clips.glob("*.mp4"))
    paths = paths[:: max(1, len(paths) // options.count)][: options.count]
    rows = []
    print("| clip | lip opening, r | head yaw, r | face found | seconds | made in, s |\n|---|---|---|---|---|---|")
    for path in paths:
        with tempfile.TemporaryDirectory() as folder:
            row = measure(path, options, Path(folder))
        rows.append(row)
        print(
            f"| {path.stem} | {row.lips:.3f} | {row.yaw:.3f} | {row.found:.0%} | {row.seconds:.1f} | {row.made_s:.1f} |",
            flush=True,
        )
    lag = best_lag(np.nanmean([row.lag_profile for row in rows], axis=0))
    lips, yaw = (np.nanmedian([getattr(row, name) for row in rows]) for name in ("lips", "yaw"))
    print(f"| **median** | {lips:.3f} | {yaw:.3f} | | | |\n\nBest lag of all clips: {lag.frames:+.2f} frames")


if __name__ == "__main__":
    main()
