"""Linear layers by the fastest matrix product at hand.

PyTorch gives single precision products on a CPU to MKL, which keeps to its slow paths on processors of other makers than
Intel: 80 against oneDNN's 190 GFLOP/s on a Zen 5 core. PyTorch has oneDNN's product too, but reaches for it only in
reduced precision; here it is called by name, where no gradient is asked for. The activation comes in the same pass.
"""

import platform
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Gelu = Literal["none", "tanh"]  # which approximation, as PyTorch names them


# Whether this build of PyTorch has oneDNN's product, on the kind of processor on which it was measured.
ONEDNN = platform.machine() in ("x86_64", "AMD64") and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None, gelu: Gelu | None = None) -> Tensor:
    """x @ weight.T + bias, then GELU if asked for. x: (..., in); weight: (out, in); bias: (out,)."""
    if (
        x.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
        and ONEDNN
        and not torch.compiler.is_compiling()  # compiled code chooses its own product
    ):
        activation = "none" if gelu is None else "gelu"
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, activation, [], gelu or "")
    y = F.linear(x, weight, bias)
    return y if gelu is None else F.gelu(y, approximate=gelu)


class Linear(nn.Linear):
    """nn.Linear by the fastest product."""

    def forward(self, input: Tensor) -> Tensor:
        return linear(input, self.weight, self.bias)


class LinearGelu(nn.Linear):
    """A linear layer and the GELU after it."""

    def __init__(self, in_features: int, out_features: int, gelu: Gelu = "none"):
        super().__init__(in_features, out_features)
        self.gelu: Gelu = gelu

    def forward(self, input: Tensor) -> Tensor:
        return linear(input, self.weight, self.bias, self.gelu)
