"""Official LivePortrait state dicts to ours: spectral norm folded."""

import torch
from torch import Tensor


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
