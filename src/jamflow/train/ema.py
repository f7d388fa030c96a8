"""Exponential moving average of a model's weights: what is shipped and what is evaluated."""

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor


class EMA:
    """Averages in float32. `decay` grows to its value over the first updates, so that the beginning is forgotten quickly."""

    def __init__(self, model: nn.Module, decay: float):
        self.decay = decay
        self.updates = 0
        self.average = {k: v.detach().clone().float() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        state = model.state_dict()
        floats = [k for k in self.average if state[k].is_floating_point()]
        averages, weights = [_here(self.average[k]) for k in floats], [_here(state[k]).float() for k in floats]
        torch._foreach_lerp_(averages, weights, 1 - decay)  # pyright: ignore[reportPrivateImportUsage]

    def state_dict(self) -> dict[str, Tensor | int]:
        return {"updates": self.updates, **self.average}

    def load_state_dict(self, state: dict) -> None:
        self.updates = int(state["updates"])
        for name, average in self.average.items():
            average.copy_(state[name])


def _here(x: Tensor) -> Tensor:
    """The part of a tensor that this process has, where a model is cut up among several (FSDP2)."""
    return x.to_local() if isinstance(x, DTensor) else x
