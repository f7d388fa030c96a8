"""Clips of many shards in an order that is shuffled, the same for the same seed, and can be taken up anywhere.

An epoch shuffles the shards, takes some of them at a time, shuffles their clips, and cuts them into batches of similar lengths.
So a corpus larger than memory is read some shards at a time, and nothing but the lengths of its clips is ever held.

The batches of all epochs have numbers. Of `world` processes, process `rank` takes the numbers rank, rank + world...: whichever
number of processes there is, and of workers in each, batch n is the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jamflow.data.corpus import Shard

_POOL = 50  # batches that clips of similar length are chosen from


@dataclass(frozen=True)
class Clips:
    """All clips that are learnt from: which utterance of which shard, and how long.

    left_out: reasons and how many clips.
    """

    shard_n: np.ndarray
    utterance_n: np.ndarray
    seconds_n: np.ndarray
    left_out: dict[str, int]

    def __len__(self) -> int:
        return len(self.shard_n)


def list_clips(
    shards: list[Shard], shortest_s: float, longest_s: float, held_out: tuple[str, ...] = (), only: tuple[str, ...] = ()
) -> Clips:
    """The clips of shards that are neither too short nor too long, nor of voices that are held out.

    only: no other voices than these, if there are any.
    """
    rows: list[tuple[int, int, float]] = []
    left_out = {"shorter than shortest_s": 0, "longer than longest_s": 0, "held out": 0}
    for s, shard in enumerate(shards):
        rate_hz = shard.facts.mel.sample_rate_hz
        for u, utterance in enumerate(shard.utterances):
            seconds = utterance.samples / rate_hz
            if utterance.voice in held_out or (only and utterance.voice not in only):
                left_out["held out"] += 1
            elif seconds < shortest_s:
                left_out["shorter than shortest_s"] += 1
            elif seconds > longest_s:
                left_out["longer than longest_s"] += 1
            else:
                rows.append((s, u, seconds))
    shard_n, utterance_n, seconds_n = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.zeros(0),) * 3
    return Clips(shard_n.astype(np.int64), utterance_n.astype(np.int64), seconds_n, {k: n for k, n in left_out.items() if n})


def epoch(clips: Clips, batch_s: float, shards_at_once: int, seed: int, number: int) -> list[np.ndarray]:
    """The batches of one epoch, each the indices of its clips: the longest clip times their number is at most `batch_s`."""
    rng = np.random.default_rng([seed, number])
    shards = rng.permutation(np.unique(clips.shard_n))
    batches: list[np.ndarray] = []
    for first in range(0, len(shards), shards_at_once):
        here = rng.permutation(np.flatnonzero(np.isin(clips.shard_n, shards[first : first + shards_at_once])))
        pool = max(1, int(_POOL * batch_s / clips.seconds_n[here].mean()))
        found: list[np.ndarray] = []
        for start in range(0, len(here), pool):
            found += _similar(here[start : start + pool], clips.seconds_n, batch_s)
        batches += [found[i] for i in rng.permutation(len(found))]
    return batches


def _similar(clips_n: np.ndarray, seconds_n: np.ndarray, batch_s: float) -> list[np.ndarray]:
    """Cut into batches of similar lengths."""
    by_length = clips_n[np.argsort(seconds_n[clips_n], kind="stable")]
    batches, start = [], 0
    for end in range(1, len(by_length) + 1):
        if end == len(by_length) or seconds_n[by_length[end]] * (end + 1 - start) > batch_s:
            batches.append(by_length[start:end])
            start = end
    return batches


def batches(
    clips: Clips, batch_s: float, shards_at_once: int, seed: int, first: int, rank: int = 0, world: int = 1
) -> Iterator[tuple[int, np.ndarray]]:
    """Number and clips of the batches of one process, endlessly, from number `first` (of all processes) on."""
    before, number = 0, 0
    while True:
        planned = epoch(clips, batch_s, shards_at_once, seed, number)
        for n in range(max(first, before), before + len(planned)):
            if n % world == rank:
                yield n, planned[n - before]
        before += len(planned)
        number += 1
