"""A block of small networks that read speech frame by frame: the recogniser, and the teacher of lips.

Shapes: B recordings, F frames, D width.
"""

from torch import Tensor, nn
from torch.nn import functional as F


class DilatedBlock(nn.Module):
    """Depthwise dilated convolution over time, then a feed-forward layer, both added to (B, F, D): as in ConvNeXt."""

    def __init__(self, dim: int, kernel: int, dilation: int, dropout: float = 0.0):
        super().__init__()
        self.mix = nn.Conv1d(dim, dim, kernel, padding=kernel // 2 * dilation, dilation=dilation, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.up, self.down = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, x_bfd: Tensor) -> Tensor:
        y = self.norm(self.mix(x_bfd.transpose(1, 2)).transpose(1, 2))
        return x_bfd + self.drop(self.down(F.gelu(self.up(y))))
