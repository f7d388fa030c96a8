"""The three small networks that adjust key points: stitching, eyes and lips.

Shapes: B batch, K key points (21).
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from jamflow.face.liveportrait.keypoints import KEY_POINTS


class RetargetingNetwork(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, *sizes: int):
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.mlp = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        return self.mlp(x)


def stitching_network() -> RetargetingNetwork:
    return RetargetingNetwork(6 * KEY_POINTS, 128, 128, 64, 3 * KEY_POINTS + 2)


def eye_network() -> RetargetingNetwork:
    return RetargetingNetwork(3 * KEY_POINTS + 3, 256, 256, 128, 128, 64, 3 * KEY_POINTS)


def lip_network() -> RetargetingNetwork:
    return RetargetingNetwork(3 * KEY_POINTS + 2, 128, 128, 64, 3 * KEY_POINTS)


def stitch(network: RetargetingNetwork, source_bk3: Tensor, driving_bk3: Tensor) -> Tensor:
    """Driving key points (B, K, 3), corrected so that the shoulders stay at the source's."""
    out = network(torch.cat([source_bk3.flatten(1), driving_bk3.flatten(1)], dim=1))
    moved = driving_bk3 + out[:, :-2].unflatten(1, (KEY_POINTS, 3))
    return torch.cat([moved[..., :2] + out[:, None, -2:], moved[..., 2:]], dim=-1)


def retarget(network: RetargetingNetwork, source_bk3: Tensor, ratios_bn: Tensor) -> Tensor:
    """Offsets (B, K, 3) that bring the source to opening ratios: of eyes (left, right, target) or lips (source, target)."""
    return network(torch.cat([source_bk3.flatten(1), ratios_bn], dim=1)).unflatten(1, (KEY_POINTS, 3))
