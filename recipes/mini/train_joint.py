"""python train_joint.py --corpus CORPUS --run RUN [--start joint.safetensors] [--config.steps N ...]"""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from jamflow.loading.joint import load_joint
from jamflow.model.config import mini
from jamflow.text.phonemes import symbols
from jamflow.train.joint import JointTraining, train_joint
from voices import HELD_OUT


@dataclass(frozen=True)
class Arguments:
    corpus: Path
    run: Path
    start: Path | None = None  # a trained model to go on from, rather than from nothing
    config: JointTraining = field(default_factory=lambda: JointTraining(held_out_voices=HELD_OUT))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments = tyro.cli(Arguments)
    if arguments.start is None:
        train_joint(arguments.corpus, arguments.run, arguments.config, mini(len(symbols())))
    else:
        model, normaliser = load_joint(arguments.start)
        train_joint(arguments.corpus, arguments.run, arguments.config, model.config, model.float(), normaliser)
