"""How a live avatar keeps up, and what its short view costs its lips.

Time: the portrait hears speech in real time, at 512 x 512, for as long as is asked. Counted are frames over 40 ms late,
processor seconds per second, and how long it takes from the first sound, or from the text, to the first frame that speaks. The
times need an idle machine. Lips: each clip's sound is heard in pieces of 20 ms; `animate` has it as a whole. Measured is the
generated lip opening against that of the person who was filmed. The control hears another clip's sound, half the list away.
Needs the extra `dev`.
"""

import time
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from benchmarks.shared.clips import evenly, one_a_person
from benchmarks.shared.intervals import add_mean, means_table
from benchmarks.shared.lips import LipCurve, compare, lip_curve, report_lips, sound_start_s, track
from benchmarks.shared.options import PORTRAIT, ClipOptions, ModelOptions
from benchmarks.shared.report import Report
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.live.hearing import Hearing
from jamflow.loading.model import LoadedModel, assemble
from jamflow.pipeline import JamFlow
from jamflow.speech.recording import open_recording

SIDES = ("own sound", "animate", "wrong sound")
RATE_HZ, PIECE = 24_000, 480
TEXT = "Good morning, everybody. I am glad that you are all here today, because we have a lot to talk about."


@dataclass(frozen=True, kw_only=True)
class Options(ClipOptions, ModelOptions):
    nfe: int | None = 4
    """Solver steps of live lips; `animate` has the model's own."""
    count: int = 24
    shortest_s: float = 2.5
    """Clips under this are left out, seconds."""
    seconds: float = 60.0
    """How long the avatar talks in real time."""


def run(options: Options, report: Report) -> None:
    keep_up(options, report)
    paths = evenly(one_a_person(options.clips, options.shortest_s), options.count)
    loaded, rows = assemble(options.model, torch.device("cpu")), []
    model = JamFlow(loaded)
    for k, path in enumerate(paths):
        person = lip_curve(track(path), sound_start_s(path))
        motion = model.animate(PORTRAIT, path, seed=options.seed, frame="head").motion
        assert motion is not None
        sides = {
            "own sound": live_opening(path, loaded, options),
            "animate": lip_opening_cm(motion.expression_tk3),
            "wrong sound": live_opening(paths[(k + len(paths) // 2) % len(paths)], loaded, options),
        }
        rows.append({name: compare(LipCurve(opening, None), person) for name, opening in sides.items()})
        report.say(f"clip {k + 1} of {len(paths)}")
    report_lips(report, rows, SIDES)
    means = means_table(report, "Live against the whole recording, with intervals over clips")
    add_mean(means, "r, live minus animate", [row["own sound"].r - row["animate"].r for row in rows])


def live_opening(clip: Path, model: LoadedModel, options: Options) -> np.ndarray:
    """(T,) lip opening in cm while a clip's sound comes in pieces."""
    hearing = Hearing(model, replace(model.sampling, steps=options.nfe or model.sampling.steps), options.seed)
    recording = open_recording(clip, RATE_HZ)
    wave = np.concatenate(list(recording.blocks())) / np.float32(recording.gain)
    pieces = (wave[k : k + PIECE] for k in range(0, len(wave), PIECE))
    made = chain.from_iterable(map(hearing.take, pieces))
    mouth_tm = np.concatenate([stretch.mouth_tm for stretch in chain(made, hearing.end())])
    lips = mouth_tm.reshape(len(mouth_tm), -1, 3)
    return lips[:, 2, 1] - lips[:, 3, 1]


def keep_up(options: Options, report: Report) -> None:
    """The avatar in real time."""
    model = JamFlow.load(options.model)
    speech = model.tts(TEXT, seed=options.seed).speech.waveform
    with model.live(PORTRAIT, nfe=options.nfe, seed=options.seed) as avatar:
        frames = iter(avatar)
        for _ in range(25):
            next(frames)
        began_s, used_s, late, heard_s, at = time.monotonic(), time.process_time(), avatar.late, None, 0
        for _ in range(round(options.seconds * avatar.fps)):
            for _ in range(RATE_HZ // 25 // PIECE):
                avatar.hear(speech[at : at + PIECE], RATE_HZ)
                at = (at + PIECE) % (len(speech) // PIECE * PIECE)
            moment = next(frames)
            if heard_s is None and moment.speaking:
                heard_s = time.monotonic() - began_s
        spent_s, busy_s = time.monotonic() - began_s, time.process_time() - used_s
        late = avatar.late - late
        avatar.interrupt()
        for _ in range(25):
            next(frames)
        began_s = time.monotonic()
        avatar.say(TEXT)
        while not next(frames).speaking:
            pass
        said_s = time.monotonic() - began_s
    table = report.table("In real time, 512 x 512", {"measure": "", "value": ""})
    table.add("first sound to first speaking frame", f"{1000 * (heard_s or 0):.0f} ms")
    table.add("`say` to first sound and speaking frame", f"{said_s:.2f} s")
    table.add("processor seconds per second", f"{busy_s / spent_s:.2f}")
    table.add("frames over 40 ms late", f"{late / (options.seconds * 25):.1%}")
