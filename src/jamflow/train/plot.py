"""The curves of one or more runs as a picture: python -m jamflow.train.plot RUN... -o PICTURE.png

One panel for each number in `progress.jsonl`; a number of several kinds of rows is one panel with a line for each kind. Runs that
follow one another, such as the stages of a training, are drawn one behind the other.
"""

import argparse
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jamflow.errors import UserError
from jamflow.extras import import_extra
from jamflow.train.log import read_progress
from jamflow.train.regimes import KINDS

_COLUMNS = 3
_NOT_DRAWN = ("step", "minutes")


def curves(runs: Sequence[Path]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """Panels, in alphabetical order, and their lines: (step, value) by name. Steps go on from run to run.

    Raises:
        UserError: a run has no progress.
    """
    panels: dict[str, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    done = 0
    for run in runs:
        file = run / "progress.jsonl"
        rows = read_progress(file) if file.is_file() else []
        if not rows:
            raise UserError(f"There is no progress in {run}.", "Give the folder of a training that has begun.")
        for row in rows:
            for name, value in row.items():
                panel, line = _place(name)
                if name not in _NOT_DRAWN:
                    panels[panel][line].append((done + row["step"], value))
        done += rows[-1]["step"]
    return {name: dict(sorted(panels[name].items())) for name in sorted(panels)}


def draw(runs: Sequence[Path], picture: Path) -> None:
    """Draw the curves of runs. Needs the extra `train`.

    Raises:
        UserError: a run has no progress, or matplotlib is missing.
    """
    panels = curves(runs)
    matplotlib: Any = import_extra("matplotlib", "train")
    matplotlib.use("Agg")
    plt: Any = import_extra("matplotlib.pyplot", "train")
    rows = math.ceil(len(panels) / _COLUMNS)
    figure, axes = plt.subplots(rows, _COLUMNS, figsize=(5 * _COLUMNS, 2.2 * rows), sharex=True, squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis, (name, lines) in zip(axes.flat, panels.items(), strict=False):
        for label, points in lines.items():
            axis.plot(*zip(*points, strict=True), linewidth=0.8, label=label)
        axis.set_title(name, fontsize=9)
        axis.grid(linewidth=0.3)
        if len(lines) > 1:
            axis.legend(fontsize=7)
    for axis in axes[-1]:
        axis.set_xlabel("step")
    figure.tight_layout()
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=80)
    plt.close(figure)


def _place(name: str) -> tuple[str, str]:
    """Panel and line of a number: audio_dub is the line "dub" in the panel of all kinds of rows of audio."""
    stream, _, kind = name.rpartition("_")
    return (f"{stream} by kind of row", kind) if stream and kind in KINDS else (name, name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="PICTURE")
    arguments = parser.parse_args()
    draw(arguments.runs, arguments.output)
