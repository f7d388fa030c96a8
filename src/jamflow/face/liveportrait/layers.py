"""Convolution, batch norm and activation in the orders that LivePortrait uses. Key names are the official ones.

Shapes: B batch, C channels, D depth, H height, W width.
"""

from torch import Tensor, nn
from torch.nn import functional as F


class SameBlock2d(nn.Module):
    """Convolution, batch norm, activation."""

    def __init__(self, inputs: int, outputs: int, slope: float = 0.0):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)
        self.slope = slope

    def forward(self, x_bchw: Tensor) -> Tensor:
        return F.leaky_relu(self.norm(self.conv(x_bchw)), self.slope)


class DownBlock2d(nn.Module):
    """Convolution, batch norm, ReLU, half the size."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x_bchw: Tensor) -> Tensor:
        return F.avg_pool2d(F.relu(self.norm(self.conv(x_bchw))), 2)


class DownBlock3d(nn.Module):
    """Convolution, batch norm, ReLU, half the height and width; depth stays."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm3d(outputs)

    def forward(self, x_bcdhw: Tensor) -> Tensor:
        return F.avg_pool3d(F.relu(self.norm(self.conv(x_bcdhw))), (1, 2, 2))


class UpBlock3d(nn.Module):
    """Twice the height and width (nearest), convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm3d(outputs)

    def forward(self, x_bcdhw: Tensor) -> Tensor:
        up = F.interpolate(x_bcdhw, scale_factor=(1, 2, 2))
        return F.relu(self.norm(self.conv(up)))


class ResBlock3d(nn.Module):
    """Pre-activation residual block."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = nn.Conv3d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv3d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm3d(channels)
        self.norm2 = nn.BatchNorm3d(channels)

    def forward(self, x_bcdhw: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x_bcdhw)))
        return x_bcdhw + self.conv2(F.relu(self.norm2(y)))
