"""Warp and generate with the official code: liveportrait_official.py CHECKOUT, a copy of github.com/KwaiVGI/LivePortrait.

As its command line does, with half precision off. Constructor arguments are those of its src/config/models.yaml.
"""

import sys
from argparse import Namespace
from pathlib import Path

import protocol
import torch

DENSE_MOTION = {"block_expansion": 32, "max_features": 1024, "num_blocks": 5, "reshape_depth": 16, "compress": 4}
WARPING = {
    "num_kp": 21,
    "block_expansion": 64,
    "max_features": 512,
    "num_down_blocks": 2,
    "reshape_channel": 32,
    "estimate_occlusion_map": True,
    "dense_motion_params": DENSE_MOTION,
}
GENERATOR = {"upscale": 2, "block_expansion": 64, "max_features": 512, "num_down_blocks": 2}


def prepare(options: Namespace) -> protocol.Run:
    sys.path.insert(0, str(options.checkout))
    from src.modules.spade_generator import SPADEDecoder
    from src.modules.warping_network import WarpingNetwork

    warping, generator = WarpingNetwork(**WARPING), SPADEDecoder(**GENERATOR)
    warping.load_state_dict(torch.load(options.job / "warping_module.pth"))
    generator.load_state_dict(torch.load(options.job / "spade_generator.pth"))
    warping.eval()
    generator.eval()
    inputs = torch.load(options.job / "inputs.pt")
    frames = int(options.case)
    feature, source = (inputs[k].expand(frames, *inputs[k].shape[1:]) for k in ("feature", "source"))
    driving = inputs["driving"][:frames]

    def run() -> dict[str, torch.Tensor]:
        warped = warping(feature, kp_source=source, kp_driving=driving)
        return {"deformation": warped["deformation"], "image": generator(feature=warped["out"])}

    return run


if __name__ == "__main__":
    parser = protocol.parser()
    parser.add_argument("checkout", type=Path)
    protocol.serve(parser.parse_args(), prepare)
