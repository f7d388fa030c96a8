"""Official LivePortrait state dicts to ours: strict, spectral norm folded."""

import torch
from torch import Tensor, nn

from jamflow.errors import UserError


def fold_spectral_norm(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """`weight_orig / (u^T W v)` for every spectrally normalised weight, in either of PyTorch's namings."""
    out = {}
    for name, value in state.items():
        head, _, leaf = name.rpartition(".")
        if name.endswith(".parametrizations.weight.original"):
            head = name.removesuffix(".parametrizations.weight.original")
            u, v = (state[f"{head}.parametrizations.weight.0.{x}"] for x in ("_u", "_v"))
        elif leaf == "weight_orig":
            u, v = state[f"{head}.weight_u"], state[f"{head}.weight_v"]
        else:
            if leaf not in ("weight_u", "weight_v", "_u", "_v"):
                out[name] = value
            continue
        sigma = torch.dot(u.double(), value.double().flatten(1) @ v.double())
        out[f"{head}.weight"] = (value.double() / sigma).to(value.dtype)
    return out


def load_strictly(module: nn.Module, state: dict[str, Tensor], file: str) -> None:
    """Every key used, every leftover named.

    Raises:
        UserError: the file is of another network or incomplete.
    """
    own = module.state_dict()
    wrong = [k for k, v in state.items() if k in own and own[k].shape != v.shape]
    missing, extra = own.keys() - state.keys(), state.keys() - own.keys()
    for what, names in (("lacks", missing), ("has unknown", extra), ("has other shapes of", wrong)):
        if names:
            first = ", ".join(sorted(names)[:3])
            raise UserError(
                f"{file} is not a checkpoint of {type(module).__name__}: it {what} {len(names)} tensors ({first}, ...).",
                "Get the official file again.",
            )
    module.load_state_dict(state)
