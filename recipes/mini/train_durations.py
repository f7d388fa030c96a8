"""python train_durations.py --corpus CORPUS --run RUN"""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from jamflow.train.durations import DurationTraining, train_durations


@dataclass(frozen=True)
class Arguments:
    corpus: Path
    run: Path
    config: DurationTraining = field(default_factory=DurationTraining)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments = tyro.cli(Arguments)
    train_durations(arguments.corpus, arguments.run, arguments.config)
