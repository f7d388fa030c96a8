"""Mean and spread per channel of the corpus, as `model.normalise.Normaliser` needs them.

Shapes: N examples, C channels.
"""

import numpy as np
import torch
from torch import Tensor

from jamflow.data.batches import Packer
from jamflow.data.features import Example
from jamflow.data.lips import Lips, articulated
from jamflow.model.config import JointConfig


def statistics(
    examples: list[Example], config: JointConfig, rng: np.random.Generator, lips: Lips = articulated
) -> dict[str, Tensor]:
    """Mean and floored standard deviation per channel of both streams, for normalisation. Lips that are unknown do not count."""
    packer = Packer(examples, config, rng, lips=lips)
    batch = packer.batch(64, 240)
    mel = batch.mel_bac.reshape(-1, config.mel.bands)
    mouth = batch.mouth_btc[batch.lips_b].reshape(-1, config.motion.mouth_channels)
    clue = batch.clue_btc[batch.lips_b].reshape(-1, config.motion.clue_channels)
    out = {}
    for name, x, floor in (("mel", mel, 0.5), ("mouth", mouth, 0.03), ("clue", clue, 0.05)):
        out[f"{name}_mean"], out[f"{name}_std"] = _mean_and_std(x, floor)
    return out


def _mean_and_std(x_nc: Tensor, floor: float) -> tuple[Tensor, Tensor]:
    """(C,) each. The spread is at least `floor`, so that channels that hardly move are not scaled up to a spread of 1.

    Without examples they are 0 and 1.
    """
    if not len(x_nc):
        return torch.zeros(x_nc.shape[1]), torch.ones(x_nc.shape[1])
    return x_nc.mean(0), x_nc.std(0, correction=0).clamp(min=floor)
