"""Loads official LivePortrait checkpoints strictly, then folds the networks for inference."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from jamflow.face.liveportrait.appearance import AppearanceFeatureExtractor
from jamflow.face.liveportrait.generator import SPADEDecoder
from jamflow.face.liveportrait.layers import fold
from jamflow.face.liveportrait.motion_extractor import MotionExtractor
from jamflow.face.liveportrait.retargeting import RetargetingNetwork, eye_network, lip_network, stitching_network
from jamflow.face.liveportrait.spade_folded import FoldedDecoder
from jamflow.face.liveportrait.warping import WarpingNetwork
from jamflow.weights.foreign import read_checkpoint
from jamflow.weights.tensors import load_strictly

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class LivePortraitFiles:
    """Paths of the official files."""

    appearance: Path
    motion: Path
    warping: Path
    generator: Path
    retargeting: Path


@dataclass(frozen=True)
class LivePortraitNetworks:
    """All networks of the human model, ready for inference."""

    appearance: AppearanceFeatureExtractor
    motion: MotionExtractor
    warping: WarpingNetwork
    generator: FoldedDecoder
    stitching: RetargetingNetwork
    eye: RetargetingNetwork
    lip: RetargetingNetwork


def load_networks(files: LivePortraitFiles) -> LivePortraitNetworks:
    """Reads the five official files.

    Raises:
        UserError: a file cannot be read or is of another network; the message names it.
    """
    small = read_checkpoint(files.retargeting)
    parts = {
        name: _filled(network, _part(small, name), files.retargeting)
        for name, network in (
            ("retarget_shoulder", stitching_network()),
            ("retarget_eye", eye_network()),
            ("retarget_mouth", lip_network()),
        )
    }
    return LivePortraitNetworks(
        _filled(AppearanceFeatureExtractor(), read_checkpoint(files.appearance), files.appearance),
        _filled(MotionExtractor(), read_checkpoint(files.motion), files.motion),
        _filled(WarpingNetwork(), read_checkpoint(files.warping), files.warping),
        FoldedDecoder(_filled(SPADEDecoder(), fold_spectral_norm(read_checkpoint(files.generator)), files.generator)),
        *parts.values(),
    )


def fold_spectral_norm(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """`weight_orig / (u^T W v)` for every spectrally normalised weight, in both naming schemes of PyTorch."""
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


def _part(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """One of the retargeting networks. The official file holds several, and its keys have a data-parallel prefix.

    The community's safetensors conversion has "retarget_eye_module." where the official file has an inner dictionary.
    """
    out = {}
    for key, value in state.items():
        for prefix in (f"{name}/", f"{name}_module."):
            if key.startswith(prefix):
                out[key.removeprefix(prefix).replace("module.", "")] = value
    return out


def _filled(network: Network, state: dict[str, Tensor], path: Path) -> Network:
    load_strictly(network, state, path, f"LivePortrait's {type(network).__name__}")
    fold(network)
    return network.eval().requires_grad_(False)
