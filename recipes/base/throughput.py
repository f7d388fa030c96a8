"""python recipes/base/throughput.py SHARDS...: how many seconds of sound a core makes into rows of `base` in a second.

Processor time of one process, of reading, padding, masks and noise; what a DataLoader adds to hand a batch over is not in it.
"""

import sys
import time
from itertools import islice
from pathlib import Path

import torch

from jamflow.data.corpus import shards
from jamflow.data.stream import batches, list_clips
from jamflow.model.config import base
from jamflow.model.normalise import Normaliser
from jamflow.text.f5_text import load_vocabulary
from jamflow.train.base.clips import ClipReader
from jamflow.train.base.recipe import Data, Rows
from jamflow.train.base.rows import show
from jamflow.weights.shipped import asset

WARM, MEASURED = 3, 20  # batches


def main(folders: list[str]) -> None:
    torch.set_num_threads(1)
    config, data = base(), Data(tuple(map(Path, folders)))
    parts = [shard for folder in data.shards for shard in shards(folder)]
    clips = list_clips(parts, data.shortest_s, data.longest_s)
    reader = ClipReader(parts, clips, config, load_vocabulary(asset("base/vocab.txt"), config.audio.text_vocab))
    normaliser = Normaliser(config.mel.bands, config.motion.mouth_channels, config.motion.clue_channels)
    seconds, began = 0.0, 0.0
    for n, (number, chosen) in enumerate(islice(batches(clips, data.batch_s, data.shards_at_once, 0, 0), WARM + MEASURED)):
        if n == WARM:
            began = time.process_time()
        row = show(reader.batch(number, chosen), Rows(), config, normaliser, 0)
        if n >= WARM:
            seconds += row.audio_data.shape[0] * row.audio_data.shape[1] / config.token_rate_hz
    print(f"{seconds / (time.process_time() - began):.0f} s of sound a second, of {len(clips)} clips")


if __name__ == "__main__":
    main(sys.argv[1:])
