"""The generator for inference: equals `SPADEDecoder` up to rounding, with less work and memory.

- One convolution gives scale and shift of a SPADE layer; its bias includes the 1 of "1 + scale".
- Values that upsampling would repeat are computed once: instance norm runs before upsampling, and `mlp_shared` of the upsampled
  feature on the small grid (`upsampled.py`).
- The shortcut's 1x1 convolution is linear, so its shift is computed at the output's width, not the input's.
- Scale and shift are computed and used strip by strip; for a whole picture they would take 134 MB at 256 x 256.
- The largest convolutions take half the multiplications (`winograd.py`).

Shapes: B batch, C channels, H height, W width.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.face.liveportrait.generator import SPADE, SPADEBlock, SPADEDecoder
from jamflow.face.liveportrait.upsampled import UpsampledConv
from jamflow.face.liveportrait.winograd import Conv3, conv3

_STRIP_PIXELS = 4096  # scale and shift of a strip fit in the processor's cache


class FoldedDecoder(nn.Module):
    """Feature (B, 256, 64, 64) to RGB (B, 3, 512, 512) in [0, 1]."""

    def __init__(self, decoder: SPADEDecoder):
        super().__init__()
        self.fc = decoder.fc
        factors = {**{f"G_middle_{i}": 1 for i in range(6)}, "up_0": 2, "up_1": 4}
        self.blocks = nn.ModuleDict({name: _Block(decoder.get_submodule(name), factor) for name, factor in factors.items()})
        self.conv_img = decoder.conv_img

    def forward(self, feature_bchw: Tensor) -> Tensor:
        if feature_bchw.device.type == "cpu":  # one frame at a time saves memory and is not slower
            return torch.cat([self._draw(frame) for frame in feature_bchw.split(1)])
        return self._draw(feature_bchw)

    def _draw(self, feature_bchw: Tensor) -> Tensor:
        x = self.fc(feature_bchw)
        for block in self.blocks.values():
            x = block(x, feature_bchw)
        return self.conv_img(F.leaky_relu(x, 0.2)).sigmoid()


class _Block(nn.Module):
    """A `SPADEBlock` on a feature upsampled `factor` times; x is upsampled twice unless the factor is 1."""

    def __init__(self, block: nn.Module, factor: int):
        super().__init__()
        assert isinstance(block, SPADEBlock)
        halved = factor == 1  # measured: Winograd gains nothing on larger pictures
        self.conv_0, self.conv_1 = (Conv3(conv) if halved else conv for conv in (block.conv_0, block.conv_1))
        self.norm_0 = _Modulation(block.norm_0, factor)
        self.norm_1 = _Modulation(block.norm_1, factor)
        self.conv_s = block.conv_s if block.widens else None
        self.norm_s = _Modulation(block.norm_s, factor, block.conv_s) if block.widens else None

    def forward(self, x_bchw: Tensor, feature_bchw: Tensor) -> Tensor:
        normal = F.instance_norm(x_bchw, eps=1e-5)
        y = self.conv_0(self.norm_0(normal, feature_bchw))
        y = self.conv_1(self.norm_1(F.instance_norm(y, eps=1e-5), feature_bchw))
        return y + (x_bchw if self.norm_s is None else self.norm_s(normal, feature_bchw))


class _Modulation(nn.Module):
    """SPADE without its instance norm, then leaky ReLU or, if given, a 1x1 convolution."""

    def __init__(self, spade: SPADE, factor: int, after: nn.Conv2d | None = None):
        super().__init__()
        shared = spade.mlp_shared[0]
        assert isinstance(shared, nn.Conv2d)
        self.shared = UpsampledConv(shared, factor) if factor > 1 else shared
        self.after = after
        self.outputs = spade.mlp_gamma.out_channels if after is None else after.out_channels
        gamma, beta = spade.mlp_gamma, spade.mlp_beta
        assert gamma.bias is not None and beta.bias is not None
        shift, shift_bias = beta.weight, beta.bias
        if after is not None:
            mix = after.weight.flatten(1).double()
            shift = torch.einsum("oc,cihw->oihw", mix, shift.double()).to(shift)
            shift_bias = (mix @ shift_bias.double()).to(shift_bias)
        self.weight = nn.Parameter(torch.cat([gamma.weight, shift]), requires_grad=False)
        self.bias = nn.Parameter(torch.cat([gamma.bias + 1, shift_bias]), requires_grad=False)

    def forward(self, normal_bchw: Tensor, feature_bchw: Tensor) -> Tensor:
        hidden = F.relu(self.shared(feature_bchw), inplace=True)
        height, width = hidden.shape[2:]
        factor = height // normal_bchw.shape[2]
        rows = max(1, _STRIP_PIXELS // (width * factor)) * factor if hidden.device.type == "cpu" else height
        out = hidden.new_empty(len(hidden), self.outputs, height, width)
        for top in range(0, height, rows):
            normal = normal_bchw[:, :, top // factor : (top + rows) // factor]
            if factor > 1:
                normal = F.interpolate(normal, scale_factor=factor)
            out[:, :, top : top + rows] = self._strip(normal, _with_neighbours(hidden, top, rows))
        return out

    def _strip(self, normal: Tensor, hidden: Tensor) -> Tensor:
        scale_shift = conv3(hidden, self.weight, self.bias)
        channels = normal.shape[1]
        scale, shift = scale_shift[:, :channels], scale_shift[:, channels:]
        if self.after is not None:
            return self.after(normal * scale) + shift
        return F.leaky_relu(torch.addcmul(shift, normal, scale), 0.2, inplace=True)


def _with_neighbours(x_bchw: Tensor, top: int, rows: int) -> Tensor:
    """Rows `top` to `top + rows` with one neighbour above and below; zeros outside the picture."""
    height = x_bchw.shape[2]
    first, last = max(top - 1, 0), min(top + rows + 1, height)
    return F.pad(x_bchw[:, :, first:last], (0, 0, int(top == 0), int(top + rows >= height)))
