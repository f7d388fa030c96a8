"""A pipeline with the real one's interface and no model: grey frames and a tone.

Run as a script it is `jamflow` with this pipeline instead of the real one, for tests that need a process.
FAKE_PIPELINE=slow makes a frame every 20 ms for a minute; =broken fails midway.
"""

import os
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from jamflow.errors import UserError
from jamflow.media.video_writer import VideoWriter
from jamflow.speech.waveform import write_wave
from jamflow.tasks.inputs import Inputs
from jamflow.tasks.table import task_of

CALLS: list[dict[str, Any]] = []
LOADED: list[str] = []


@dataclass
class Result:
    portrait: np.ndarray | None
    seed: int
    nfe: int | None

    def save(self, path: Path, progress: Any = None) -> dict[str, Any]:
        mode = os.environ.get("FAKE_PIPELINE", "")
        n_frames = 1500 if mode == "slow" else 25
        report = {"file": str(path), "seconds": n_frames / 25, "fps": None, "frames": 0, "sample_rate": 24000}
        report |= {
            "seed": self.seed,
            "nfe": self.nfe or 7,
            "timings": {"model": 0.1},
            "warnings": ["One warning."],
        }
        if path.suffix == ".wav":
            write_wave(path, np.zeros(24_000), 24_000)
            return report
        with VideoWriter(path, 64, 64, Fraction(25), 24_000) as video:
            for k in range(n_frames):
                video.write_frame(np.full((64, 64, 3), 100, np.uint8))
                video.write_audio(np.zeros(960, np.float32))
                if progress:
                    progress((k + 1) / 25, n_frames / 25)
                if mode == "slow":
                    time.sleep(0.02)
                if mode == "broken" and k == 10:
                    raise RuntimeError("the cat\nate it")
        return report | {"fps": 25, "frames": n_frames}


class JamFlow:
    @classmethod
    def load(cls, model: str, device: str | None, dtype: str, compile: bool) -> "JamFlow":
        LOADED.append(model)
        return cls()

    def make(self, given: Inputs) -> Result:
        CALLS.append({"task": task_of(given).name, **vars(given)})
        if getattr(given, "text", None) == "по-русски":
            raise UserError("The text has letters that this model cannot speak.", "Write it in English.")
        return Result(getattr(given, "portrait", None), given.seed, given.nfe)


def as_module() -> ModuleType:
    module = ModuleType("jamflow.pipeline")
    module.__dict__.update(JamFlow=JamFlow, Result=Result)
    return module


if __name__ == "__main__":
    sys.modules["jamflow.pipeline"] = as_module()
    from jamflow.app.cli import main

    main()
