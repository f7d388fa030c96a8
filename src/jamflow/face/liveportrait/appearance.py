"""The appearance feature extractor F: a picture to a volume of features, once per portrait.

Shapes: B batch, C channels, D depth, H height, W width.
"""

from torch import Tensor, nn

from jamflow.face.liveportrait.layers import DownBlock2d, ResBlock3d, SameBlock2d

DEPTH = 16


class AppearanceFeatureExtractor(nn.Module):
    """RGB (B, 3, H, W) in [0, 1] to features (B, 32, 16, H / 4, W / 4); the official size is 256 x 256."""

    def __init__(self) -> None:
        super().__init__()
        self.first = SameBlock2d(3, 64)
        self.down_blocks = nn.ModuleList([DownBlock2d(64, 128), DownBlock2d(128, 256)])
        self.second = nn.Conv2d(256, 32 * DEPTH, 1)
        self.resblocks_3d = nn.Sequential()
        for i in range(6):
            self.resblocks_3d.add_module(f"3dr{i}", ResBlock3d(32))

    def forward(self, rgb_bchw: Tensor) -> Tensor:
        x = self.first(rgb_bchw)
        for block in self.down_blocks:
            x = block(x)
        return self.resblocks_3d(self.second(x).unflatten(1, (-1, DEPTH)))
