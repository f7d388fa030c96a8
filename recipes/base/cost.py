"""python recipes/base/cost.py: what training `base` costs on one H100, by arithmetic; nothing is run.

Operations and saved activations are counted in a model without data ("meta" tensors), of one clip of 20 s. A GPU is taken to
reach 40 % of its dense bfloat16 rate, as well-made trainings of this size do.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from jamflow.model.config import base
from jamflow.model.joint import JointModel
from jamflow.model.streams import AudioInput, MotionInput
from jamflow.train.base.recipe import Machine
from jamflow.train.base.stage import block_code

SECONDS = 20
PEAK = {"H100": 989e12, "RTX 6000 Ada": 182e12}  # dense bfloat16 operations a second (makers' data sheets)
REACHED = 0.4
DAY_S = 86_400


@dataclass
class Cost:
    """Of one stage. forward, training: operations for a second of sound; saved: bytes of activations for a second of sound;
    weights: bytes of weights, gradients, optimiser and average."""

    forward: float
    training: float
    saved: float
    weights: float


def count(freeze_audio: bool, checkpointing: bool) -> Cost:
    """Of stage 1 (frozen speech) or stage 2."""
    config = base()
    with torch.device("meta"):
        model = JointModel(config)
        tokens = int(SECONDS * config.token_rate_hz)
        frames = config.motion_frames(tokens)
        no = torch.zeros(1, dtype=torch.bool)
        time, c = torch.zeros(1), config.motion
        audio = AudioInput(torch.zeros(1, tokens, 100), torch.zeros(1, tokens, 100), time, no[None].long(), no, no)
        text = torch.zeros(1, tokens, config.audio.text_dim)  # its own network is small
        mouth = torch.zeros(1, frames, c.mouth_channels)
        motion = MotionInput(mouth, mouth, mouth[..., 0], torch.zeros(1, frames, c.clue_channels), time, no, no)
    model.audio.requires_grad_(not freeze_audio)
    saved: dict[int, int] = {}

    def keep(x: Tensor) -> Tensor:
        scores = x.dim() >= 3 and x.shape[-1] in (tokens, frames, tokens + frames)  # a GPU's attention does not keep them
        if not isinstance(x, torch.nn.Parameter) and not scores:
            saved[id(x.untyped_storage())] = x.untyped_storage().nbytes()
            kept.append(x)
        return x

    kept: list[Any] = []
    plan = model.plan(audio, motion, None, kind="dense", code=block_code(Machine(checkpointing=checkpointing)))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        with FlopCounterMode(display=False) as forward:
            out = model(audio, motion, text_btd=text, plan=plan)
        with FlopCounterMode(display=False) as backward:
            sum(x.sum() for x in out).backward()
    parameters = sum(p.numel() for p in model.parameters())
    learning = sum(p.numel() for p in model.parameters() if p.requires_grad)
    operations = [x.get_total_flops() / SECONDS for x in (forward, backward)]
    # Activations are in bfloat16 under autocast: half of the float32 that is counted here.
    return Cost(operations[0], sum(operations), sum(saved.values()) / 2 / SECONDS, 8.0 * parameters + 12.0 * learning)


def main() -> None:
    with torch.device("meta"):
        model = JointModel(base())
    assert model.motion is not None
    sizes = [sum(p.numel() for p in part.parameters()) / 1e6 for part in (model.audio, model.motion)]
    print(f"Parameters: Audio-DiT {sizes[0]:.0f} M, Motion-DiT {sizes[1]:.0f} M.\n")
    print("| stage | checkpointing | forward, GFLOP/s of sound | training | state, GB | activations, MB/s of sound |", end="")
    print(" sound in 60 GB, s | " + " | ".join(f"{gpu}: s of sound a second" for gpu in PEAK) + " |")
    print("|---" * (7 + len(PEAK)) + "|")
    for stage, freeze in (("1: speech frozen", True), ("2: joint", False)):
        for checkpointing in (False, True):
            cost = count(freeze, checkpointing)
            room_s = (60e9 - cost.weights) / cost.saved
            rates = " | ".join(f"{REACHED * peak / cost.training:.0f}" for peak in PEAK.values())
            print(
                f"| {stage} | {'yes' if checkpointing else 'no'} | {cost.forward / 1e9:.0f} | {cost.training / 1e9:.0f} "
                f"| {cost.weights / 1e9:.1f} | {cost.saved / 1e6:.0f} | {room_s:.0f} | {rates} |"
            )
    joint = count(False, False)
    paper_s = 4 * REACHED * PEAK["RTX 6000 Ada"] * DAY_S / joint.training
    print(f"\nFour RTX 6000 Ada see {paper_s / 3600:.0f} h of sound in the paper's day.")
    operations = 32 * 2 * joint.forward * 20  # NFE, guidance, seconds
    h100_s = operations / (REACHED * PEAK["H100"])
    print(f"20 s of speech and motion, 32 NFE with guidance: {operations / 1e12:.0f} TFLOP, {h100_s:.1f} s on an H100.")


if __name__ == "__main__":
    main()
