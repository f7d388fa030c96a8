"""A run's progress: `progress.jsonl`, one JSON object a line."""

import json
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


class RunLog:
    """Appends numbers to `progress.jsonl`, and returns them as a line for `logging`."""

    def __init__(self, folder: Path, after: int = 0):
        """after: the step that the run goes on from. Lines of later steps, which will be made again, are taken out."""
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "progress.jsonl"
        self._start = time.monotonic()
        if self.path.exists():
            kept = [row for row in read_progress(self.path) if row["step"] <= after]
            self.path.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")

    def write(self, step: int, **values: float) -> str:
        row = {"step": step, "minutes": round((time.monotonic() - self._start) / 60, 2)}
        row |= {k: float(f"{v:.5g}") for k, v in values.items()}
        with self.path.open("a", encoding="utf-8") as f:
            f.write(json.dumps(row) + "\n")
        return "  ".join(f"{k} {v:g}" for k, v in row.items())


def read_progress(path: Path) -> list[dict[str, Any]]:
    """The lines of a `progress.jsonl`. One that a stop cut short is left out."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


class Tally:
    """Sums of numbers between two lines of the log. They stay on their device, so that no step waits for them."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}

    def add(self, name: str, value: Tensor, count: Tensor | float = 1.0) -> None:
        """value: the sum of `count` numbers. They are scalars."""
        both = torch.stack([value.detach().float(), torch.as_tensor(count, dtype=torch.float32, device=value.device)])
        self.sums[name] = both + self.sums[name].to(both.device) if name in self.sums else both

    def means(self) -> dict[str, float]:
        """Of every name that was counted."""
        return {name: float(both[0] / both[1]) for name, both in self.sums.items() if both[1] > 0}
