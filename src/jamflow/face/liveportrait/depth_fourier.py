"""A 3-D convolution as products of Fourier coefficients along depth.

A kernel of 7 taps over a depth of 16 needs 112 channel products per pixel and 2-D tap. A circular convolution over 19 samples
(16, plus 3 of padding that both sides share) needs one product per frequency: 1 real and 9 complex, 37 products in all. Each
frequency is an ordinary 2-D convolution.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DepthFourierConv(nn.Module):
    """Equals a "same" `nn.Conv3d` of odd kernel size, up to rounding, for inputs (B, C, D, H, W) of exactly this depth.

    A complex number is stored as two neighbouring channels, real and imaginary.
    """

    def __init__(self, conv: nn.Conv3d, depth: int):
        super().__init__()
        kernel = conv.weight.detach().double()
        taps = kernel.shape[2]
        samples = depth + taps // 2
        samples += 1 - samples % 2  # odd, so that only the first coefficient is real
        self.bias = conv.bias
        self.padding = conv.kernel_size[1] // 2
        self.weights, self.analysis, self.synthesis = nn.ParameterList(), nn.ParameterList(), nn.ParameterList()
        for k in range(samples // 2 + 1):
            turn = 2 * math.pi * k / samples
            angle = turn * torch.arange(depth, dtype=torch.float64)
            real, imaginary = (
                torch.einsum("ocdhw,d->ochw", kernel, wave(turn * (torch.arange(taps, dtype=torch.float64) - taps // 2)))
                for wave in (torch.cos, torch.sin)
            )
            if k == 0:
                self._keep(real, torch.ones(1, depth), torch.ones(depth, 1) / samples)
                continue
            rows = [torch.stack([real, -imaginary], 2), torch.stack([imaginary, real], 2)]
            waves = torch.stack([angle.cos(), -angle.sin()])
            self._keep(torch.stack(rows, 1).flatten(0, 1).flatten(1, 2), waves, waves.T * 2 / samples)

    def _keep(self, weight: Tensor, analysis: Tensor, synthesis: Tensor) -> None:
        for kept, value in ((self.weights, weight), (self.analysis, analysis), (self.synthesis, synthesis)):
            kept.append(nn.Parameter(value.float(), requires_grad=False))

    def forward(self, x_bcdhw: Tensor) -> Tensor:
        size = x_bcdhw.shape[-2:]
        x_bcdp = x_bcdhw.flatten(3)
        out_bcdp = None
        for weight, analysis, synthesis in zip(self.weights, self.analysis, self.synthesis, strict=True):
            coefficients = (analysis @ x_bcdp).flatten(1, 2).unflatten(-1, size)
            product = F.conv2d(coefficients, weight, padding=self.padding)
            part = synthesis @ product.unflatten(1, (-1, analysis.shape[0])).flatten(3)
            out_bcdp = part if out_bcdp is None else out_bcdp + part
        assert out_bcdp is not None and self.bias is not None
        return (out_bcdp + self.bias[:, None, None]).unflatten(-1, size)
