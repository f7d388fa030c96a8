"""LivePortrait's networks with weights by the filling rule, through our adapter."""

import json

import torch
from torch import nn

from golden import SHARED, Golden
from jamflow.face.liveportrait.appearance import AppearanceFeatureExtractor
from jamflow.face.liveportrait.checkpoint import LivePortraitNetworks, fold_spectral_norm
from jamflow.face.liveportrait.generator import SPADEDecoder
from jamflow.face.liveportrait.motion_extractor import MotionExtractor
from jamflow.face.liveportrait.retargeting import eye_network, lip_network, stitching_network
from jamflow.face.liveportrait.warping import WarpingNetwork
from jamflow.weights.tensors import load_strictly


def filled(golden: Golden, name: str, module: nn.Module) -> nn.Module:
    """The official state dict by the rule, through our adapter."""
    manifest = json.loads((SHARED / "golden/liveportrait/state_dict_manifest.json").read_text())
    shapes = {key: tuple(shape) for key, shape, *_ in manifest["modules"][name]["entries"]}
    state = {k: torch.as_tensor(v) for k, v in golden.fill_rule.fill_state_dict(name, shapes).items()}
    load_strictly(module, fold_spectral_norm(state), "file", name)
    return module.eval().requires_grad_(False)


def filled_networks(golden: Golden) -> LivePortraitNetworks:
    parts = {
        "appearance_feature_extractor": AppearanceFeatureExtractor(), "motion_extractor": MotionExtractor(),
        "warping_module": WarpingNetwork(), "spade_generator": SPADEDecoder(), "stitching": stitching_network(),
        "eye": eye_network(), "lip": lip_network(),
    }  # fmt: skip
    return LivePortraitNetworks(*(filled(golden, name, module) for name, module in parts.items()))  # pyright: ignore
