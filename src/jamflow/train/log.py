"""A run's log: one JSON object a line, and a plot of it."""

import json
import time
from pathlib import Path


class RunLog:
    """Appends numbers to `log.jsonl` and says them on standard error through `logging`."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "log.jsonl"
        self._start = time.monotonic()

    def write(self, step: int, **values: float) -> str:
        row = {"step": step, "minutes": round((time.monotonic() - self._start) / 60, 2)}
        row |= {k: round(float(v), 5) for k, v in values.items()}
        with self.path.open("a", encoding="utf-8") as f:
            f.write(json.dumps(row) + "\n")
        return "  ".join(f"{k} {v:g}" for k, v in row.items())


def plot_log(path: Path, picture: Path) -> None:
    """One panel per logged number, against the step."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    names = sorted({k for row in rows for k in row} - {"step", "minutes"})
    figure, axes = plt.subplots(len(names), 1, figsize=(8, 2 * len(names)), sharex=True, squeeze=False)
    for axis, name in zip(axes[:, 0], names, strict=True):
        points = [(row["step"], row[name]) for row in rows if name in row]
        axis.plot(*zip(*points, strict=True), linewidth=0.8)
        axis.set_ylabel(name)
    axes[-1, 0].set_xlabel("step")
    figure.tight_layout()
    figure.savefig(picture, dpi=100)
    plt.close(figure)
