"""Parameters, memory and time of each part of `mini` and `base` for 10 s: python benchmarks/parts.py

Each part runs in a process of its own, on one thread, with random weights. Time is the median of `--rounds` runs after
one that warms up, in seconds of the processor; memory is the largest resident size above that before the part was made,
its weights included. Streams: one evaluation in single precision, both rows of the guidance in one batch.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Literal

import torch
import tyro
from torch import Tensor, nn

from jamflow.model.config import base, mini
from jamflow.model.joint import JointModel, Visibility
from jamflow.model.streams import AudioDiT, AudioInput, MotionInput
from jamflow.speech.vocoder import Vocos, vocos_24khz, vocos_mini
from jamflow.text.durations import DurationConfig, DurationPredictor

SECONDS = 10
PHONEMES = 120  # about 10 s of speech
VOCAB = 80
Size = Literal["mini", "base"]
Run = Callable[[], object]
PARTS = {
    "mini": ("Audio-DiT", "Motion-DiT", "joint", "vocoder", "durations"),
    "base": ("Audio-DiT", "Motion-DiT", "joint", "vocoder"),
}


@dataclass(frozen=True)
class Options:
    sizes: tuple[Size, ...] = ("mini", "base")
    rounds: int = 5
    part: str = ""
    """Measure this part of the first size, in this process."""


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    if options.part:
        print(measure(options.sizes[0], options.part, options.rounds))
        return
    print("| part | parameters | weights, MB | memory, MiB | processor seconds |\n|---|---|---|---|---|")
    for size in options.sizes:
        for part in PARTS[size]:
            command = [sys.executable, __file__, "--sizes", size, "--part", part, "--rounds", str(options.rounds)]
            subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


@torch.inference_mode()
def measure(size: Size, part: str, rounds: int) -> str:
    """A row of the table."""
    torch.set_num_threads(1)
    before_mib = _status("VmRSS")
    module, run = build(size, part)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of loading
    run()
    spent_s = []
    for _ in range(rounds):
        start_s = time.process_time()
        run()
        spent_s.append(time.process_time() - start_s)
    n = sum(p.numel() for p in module.parameters())
    memory_mib = _status("VmHWM") - before_mib
    return f"| {size}: {part} | {n:,} | {n * 4 / 1e6:.1f} | {memory_mib:.0f} | {median(spent_s):.3f} |"


def build(size: Size, part: str) -> tuple[nn.Module, Run]:
    if part == "vocoder":
        vocoder = Vocos(vocos_mini() if size == "mini" else vocos_24khz()).eval()
        mel = torch.randn(1, round(SECONDS * 93.75), 100)
        return vocoder, lambda: vocoder(mel)
    if part == "durations":
        durations = DurationPredictor(DurationConfig(VOCAB)).eval()
        return durations, lambda: durations(torch.randint(0, VOCAB, (1, PHONEMES)))
    config = mini(VOCAB) if size == "mini" else base()
    # Motion alone asks the audio stream for its positions only.
    speech = AudioDiT(replace(config.audio, depth=0, text_layers=0, dim=64)) if part == "Motion-DiT" else None
    model = JointModel(config, speech, with_motion=part != "Audio-DiT").eval()
    tokens, frames = round(SECONDS * config.token_rate_hz), round(SECONDS * config.motion_fps)
    drop, when = torch.tensor([False, True]), torch.tensor([0.3])

    def noise(n: int, channels: int) -> Tensor:
        return torch.randn(1, n, channels).expand(2, -1, -1)

    audio = motion = text_btd = None
    module: nn.Module = model
    if part == "Motion-DiT":
        assert model.motion is not None
        module = model.motion
    else:
        x, context = noise(tokens, config.audio.channels), noise(tokens, config.audio.channels)
        text = torch.randint(0, VOCAB, (2, tokens // 5))
        audio = AudioInput(x, context, when, text, drop, drop)
        text_btd = model.audio.embed_text(audio)
        module = model.audio if part == "Audio-DiT" else model
    if part != "Audio-DiT":
        x, context = noise(frames, config.motion.mouth_channels), noise(frames, config.motion.mouth_channels)
        clue = noise(frames, config.motion.clue_channels)
        motion = MotionInput(x, context, torch.zeros(2, frames), clue, when, drop, drop)
    plan = model.plan(audio, motion, Visibility(~drop, ~drop))
    return module, lambda: model(audio, motion, None, text_btd, plan)


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


if __name__ == "__main__":
    main()
