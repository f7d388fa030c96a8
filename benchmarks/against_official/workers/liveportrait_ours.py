"""Warp and generate with JAM-Flow's networks."""

from argparse import Namespace

import protocol
import torch

from jamflow.face.liveportrait.checkpoint import LivePortraitFiles, load_networks


def prepare(options: Namespace) -> protocol.Run:
    names = ("appearance_feature_extractor", "motion_extractor", "warping_module", "spade_generator")
    paths = [options.job / f"{name}.pth" for name in (*names, "stitching_retargeting_module")]
    networks = load_networks(LivePortraitFiles(*paths))
    inputs = torch.load(options.job / "inputs.pt")
    frames = int(options.case)
    feature, source = (inputs[k].expand(frames, *inputs[k].shape[1:]) for k in ("feature", "source"))
    driving = inputs["driving"][:frames]

    def run() -> dict[str, torch.Tensor]:
        warped = networks.warping(feature, driving, source)
        return {"deformation": warped.deformation_bdhw3, "image": networks.generator(warped.feature_bchw)}

    return run


if __name__ == "__main__":
    protocol.serve(protocol.parser().parse_args(), prepare)
