"""python train_vocoder.py --corpus CORPUS --run RUN [--config.steps N ...]"""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from jamflow.train.vocoder import VocoderTraining, train_vocoder


@dataclass(frozen=True)
class Arguments:
    corpus: Path
    run: Path
    config: VocoderTraining = field(default_factory=VocoderTraining)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments = tyro.cli(Arguments)
    train_vocoder(arguments.corpus, arguments.run, arguments.config)
