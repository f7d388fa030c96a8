"""python prepare.py CORPUS [--part I N]: compute the features of every shard (of every N-th from I)."""

import argparse
from pathlib import Path

from jamflow.data.corpus import shards
from jamflow.data.features import prepare
from jamflow.mel_format import MelFormat

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1))
    args = parser.parse_args()
    for i, shard in enumerate(shards(args.corpus)):
        if i % args.part[1] == args.part[0]:
            prepare(shard, MelFormat(), seed=i)
