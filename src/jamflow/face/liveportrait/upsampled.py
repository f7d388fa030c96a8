"""A convolution of a nearest-upsampled input, computed on the small grid.

Where the pixels under a kernel of 3 are copies of each other, its taps can be summed. Along height and width, an output pixel is
the first, an inner or the last copy of its small pixel, and each case has its own kernel:

    first copy    [w0, w1 + w2] on (previous, own)
    inner copy    [w0 + w1 + w2] on (own)
    last copy     [w0 + w1, w2] on (own, next)

Twice the size costs 16/36, four times 25/144 of the multiplications. Equal up to rounding.
"""

from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_TAPS = {"first": [[0], [1, 2]], "inner": [[0, 1, 2]], "last": [[0, 1], [2]]}


class UpsampledConv(nn.Module):
    """`conv(interpolate(x))` for a 2-D or 3-D convolution of kernel 3 and padding 1; depth, if any, is not upsampled.

    x (B, C, H, W) or (B, C, D, H, W) to (..., factor * H, factor * W); `factor` is 2 or more.
    """

    def __init__(self, conv: nn.Conv2d | nn.Conv3d, factor: int):
        super().__init__()
        self.factor, self.outputs = factor, conv.out_channels
        self.bias = conv.bias
        self.kinds = ["first", *["inner"] * (factor > 2), "last"]
        for rows, columns in product(self.kinds, self.kinds):
            kernel = _sum_taps(_sum_taps(conv.weight.detach(), -2, rows), -1, columns)
            self.register_parameter(f"{rows}_{columns}", nn.Parameter(kernel, requires_grad=False))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        padded = F.pad(x, (1, 1, 1, 1))
        convolve, padding = (F.conv2d, 0) if x.ndim == 4 else (F.conv3d, (1, 0, 0))
        shape = (*x.shape[:-2], height, self.factor, width, self.factor)
        out = padded.new_empty(shape[0], self.outputs, *shape[2:])
        for rows, columns in product(self.kinds, self.kinds):
            window = padded[..., _reach(rows, height), _reach(columns, width)]
            y = convolve(window, self.get_parameter(f"{rows}_{columns}"), self.bias, padding=padding)
            out[..., :, self._copies(rows), :, self._copies(columns)] = y[..., :, None, :, None]
        return out.flatten(-4, -3).flatten(-2)

    def _copies(self, kind: str) -> slice:
        return {"first": slice(0, 1), "inner": slice(1, -1), "last": slice(-1, None)}[kind]


def _sum_taps(weight: Tensor, dim: int, kind: str) -> Tensor:
    return torch.stack([weight.index_select(dim, torch.tensor(taps)).sum(dim) for taps in _TAPS[kind]], dim)


def _reach(kind: str, size: int) -> slice:
    """The part of an axis, padded by one at each end, under a kernel of this kind."""
    return {"first": slice(0, size + 1), "inner": slice(1, size + 1), "last": slice(1, size + 2)}[kind]
