"""Runs small jobs of every kind and writes down what they give: small_jobs.py JSON.

It stands alone, because it also runs on another checkout's `src`, with an older API. All that it uses are JamFlow.load, the
tasks' functions, and `Result.speech`, `.motion`, `.frames` and `.save`. Of each job it writes NAME.npz (waveform, expression_tk3,
rotation_t3, translation_t3, and the frames that are drawn; without those that the job does not make) and NAME.mp4 or NAME.wav.
It answers with a line of JSON each.
"""

import inspect
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import jamflow
from jamflow import JamFlow, reenact
from jamflow.errors import JamFlowError

TEXT = "Good morning, how are you today?"
NFE, SEED = 2, 1
WITHOUT_INPUTS = {"tts", "speak"}  # these need neither speech nor a video


def jobs(model: JamFlow, portrait: Path, speech: Path, video: Path) -> dict[str, Callable[[], Any]]:
    """Every task, on speech and a video that were made of TEXT."""
    few: dict[str, Any] = {"seed": SEED, "nfe": NFE}
    return {
        "tts": lambda: model.tts(TEXT, **few),
        "tts with a voice": lambda: model.tts(TEXT, voice=speech, **few),
        "speak": lambda: model.speak(portrait, TEXT, **few),
        "animate": lambda: model.animate(portrait, speech, **few),
        "lipsync": lambda: model.lipsync(video, speech, **few),
        "dub": lambda: model.dub(video, TEXT, **few),
        "dub without a text": lambda: model.dub(video, **few),
        "edit": lambda: edit(model, video, few),
        "retell": lambda: model.retell(video, "See you tomorrow.", **few),
        "reenact": lambda: reenact(portrait, video),
    }


def edit(model: Any, video: Path, few: dict[str, Any]) -> Any:
    """With today's arguments, or those that `edit` had before the table of tasks."""
    if "change" in inspect.signature(model.edit).parameters:
        return model.edit(video, change=("morning", "evening"), transcript=TEXT, **few)
    return model.edit(video, "evening", old="morning", transcript=TEXT, **few)


def inputs(portrait: Path, speech: Path, video: Path) -> None:
    """What the jobs are given, at the model's own number of solver steps."""
    model = JamFlow.load(device="cpu")
    model.tts("The weather is nice, so we walked along the river.", seed=SEED).save(speech)
    model.speak(portrait, TEXT, seed=SEED).save(video)


def main(portrait: str, speech: str, video: str, folder: str | None, names: list[str]) -> None:
    print(json.dumps({"jamflow": jamflow.__file__}), flush=True)
    paths = Path(portrait), Path(speech), Path(video)
    if folder is None:
        inputs(*paths)
        return
    known = jobs(JamFlow.load(device="cpu"), *paths)
    for name in names:
        start_s, error = time.perf_counter(), None
        try:
            write(known[name](), Path(folder), name)
        except Exception as caught:  # what fails on one side is a difference, too
            error = f"{type(caught).__name__}: {caught}"
        print(json.dumps({"job": name, "seconds": time.perf_counter() - start_s, "error": error}), flush=True)


def write(result: Any, folder: Path, name: str) -> None:
    arrays: dict[str, np.ndarray] = {}
    with suppress(JamFlowError):  # where the sound is passed on
        arrays["waveform"] = result.speech.waveform
    motion = result.motion
    if motion is not None:
        arrays |= {key: getattr(motion, key) for key in ("expression_tk3", "rotation_t3", "translation_t3")}
    frames = list(result.frames())
    if frames:
        arrays["frames"] = np.stack(frames)
    np.savez(folder / f"{name}.npz", **arrays)  # type: ignore[arg-type]
    result.save(folder / f"{name}{'.wav' if name.startswith('tts') else '.mp4'}")


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
