"""LivePortrait's networks for tests: with weights by the filling rule, and stand-ins that take no time."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from golden import Golden, official_entries
from jamflow.face.liveportrait.appearance import AppearanceFeatureExtractor
from jamflow.face.liveportrait.checkpoint import LivePortraitNetworks, fold_spectral_norm
from jamflow.face.liveportrait.generator import SPADEDecoder
from jamflow.face.liveportrait.layers import fold
from jamflow.face.liveportrait.motion_extractor import KeyPointMotion, MotionExtractor
from jamflow.face.liveportrait.retargeting import eye_network, lip_network, stitching_network
from jamflow.face.liveportrait.spade_folded import FoldedDecoder
from jamflow.face.liveportrait.warping import Warped, WarpingNetwork
from jamflow.weights.tensors import load_strictly


def filled(golden: Golden, name: str, module: nn.Module) -> nn.Module:
    """The official state dict by the rule, through our adapter, folded as `load_networks` does."""
    values = golden.fill_rule.fill_state_dict(name, official_entries("liveportrait", name))
    state = {k: torch.as_tensor(v) for k, v in values.items()}
    load_strictly(module, fold_spectral_norm(state), "file", name)
    fold(module)
    return (FoldedDecoder(module) if isinstance(module, SPADEDecoder) else module).eval().requires_grad_(False)


def filled_networks(golden: Golden) -> LivePortraitNetworks:
    parts = {
        "appearance_feature_extractor": AppearanceFeatureExtractor(),
        "motion_extractor": MotionExtractor(),
        "warping_module": WarpingNetwork(),
        "spade_generator": SPADEDecoder(),
        "stitching": stitching_network(),
        "eye": eye_network(),
        "lip": lip_network(),
    }
    return LivePortraitNetworks(*(filled(golden, name, module) for name, module in parts.items()))  # pyright: ignore


class StandInAppearance(nn.Module):
    """The features are the picture itself: (B, 3, 1, 256, 256)."""

    def forward(self, rgb_bchw: Tensor) -> Tensor:
        return rgb_bchw[:, :, None]


class StandInMotion(nn.Module):
    """Reads the picture's mean colours as motion; remembers what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, rgb_bchw: Tensor) -> KeyPointMotion:
        self.seen.append(rgb_bchw)
        cells = F.adaptive_avg_pool2d(rgb_bchw, (3, 7)).flatten(1).unflatten(1, (21, 3)) - 0.5
        red, green, blue = rgb_bchw.mean((2, 3)).unbind(1)
        lines = torch.linspace(-0.5, 0.5, 63, device=rgb_bchw.device).view(1, 21, 3).expand(len(rgb_bchw), -1, -1)
        shift = torch.stack([red, green, blue], dim=1) - 0.5
        return KeyPointMotion(lines, 0.1 * cells, 20 * red, 10 * green, 5 * blue, shift, 1 + red[:, None])


class StandInWarping(nn.Module):
    """Makes the picture brighter by how far the key points were moved to the right."""

    def forward(self, feature_bcdhw: Tensor, driving_bk3: Tensor, source_bk3: Tensor) -> Warped:
        moved = (driving_bk3 - source_bk3)[..., 0].mean(1)
        feature = feature_bcdhw[:, :, 0] + moved[:, None, None, None]
        return Warped(feature, torch.ones_like(feature[:, :1]), feature.new_zeros(len(moved), 1, 1, 1, 3))


class StandInGenerator(nn.Module):
    """Twice the size."""

    def forward(self, feature_bchw: Tensor) -> Tensor:
        return F.interpolate(feature_bchw, scale_factor=2, mode="bilinear").clamp(0, 1)


class TintedGenerator(StandInGenerator):
    """Softer than the picture and of another colour, as decoders are."""

    def forward(self, feature_bchw: Tensor) -> Tensor:
        tint = feature_bchw.new_tensor([0.06, -0.02, -0.06]).view(3, 1, 1)
        return super().forward(F.avg_pool2d(0.8 * feature_bchw + 0.1, 5, 1, 2) + tint)


def stand_ins() -> LivePortraitNetworks:
    """Networks that can be followed by eye and take no time. The small ones are the real ones, with random weights."""
    torch.manual_seed(0)
    small = (network().eval().requires_grad_(False) for network in (stitching_network, eye_network, lip_network))
    large = (StandInAppearance(), StandInMotion(), StandInWarping(), StandInGenerator())
    return LivePortraitNetworks(*large, *small)  # pyright: ignore
