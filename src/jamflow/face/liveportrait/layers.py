"""LivePortrait's blocks of convolution, batch norm and activation. Key names are the official ones.

Shapes: B batch, C channels, D depth, H height, W width.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.face.liveportrait.upsampled import UpsampledConv


class Foldable(nn.Module):
    """A block that can be folded after loading, to compute the same with less work."""

    def fold(self) -> None:
        """Folds in place, once, in eval mode. The official key names are lost."""
        raise NotImplementedError


def fold(network: nn.Module) -> None:
    """Folds every `Foldable` block of a network."""
    for module in list(network.modules()):
        if isinstance(module, Foldable):
            module.fold()


def fold_norm(block: nn.Module, conv_name: str = "conv", norm_name: str = "norm") -> None:
    """Folds a block's batch norm into the convolution before it; an identity replaces the norm."""
    conv, norm = block.get_submodule(conv_name), block.get_submodule(norm_name)
    assert isinstance(conv, nn.Conv2d | nn.Conv3d) and isinstance(norm, nn.BatchNorm2d | nn.BatchNorm3d)
    assert conv.bias is not None and norm.running_var is not None and norm.running_mean is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    with torch.no_grad():
        conv.weight.copy_(conv.weight * scale.view(-1, *[1] * (conv.weight.ndim - 1)))
        conv.bias.copy_((conv.bias - norm.running_mean) * scale + norm.bias)
    setattr(block, norm_name, nn.Identity())


class SameBlock2d(Foldable):
    """Convolution, batch norm, activation."""

    def __init__(self, inputs: int, outputs: int, slope: float = 0.0):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)
        self.slope = slope

    def fold(self) -> None:
        fold_norm(self)

    def forward(self, x_bchw: Tensor) -> Tensor:
        return F.leaky_relu(self.norm(self.conv(x_bchw)), self.slope)


class DownBlock2d(Foldable):
    """Convolution, batch norm, ReLU; halves height and width."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)

    def fold(self) -> None:
        fold_norm(self)

    def forward(self, x_bchw: Tensor) -> Tensor:
        return F.avg_pool2d(F.relu(self.norm(self.conv(x_bchw))), 2)


class DownBlock3d(Foldable):
    """Convolution, batch norm, ReLU; halves height and width, keeps depth."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm3d(outputs)

    def fold(self) -> None:
        fold_norm(self)

    def forward(self, x_bcdhw: Tensor) -> Tensor:
        return F.avg_pool3d(F.relu(self.norm(self.conv(x_bcdhw))), (1, 2, 2))


class UpConv3d(nn.Conv3d):
    """Doubles height and width (nearest), then convolves."""

    def forward(self, x_bcdhw: Tensor) -> Tensor:
        return super().forward(F.interpolate(x_bcdhw, scale_factor=(1, 2, 2)))


class UpBlock3d(Foldable):
    """Doubles height and width (nearest); then convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv: nn.Module = UpConv3d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm3d(outputs)

    def fold(self) -> None:
        fold_norm(self)
        assert isinstance(self.conv, UpConv3d)
        self.conv = UpsampledConv(self.conv, 2)

    def forward(self, x_bcdhw: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x_bcdhw)))


class ResBlock3d(Foldable):
    """Pre-activation residual block."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = nn.Conv3d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv3d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm3d(channels)
        self.norm2 = nn.BatchNorm3d(channels)

    def fold(self) -> None:
        fold_norm(self, "conv1", "norm2")  # norm1 cannot be folded: a ReLU follows it

    def forward(self, x_bcdhw: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x_bcdhw)))
        return x_bcdhw + self.conv2(F.relu(self.norm2(y)))
