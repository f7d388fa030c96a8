"""Our Vocos from the same file."""

from argparse import Namespace

import protocol
import torch

from jamflow.speech.vocoder import load_official_vocos


def prepare(options: Namespace) -> protocol.Run:
    vocoder = load_official_vocos(options.job / "pytorch_model.bin")
    mel_btm = torch.load(options.job / "inputs.pt")["mel"]
    return lambda: {"wave": vocoder(mel_btm)}


if __name__ == "__main__":
    protocol.serve(protocol.parser().parse_args(), prepare)
