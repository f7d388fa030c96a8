"""Part (c): LivePortrait's warp and generate, for one frame and for eight, with filled weights.

The weights and inputs follow the rule of the reference values (a generator of random numbers per tensor, variances that
keep activations of order 1).
"""

import sys
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.against_official.duel import Contender
from jamflow.errors import UserError
from jamflow.face.liveportrait.appearance import AppearanceFeatureExtractor
from jamflow.face.liveportrait.generator import SPADEDecoder
from jamflow.face.liveportrait.motion_extractor import MotionExtractor
from jamflow.face.liveportrait.retargeting import eye_network, lip_network, stitching_network
from jamflow.face.liveportrait.warping import WarpingNetwork

CASES = {"1": "warp + generate, 1 frame", "8": "warp + generate, 8 frames"}
WORKERS = Path(__file__).parent / "workers"


def contenders(reference: str) -> list[Contender]:
    """The official code, by the user's command, and ours.

    Raises:
        UserError: no command was given.
    """
    if not reference:
        raise UserError("There is nothing to compare LivePortrait with.", "Give --liveportrait-reference.")
    ours = [sys.executable, str(WORKERS / "liveportrait_ours.py")]
    return [Contender("official", reference.split()), Contender("jamflow", ours)]


def write_job(folder: Path) -> None:
    """The five checkpoints as the official project publishes them, and the inputs of 8 frames."""
    files = {
        "appearance_feature_extractor": AppearanceFeatureExtractor(),
        "motion_extractor": MotionExtractor(),
        "warping_module": WarpingNetwork(),
        "spade_generator": SPADEDecoder(),
    }
    for name, network in files.items():
        torch.save(_filled(name, network), folder / f"{name}.pth")
    small = {"shoulder": ("stitching", stitching_network()), "eye": ("eye", eye_network()), "mouth": ("lip", lip_network())}
    retargeting = {f"retarget_{part}": _filled(name, network) for part, (name, network) in small.items()}
    torch.save(retargeting, folder / "stitching_retargeting_module.pth")

    rng = np.random.default_rng(0)
    source = rng.uniform(-0.6, 0.6, (1, 21, 3))
    inputs = {
        "feature": rng.standard_normal((1, 32, 16, 64, 64)),
        "source": source,
        "driving": source + 0.15 * rng.standard_normal((8, 21, 3)),
    }
    torch.save({name: torch.from_numpy(x).float() for name, x in inputs.items()}, folder / "inputs.pt")


def _filled(name: str, network: nn.Module) -> dict[str, Tensor]:
    """A state dict with the official keys: ours, but for the generator's spectral norm, which we fold at loading."""
    out: dict[str, Tensor] = {}
    for key, like in network.state_dict().items():
        if name == "spade_generator" and key.rpartition(".")[0].endswith(("conv_0", "conv_1", "conv_s")) and like.ndim == 4:
            weight = _draw(name, f"{key}_orig", like)
            u, v = _norm_vectors(weight, _draw(name, f"{key}_u", like[:, 0, 0, 0]))
            out |= {f"{key}_orig": weight, f"{key}_u": u, f"{key}_v": v}
        else:
            out[key] = _draw(name, key, like)
    return out


def _norm_vectors(weight: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
    """u and v of the classic spectral norm, after one power iteration."""
    matrix = weight.double().flatten(1)
    v = nn.functional.normalize(matrix.T @ start.double(), dim=0)
    return nn.functional.normalize(matrix @ v, dim=0).float(), v.float()


def _draw(name: str, key: str, like: Tensor) -> Tensor:
    leaf = key.rpartition(".")[2]
    if leaf == "num_batches_tracked":
        return like.clone()
    n = np.random.default_rng(crc32(f"{name}:{key}".encode())).standard_normal(like.shape)
    if leaf == "running_var":
        x = 1 + 0.1 * abs(n)
    elif leaf in ("gamma", "beta"):
        x = 0.1 * n
    elif leaf == "weight" and like.ndim == 1:
        x = 1 + 0.02 * n
    elif leaf in ("weight", "weight_orig"):
        x = n * np.sqrt(1.5 / np.prod(like.shape[1:]))
    elif leaf == "weight_u":
        x = n
    else:  # biases and running means
        x = 0.02 * n
    return torch.from_numpy(x).float()
