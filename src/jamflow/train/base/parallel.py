"""The processes of a run: one on a laptop, many under torchrun. The model is copied to all (DDP) or cut up among them (FSDP2)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from jamflow.train.base.recipe import Parallel


@dataclass(frozen=True)
class Ranks:
    """This process among all. Calls with a result must be made by all of them, in the same order."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        return self.rank == 0

    def sum(self, numbers: Tensor) -> Tensor:
        """Of all processes."""
        if self.world > 1:
            numbers = numbers.to(self.device)
            dist.all_reduce(numbers)
        return numbers

    def any(self, here: bool) -> bool:
        return bool(self.sum(torch.tensor(float(here))) > 0)

    def gathered(self, here: list[str]) -> list[str]:
        """Of all processes."""
        if self.world == 1:
            return here
        everyone: list[list[str]] = [[] for _ in range(self.world)]
        dist.all_gather_object(everyone, here)
        return [name for names in everyone for name in names]

    def wait(self) -> None:
        if self.world > 1:
            dist.barrier()


@contextmanager
def started() -> Iterator[Ranks]:
    """This process among those that torchrun started, or alone. On GPUs, each has its own."""
    world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    gpu = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if gpu else torch.device("cpu")
    if gpu:
        torch.cuda.set_device(device)
    if world > 1:
        dist.init_process_group("nccl" if gpu else "gloo", device_id=device if gpu else None)
    try:
        yield Ranks(rank, world, device)
    finally:
        if world > 1:
            dist.destroy_process_group()


def spread(model: nn.Module, ranks: Ranks, parallel: Parallel) -> nn.Module:
    """What to call in the place of `model`, which is spread over the processes.

    FSDP2 takes the model as one piece: its weights are gathered once a batch, and each process keeps a part of the weights, the
    gradients and the optimiser's state.
    """
    if ranks.world == 1:
        return model
    if parallel == "fsdp":
        fully_shard(model, mesh=init_device_mesh(ranks.device.type, (ranks.world,)))
        return model
    gpu = [ranks.device.index] if ranks.device.type == "cuda" else None
    return DistributedDataParallel(model, device_ids=gpu, gradient_as_bucket_view=True)


@contextmanager
def without_sync(model: nn.Module, hold: bool) -> Iterator[None]:
    """Gradients stay in their process if `hold`: more batches of the same step follow."""
    if isinstance(model, DistributedDataParallel) and hold:
        with model.no_sync():
            yield
    elif isinstance(model, FSDPModule):
        model.set_requires_gradient_sync(not hold)
        yield
    else:
        yield


def whole(x: Tensor) -> Tensor:
    """All of a tensor that may be cut up among the processes."""
    return x.full_tensor() if isinstance(x, DTensor) else x
