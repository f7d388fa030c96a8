"""Clips of many shards: shuffled, the same for a seed, shared out, taken up anywhere."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from corpora import make_talking_corpus
from jamflow.data.corpus import shards
from jamflow.data.stream import Clips, batches, epoch, list_clips

RNG = np.random.default_rng(0)
CLIPS = Clips(np.repeat(np.arange(12), 40), np.tile(np.arange(40), 12), RNG.uniform(1, 9, 480), {})
BATCH_S, AT_ONCE = 40.0, 3


def first_batches(n: int, seed: int = 0, first: int = 0, rank: int = 0, world: int = 1) -> list[tuple[int, list[int]]]:
    return [(k, b.tolist()) for k, b in islice(batches(CLIPS, BATCH_S, AT_ONCE, seed, first, rank, world), n)]


def test_an_epoch_has_every_clip_once_in_batches_that_fit() -> None:
    planned = epoch(CLIPS, BATCH_S, AT_ONCE, 0, 0)
    assert sorted(np.concatenate(planned).tolist()) == list(range(480))
    for batch in planned:
        assert CLIPS.seconds_n[batch].max() * len(batch) <= BATCH_S
    sound_s = CLIPS.seconds_n.sum()
    padded_s = sum(CLIPS.seconds_n[b].max() * len(b) for b in planned)
    assert padded_s < 1.15 * sound_s, "clips of a batch last about equally long"


def test_a_few_shards_are_read_at_a_time() -> None:
    planned = epoch(CLIPS, BATCH_S, AT_ONCE, 0, 0)
    order = [set(CLIPS.shard_n[b].tolist()) for b in planned]
    groups = []
    for found in order:
        if not groups or (not found <= groups[-1] and len(found | groups[-1]) > AT_ONCE):
            groups.append(set())
        groups[-1] |= found
    assert len(groups) == 12 // AT_ONCE
    assert all(len(g) == AT_ONCE for g in groups)
    assert groups != [set(range(i, i + 3)) for i in range(0, 12, 3)], "shards are shuffled"


def test_epochs_and_seeds_differ_and_one_seed_repeats() -> None:
    def order(seed: int, number: int) -> list[int]:
        return np.concatenate(epoch(CLIPS, BATCH_S, AT_ONCE, seed, number)).tolist()

    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(seed, number)) for seed in (0, 1) for number in (0, 1)}) == 4


@pytest.mark.parametrize("world", [2, 3])
def test_processes_share_the_batches_of_one(world: int) -> None:
    """Over more than one epoch."""
    alone = first_batches(240)
    assert alone[-1][0] == 239 and len(epoch(CLIPS, BATCH_S, AT_ONCE, 0, 0)) < 200
    shared = [b for rank in range(world) for b in first_batches(240 // world, rank=rank, world=world)]
    assert sorted(shared) == alone


def test_it_goes_on_anywhere() -> None:
    assert first_batches(40, first=130) == first_batches(170)[130:]
    assert first_batches(20, first=130, rank=1, world=2) == first_batches(170)[131::2]


def test_clips_are_left_out_and_counted(tmp_path: Path) -> None:
    parts = list(shards(make_talking_corpus(tmp_path)))
    seconds = sorted(u.samples / 24_000 for s in parts for u in s.utterances)
    clips = list_clips(parts, seconds[2] - 1e-6, seconds[-2] + 1e-6)
    assert len(clips) == 9
    assert clips.left_out == {"shorter than shortest_s": 2, "longer than longest_s": 1}
    held = list_clips(parts, 0.1, 99, held_out=("voice-1",))
    assert set(held.shard_n.tolist()) == {0} and held.left_out == {"held out": 6}
    assert set(list_clips(parts, 0.1, 99, only=("voice-1",)).shard_n.tolist()) == {1}
