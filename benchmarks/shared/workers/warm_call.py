"""Speaks a text twice in one process; answers with the seconds of the second call."""

import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.shared.process import answer
from jamflow.pipeline import JamFlow


def main(portrait: str, text: str, seed: int, nfe: int | None) -> None:
    model, spent_s = JamFlow.load(), 0.0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            start_s = time.monotonic()
            model.speak(portrait, text, seed=seed, nfe=nfe).save(Path(folder) / "warm.mp4")
            spent_s = time.monotonic() - start_s
    answer(seconds=spent_s)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
