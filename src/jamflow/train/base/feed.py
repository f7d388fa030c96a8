"""Rows for one process, made by workers ahead of time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from jamflow.data.stream import batches
from jamflow.model.normalise import Normaliser
from jamflow.train.base.clips import ClipReader
from jamflow.train.base.parallel import Ranks
from jamflow.train.base.recipe import Recipe, Rows
from jamflow.train.base.rows import show
from jamflow.train.regimes import Row


@dataclass
class Fed:
    """names: of the clips; broken: of those that are not finite numbers; tokens: of their sound, without padding."""

    row: Row
    names: list[str]
    broken: list[str]
    tokens: int

    def pin_memory(self) -> "Fed":
        return replace(self, row=self.row.pin_memory())


class Feed(Dataset, Sampler):
    """A DataLoader's dataset and its order: the batches of one process from batch number `first` on."""

    def __init__(
        self, reader: ClipReader, rows: Rows, normaliser: Normaliser, recipe: Recipe, seed: int, first: int, ranks: Ranks
    ):
        self.reader = reader
        data = recipe.data
        self._order = partial(
            batches, reader.clips, data.batch_s, data.shards_at_once, seed, first, rank=ranks.rank, world=ranks.world
        )
        self._show = partial(show, rows=rows, config=reader.config, normaliser=normaliser, seed=seed)

    def __iter__(self) -> Iterator[tuple[int, np.ndarray]]:
        return self._order()

    def __getitem__(self, planned: tuple[int, np.ndarray]) -> Fed:
        batch = self.reader.batch(*planned)
        return Fed(self._show(batch), batch.names, batch.broken(), int(batch.audio_valid_ba.sum()))


def feed(of: Feed, workers: int, ranks: Ranks) -> Iterator[Fed]:
    """Endlessly. The same rows whatever the number of workers."""
    loader = DataLoader(
        of,
        batch_size=None,
        sampler=of,
        num_workers=workers,
        pin_memory=ranks.device.type == "cuda",
        worker_init_fn=_alone if workers else None,
        prefetch_factor=4 if workers else None,
    )
    return iter(loader)


def _alone(_: int) -> None:
    torch.set_num_threads(1)
