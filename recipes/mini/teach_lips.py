"""python teach_lips.py --corpus CORPUS --run RUN: a teacher learns lips from filmed people, and lays out those of the others.

Writes `lips.npy` into every shard with somebody who was not filmed (`jamflow.data.lip_teacher`). Needs the extra `eval`: the
teacher hears what Whisper hears. A corpus without filmed people keeps the lips of the articulatory model.
"""

import argparse
import logging
from pathlib import Path

from jamflow.data.corpus import shards
from jamflow.data.lip_teacher import load_lip_teacher, teach_lips
from jamflow.speech.whisper import Whisper
from jamflow.train.lip_teacher import LipTeacherTraining, filmed_clips, train_lip_teacher

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=LipTeacherTraining.steps)
    args = parser.parse_args()
    parts = list(shards(args.corpus))
    filmed = [s for s in parts if s.facts.motion_space == "mesh"]
    if not filmed:
        raise SystemExit(f"No shard of {args.corpus} has a filmed face: lips stay those of the articulatory model.")
    whisper = Whisper()
    path = args.run / "lip_teacher.pt"
    if not path.exists():
        train_lip_teacher(filmed_clips(filmed, whisper), args.run, LipTeacherTraining(steps=args.steps))
    teacher = load_lip_teacher(path)
    for shard in parts:
        if teach_lips(shard, teacher, whisper):
            logging.info("%s: lips of %d utterances", shard.folder.name, len(shard.utterances))
