"""The five official files, as published and as converted by others."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from golden import official_entries
from jamflow.errors import UserError
from jamflow.face.liveportrait.checkpoint import LivePortraitFiles, load_networks

FILES = {
    "appearance": "appearance_feature_extractor",
    "motion": "motion_extractor",
    "warping": "warping_module",
    "generator": "spade_generator",
}


@pytest.fixture(scope="module")
def states() -> dict[str, dict[str, Tensor]]:
    """Random tensors under the official names."""
    g = torch.Generator().manual_seed(0)
    return {
        name: {
            key: torch.zeros((), dtype=torch.long) if key.endswith("tracked") else torch.randn(shape, generator=g)
            for key, shape in official_entries("liveportrait", name).items()
        }
        for name in (*FILES.values(), "stitching", "eye", "lip")
    }


def small_ones(states: dict[str, dict[str, Tensor]]) -> dict[str, dict[str, Tensor]]:
    return {"retarget_shoulder": states["stitching"], "retarget_mouth": states["lip"], "retarget_eye": states["eye"]}


def write(states: dict[str, dict[str, Tensor]], folder: Path, community: bool) -> LivePortraitFiles:
    paths = {}
    for field, name in FILES.items():
        paths[field] = folder / f"{name}.{'safetensors' if community else 'pth'}"
        (save_file if community else torch.save)(states[name], paths[field])
    paths["retargeting"] = folder / f"stitching_retargeting_module.{'safetensors' if community else 'pth'}"
    small = small_ones(states)
    if community:
        flat = {f"{part}_module.{k}": v for part, state in small.items() for k, v in state.items()}
        save_file(flat, paths["retargeting"])
    else:
        nested = {part: {f"module.{k}": v for k, v in state.items()} for part, state in small.items()}
        torch.save(nested | {"something_else": {"module.x": torch.zeros(5)}}, paths["retargeting"])
    return LivePortraitFiles(**paths)


@pytest.mark.parametrize("community", [False, True])
def test_all_networks_load(states: dict[str, dict[str, Tensor]], tmp_path: Path, community: bool) -> None:
    networks = load_networks(write(states, tmp_path, community))
    for name in ("stitching", "eye", "lip"):
        for key, value in getattr(networks, name).state_dict().items():
            assert torch.equal(value, states[name][key])
    key = "detector.stages.2.8.grn.gamma"
    assert torch.equal(networks.motion.state_dict()[key], states["motion_extractor"][key])
    raw = states["spade_generator"]
    weight, u, v = (raw[f"up_0.conv_s.weight_{x}"] for x in ("orig", "u", "v"))
    loaded = networks.generator.get_parameter("blocks.up_0.conv_s.weight")
    torch.testing.assert_close(loaded, weight / (u @ weight.flatten(1) @ v))
    assert not networks.warping.training


def test_files_in_each_others_place_are_named(states: dict[str, dict[str, Tensor]], tmp_path: Path) -> None:
    files = write(states, tmp_path, False)
    swapped = LivePortraitFiles(**(vars(files) | {"appearance": files.generator}))
    with pytest.raises(UserError, match=r"spade_generator\.pth is not a checkpoint of LivePortrait's Appearance"):
        load_networks(swapped)
