"""What a model has learnt of a voice, small enough for a file: the difference in its weights, in low rank.

A voice with a name learns when its file is made, so that nobody waits for it; 16 MB of difference become half a megabyte, and
most of what was learnt stays (docs/decisions.md).
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from jamflow.errors import UserError

RANK = 4
_LEFT, _RIGHT, _WHOLE = ".left", ".right", ".whole"


def difference(before: nn.Module, after: nn.Module, rank: int = RANK) -> dict[str, Tensor]:
    """What was learnt between two copies of a module: for each matrix (O, I) two of rank `rank`, vectors as they are.

    Parameters that are the same, and kernels of convolutions, are left out.
    """
    out: dict[str, Tensor] = {}
    new = dict(after.named_parameters())
    for name, old in before.named_parameters():
        learnt = (new[name] - old).detach().float()
        if learnt.dim() > 2 or not learnt.any():
            continue
        if learnt.dim() == 2 and min(learnt.shape) > rank:
            left, strength, right = torch.linalg.svd(learnt, full_matrices=False)
            out[name + _LEFT], out[name + _RIGHT] = (
                left[:, :rank] * strength[:rank].sqrt(),
                strength[:rank, None].sqrt() * right[:rank],
            )
        else:
            out[name + _WHOLE] = learnt
    return out


@torch.no_grad()
def move(module: nn.Module, by: Mapping[str, Tensor]) -> None:
    """Add a difference to a module's weights.

    Raises:
        UserError: it is the difference of another module.
    """
    own = dict(module.named_parameters())
    for key in by:
        name, kind = key.rsplit(".", 1)
        if kind == "right":
            continue
        change = by[key] @ by[name + _RIGHT] if kind == "left" and name + _RIGHT in by else by[key]
        if name not in own or own[name].shape != change.shape:
            raise UserError("The voice was learnt by another model.", "Use files that were made together.")
        own[name].add_(change.to(own[name]))
