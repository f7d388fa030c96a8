"""python train_joint.py --corpus CORPUS --run RUN [--config.steps N ...]"""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import tyro
from voices import HELD_OUT

from jamflow.model.config import mini
from jamflow.speech.phonemes import symbols
from jamflow.train.joint import JointTraining, train_joint


@dataclass(frozen=True)
class Arguments:
    corpus: Path
    run: Path
    config: JointTraining = field(default_factory=lambda: JointTraining(held_out_voices=HELD_OUT))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments = tyro.cli(Arguments)
    train_joint(arguments.corpus, arguments.run, arguments.config, mini(len(symbols())))
