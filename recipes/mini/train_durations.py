"""python train_durations.py --corpus CORPUS --run RUN"""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from jamflow.train.durations import DurationTraining, train_durations
from voices import HELD_OUT


@dataclass(frozen=True)
class Arguments:
    corpus: Path
    run: Path
    config: DurationTraining = field(default_factory=lambda: DurationTraining(held_out_voices=HELD_OUT))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments = tyro.cli(Arguments)
    train_durations(arguments.corpus, arguments.run, arguments.config)
