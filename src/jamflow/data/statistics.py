"""Mean and spread per channel, as `model.normalise.Normaliser` needs them.

Shapes: N examples, C channels.
"""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from jamflow.face.channels import split
from jamflow.face.motion import Motion, MotionSpace


def mean_and_std(x_nc: Tensor, floor: float) -> tuple[Tensor, Tensor]:
    """(C,) each. The spread is at least `floor`, so that a channel that hardly moves is not blown up to unit scale."""
    return x_nc.mean(0), x_nc.std(0, correction=0).clamp(min=floor)


def motion_statistics(motions: Iterable[Motion], space: MotionSpace, floor: float) -> dict[str, Tensor]:
    """Mean and spread of mouth and clue channels over all frames, under the names of `Normaliser`'s buffers.

    Args:
        motions: as tracked.
        space: whose key points they are.
        floor: the least spread, in the space's unit.
    """
    parts = [split(motion.expression_tk3, space) for motion in motions]
    out = {}
    for name, rows in zip(("mouth", "clue"), zip(*parts, strict=True), strict=True):
        out[f"{name}_mean"], out[f"{name}_std"] = mean_and_std(torch.from_numpy(np.concatenate(rows)), floor)
    return out
