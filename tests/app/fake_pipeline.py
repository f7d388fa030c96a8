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
        if self.portrait is None:
            write_wave(path, np.zeros(24_000))
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
    def load(cls, model: str = "mini") -> "JamFlow":
        LOADED.append(model)
        return cls()

    def speak(self, portrait: np.ndarray, text: str, **options: Any) -> Result:
        CALLS.append({"portrait": portrait, "text": text, **options})
        if text == "по-русски":
            raise UserError("The text has letters that this model cannot speak.", "Write it in English.")
        return Result(portrait, options["seed"], options["nfe"])

    def animate(self, portrait: np.ndarray, speech: Path, **options: Any) -> Result:
        CALLS.append({"portrait": portrait, "speech": speech, **options})
        return Result(portrait, options["seed"], options["nfe"])

    def dub(self, video: Path, text: str | None, **options: Any) -> Result:
        CALLS.append({"video": video, "text": text, **options})
        return Result(None if options["fit"] is None else np.zeros(0), options["seed"], options["nfe"])

    def tts(self, text: str, **options: Any) -> Result:
        CALLS.append({"text": text, **options})
        return Result(None, options["seed"], options["nfe"])


def as_module() -> ModuleType:
    module = ModuleType("jamflow.pipeline")
    module.__dict__.update(JamFlow=JamFlow, Result=Result)
    return module


if __name__ == "__main__":
    sys.modules["jamflow.pipeline"] = as_module()
    from jamflow.app.cli import main

    main()
