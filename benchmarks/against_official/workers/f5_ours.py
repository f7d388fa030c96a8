"""One evaluation of JAM-Flow's audio stream from the same checkpoint; --motion: of the joint model, 10 s of motion too."""

from argparse import Namespace

import protocol
import torch

from jamflow.loading.f5 import load_f5
from jamflow.model.config import base
from jamflow.model.joint import JointModel, Visibility
from jamflow.model.streams import AudioInput, MotionInput


def prepare(options: Namespace) -> protocol.Run:
    torch.manual_seed(0)
    audio = load_f5(options.job / "model.safetensors", "F5TTS_v1_Base")
    model = JointModel(base(), audio, with_motion=options.motion).eval().requires_grad_(False)
    if options.case == "bfloat16":
        model.to(torch.bfloat16)
    given = torch.load(options.job / "inputs.pt")
    drop, time, two = torch.tensor([False, True]), torch.tensor([0.3]), (2, -1, -1)
    text = given["text"].expand(2, -1)
    speech = AudioInput(given["x"].expand(two), given["cond"].expand(two), time, text, drop, drop)
    motion = None
    if options.motion:
        mouth, clue = given["mouth"].expand(two), given["clue"].expand(two)
        motion = MotionInput(mouth, torch.zeros_like(mouth), torch.zeros(mouth.shape[:2]), clue, time, drop, drop)
    text_btd = model.audio.embed_text(speech)
    plan = model.plan(speech, motion, Visibility(~drop, ~drop))

    def run() -> dict[str, torch.Tensor]:
        velocity = model(speech, motion, None, text_btd, plan)[0]
        return {} if options.case == "joint" else {"velocity": velocity}

    return run


if __name__ == "__main__":
    parser = protocol.parser()
    parser.add_argument("--motion", action="store_true")
    protocol.serve(parser.parse_args(), prepare)
