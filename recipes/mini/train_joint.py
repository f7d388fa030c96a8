"""python train_joint.py --corpus CORPUS --run RUN [--start RUN-OR-FILE] [--config.steps N ...]"""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from jamflow.model.config import mini
from jamflow.text.phonemes import symbols
from jamflow.train.joint import JointTraining, train_joint
from jamflow.train.start import start_from
from voices import HELD_OUT


@dataclass(frozen=True)
class Arguments:
    corpus: Path
    run: Path
    start: Path | None = None  # the folder of an earlier stage, or a joint.safetensors, to go on from
    config: JointTraining = field(default_factory=lambda: JointTraining(held_out_voices=HELD_OUT))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments = tyro.cli(Arguments)
    start = None if arguments.start is None else start_from(arguments.start)
    model_config = mini(len(symbols())) if start is None else start.model.config
    train_joint(arguments.corpus, arguments.run, arguments.config, model_config, start)
