"""The generator G (SPADE): a warped feature to a picture. Spectral norm is folded into the weights on loading.

Shapes: B batch, C channels, H height, W width.
"""

from torch import Tensor, nn
from torch.nn import functional as F

_FEATURE, _HIDDEN = 256, 128  # channels of the feature, and between it and scale and shift


class SPADE(nn.Module):
    """Instance norm whose scale and shift are computed from the feature."""

    def __init__(self, channels: int):
        super().__init__()
        self.mlp_shared = nn.Sequential(nn.Conv2d(_FEATURE, _HIDDEN, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(_HIDDEN, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(_HIDDEN, channels, 3, padding=1)

    def forward(self, x_bchw: Tensor, feature_bchw: Tensor) -> Tensor:
        shared = self.mlp_shared(F.interpolate(feature_bchw, size=x_bchw.shape[2:]))
        return F.instance_norm(x_bchw, eps=1e-5) * (1 + self.mlp_gamma(shared)) + self.mlp_beta(shared)


class SPADEBlock(nn.Module):
    """Two normalised convolutions and a shortcut, which is a normalised convolution where the width changes."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        middle = min(inputs, outputs)
        self.conv_0 = nn.Conv2d(inputs, middle, 3, padding=1)
        self.conv_1 = nn.Conv2d(middle, outputs, 3, padding=1)
        self.norm_0 = SPADE(inputs)
        self.norm_1 = SPADE(middle)
        self.widens = inputs != outputs
        if self.widens:
            self.conv_s = nn.Conv2d(inputs, outputs, 1, bias=False)
            self.norm_s = SPADE(inputs)

    def forward(self, x_bchw: Tensor, feature_bchw: Tensor) -> Tensor:
        short = self.conv_s(self.norm_s(x_bchw, feature_bchw)) if self.widens else x_bchw
        y = self.conv_0(F.leaky_relu(self.norm_0(x_bchw, feature_bchw), 0.2))
        return short + self.conv_1(F.leaky_relu(self.norm_1(y, feature_bchw), 0.2))


class SPADEDecoder(nn.Module):
    """Feature (B, 256, 64, 64) to RGB (B, 3, 512, 512) in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Conv2d(256, 512, 3, padding=1)
        for i in range(6):
            self.add_module(f"G_middle_{i}", SPADEBlock(512, 512))
        self.up_0 = SPADEBlock(512, 256)
        self.up_1 = SPADEBlock(256, 64)
        self.conv_img = nn.Sequential(nn.Conv2d(64, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, feature_bchw: Tensor) -> Tensor:
        x = self.fc(feature_bchw)
        for i in range(6):
            x = self.get_submodule(f"G_middle_{i}")(x, feature_bchw)
        x = self.up_0(F.interpolate(x, scale_factor=2), feature_bchw)
        x = self.up_1(F.interpolate(x, scale_factor=2), feature_bchw)
        return self.conv_img(F.leaky_relu(x, 0.2)).sigmoid()
