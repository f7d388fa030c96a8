"""A run's log: one JSON object a line."""

import json
import time
from pathlib import Path


class RunLog:
    """Appends numbers to `log.jsonl`, and returns them as a line for `logging`."""

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
