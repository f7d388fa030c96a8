"""Time of the model where one stream is given, against both generated.

Seconds of the model alone (`generate`) with both streams generated, as in `speak`; with speech given, as in `animate`; with
motion given, as in `dub`; and with speech alone, the least that `dub` can take. The same length, solver steps and threads,
in turns; medians of rounds after one that warms up, by the clock and by the processor. Needs the extra `dev`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

import torch

from benchmarks.shared.options import ModelOptions
from benchmarks.shared.report import Report
from jamflow.loading.model import LoadedModel, assemble
from jamflow.sampling.conditions import Conditions, MotionCondition, Role, SpeechCondition
from jamflow.sampling.generate import generate


@dataclass(frozen=True, kw_only=True)
class Options(ModelOptions):
    seconds: tuple[float, ...] = (5.0, 10.0, 20.0)
    """Lengths."""
    nfe: int = 32
    """Solver steps."""
    rounds: int = 5
    threads: int = 1


def run(options: Options, report: Report) -> None:
    torch.set_num_threads(options.threads)
    parts = assemble(options.model, torch.device("cpu"))
    columns = {"seconds": "g", "streams": "", "clock, s": ".2f", "processor, s": ".2f", "share of both": ".2f"}
    table = report.table("Model time, medians", columns)
    for seconds in options.seconds:
        timed: dict[str, list[tuple[float, float]]] = {}
        for _ in range(options.rounds + 1):
            for name, call in cases(parts, seconds, options.nfe, options.seed).items():
                start = time.perf_counter(), time.process_time()
                call()
                timed.setdefault(name, []).append((time.perf_counter() - start[0], time.process_time() - start[1]))
        clock, processor = ({name: median(x[i] for x in runs[1:]) for name, runs in timed.items()} for i in (0, 1))
        whole = next(iter(processor.values()))
        for name, spent in processor.items():
            table.add(seconds, name, clock[name], spent, spent / whole)


def cases(parts: LoadedModel, seconds: float, nfe: int, seed: int) -> dict[str, Callable[[], object]]:
    """What is timed, by name: the first is what the others are compared with."""
    config = parts.joint.config
    tokens = round(seconds * config.token_rate_hz)
    random = torch.Generator().manual_seed(seed)
    mel = torch.randn(tokens * config.frames_per_token, config.audio.channels // config.frames_per_token, generator=random)
    mouth = torch.randn(config.motion_frames(tokens), config.motion.mouth_channels, generator=random)
    text = torch.randint(config.audio.text_vocab, (tokens,), generator=random)
    rows: dict[str, tuple[Role, Role, torch.Tensor | None]] = {
        "both generated (speak)": ("generated", "generated", text),
        "speech given (animate)": ("given", "generated", None),
        "motion given (dub)": ("generated", "given", text),
        "speech alone (tts)": ("generated", "absent", text),
    }
    sampling = replace(parts.sampling, steps=nfe)

    def call(speech: Role, motion: Role, text: torch.Tensor | None) -> object:
        conditions = Conditions(tokens, SpeechCondition(speech, mel, None, text), MotionCondition(motion, mouth))
        return generate(parts.joint, parts.normaliser, conditions, sampling, torch.Generator().manual_seed(seed))

    return {name: lambda row=row: call(*row) for name, row in rows.items()}
