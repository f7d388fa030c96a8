"""The motion extractor M: a picture to head pose, expression and canonical key points (ConvNeXt V2 tiny).

Shapes: B batch, C channels, H height, W width, K key points (21).
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.face.liveportrait.keypoints import KEY_POINTS, degrees_from_bins

_DEPTHS, _WIDTHS, _BINS = (3, 3, 9, 3), (96, 192, 384, 768), 66


@dataclass(frozen=True)
class KeyPointMotion:
    """Motion extracted from pictures. Angles in degrees.

    canonical_bk3: key points of the person at rest; expression_bk3: added to them after rotation;
    pitch_b, yaw_b, roll_b; translation_b3; scale_b1.
    """

    canonical_bk3: Tensor
    expression_bk3: Tensor
    pitch_b: Tensor
    yaw_b: Tensor
    roll_b: Tensor
    translation_b3: Tensor
    scale_b1: Tensor


class ChannelsFirstLayerNorm(nn.Module):
    """Layer norm over the channels of (B, C, H, W)."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x_bchw: Tensor) -> Tensor:
        x = F.layer_norm(x_bchw.movedim(1, -1), self.weight.shape, self.weight, self.bias, 1e-6)
        return x.movedim(-1, 1)


class GRN(nn.Module):
    """Global response normalisation over height and width of (B, H, W, C)."""

    def __init__(self, channels: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, x_bhwc: Tensor) -> Tensor:
        size = torch.linalg.vector_norm(x_bhwc, dim=(1, 2), keepdim=True)
        return self.gamma * (x_bhwc * (size / (size.mean(-1, keepdim=True) + 1e-6))) + self.beta + x_bhwc


class Block(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.grn = GRN(4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)

    def forward(self, x_bchw: Tensor) -> Tensor:
        y_bhwc = self.norm(self.dwconv(x_bchw).movedim(1, -1))
        y_bhwc = self.pwconv2(self.grn(F.gelu(self.pwconv1(y_bhwc))))
        return x_bchw + y_bhwc.movedim(-1, 1)


class ConvNeXtV2(nn.Module):
    """RGB (B, 3, H, W) in [0, 1] to seven heads."""

    def __init__(self) -> None:
        super().__init__()
        self.downsample_layers = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(3, _WIDTHS[0], 4, stride=4), ChannelsFirstLayerNorm(_WIDTHS[0]))]
        )
        for before, after in pairwise(_WIDTHS):
            self.downsample_layers.append(nn.Sequential(ChannelsFirstLayerNorm(before), nn.Conv2d(before, after, 2, stride=2)))
        self.stages = nn.ModuleList(
            nn.Sequential(*[Block(width) for _ in range(depth)]) for depth, width in zip(_DEPTHS, _WIDTHS, strict=True)
        )
        self.norm = nn.LayerNorm(_WIDTHS[-1], eps=1e-6)
        sizes = {"kp": 3 * KEY_POINTS, "scale": 1, "pitch": _BINS, "yaw": _BINS, "roll": _BINS, "t": 3, "exp": 3 * KEY_POINTS}
        self.heads = tuple(sizes)
        for name, size in sizes.items():
            self.add_module(f"fc_{name}", nn.Linear(_WIDTHS[-1], size))

    def forward(self, rgb_bchw: Tensor) -> dict[str, Tensor]:
        x = rgb_bchw
        for shrink, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(shrink(x))
        x = self.norm(x.mean((-2, -1)))
        return {name: self.get_submodule(f"fc_{name}")(x) for name in self.heads}


class MotionExtractor(nn.Module):
    """RGB (B, 3, 256, 256) in [0, 1] to `KeyPointMotion`."""

    def __init__(self) -> None:
        super().__init__()
        self.detector = ConvNeXtV2()

    def forward(self, rgb_bchw: Tensor) -> KeyPointMotion:
        raw = {name: head.float() for name, head in self.detector(rgb_bchw).items()}
        pitch, yaw, roll = (degrees_from_bins(raw[name]) for name in ("pitch", "yaw", "roll"))
        kp, exp = (raw[name].unflatten(-1, (KEY_POINTS, 3)) for name in ("kp", "exp"))
        return KeyPointMotion(kp, exp, pitch, yaw, roll, raw["t"], raw["scale"])
