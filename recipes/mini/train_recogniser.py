"""python train_recogniser.py --corpus CORPUS --run RUN [--config.steps N ...]: hears phonemes and how open lips are."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from jamflow.data.corpus import shards
from jamflow.data.features import examples
from jamflow.mel_format import MelFormat
from jamflow.train.recogniser import RecogniserTraining, train_recogniser
from voices import HELD_OUT


@dataclass(frozen=True)
class Arguments:
    corpus: Path
    run: Path
    config: RecogniserTraining = field(default_factory=RecogniserTraining)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments = tyro.cli(Arguments)
    mel_format = MelFormat()
    every = [e for shard in shards(arguments.corpus) for e in examples(shard, mel_format)]
    held = [e for e in every if e.voice in HELD_OUT][:60]
    taught = [e for e in every if e.voice not in HELD_OUT]
    train_recogniser(taught, arguments.run, arguments.config, mel_format, held)
