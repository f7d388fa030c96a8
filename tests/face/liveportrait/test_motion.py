"""Motion transfer under the official pipeline's options."""

from dataclasses import replace

import pytest
import torch

from golden import Golden
from jamflow.face.liveportrait.crop import eye_ratios, lip_ratio
from jamflow.face.liveportrait.keypoints import rotation_matrix
from jamflow.face.liveportrait.motion import Adjustments, Frames, adjust, transfer
from jamflow.face.liveportrait.retargeting import eye_network, lip_network, stitching_network
from jamflow.face.motion import Transfer

CASES = [
    "abs_all",
    "abs_all_stitch",
    "abs_all_stitch_eye_lip_retarget",
    "abs_exp",
    "abs_eyes",
    "abs_lip",
    "abs_pose",
    "image_driven_abs_all",
    "image_driven_rel_all",
    "image_driven_rel_eyes",
    "image_driven_rel_lip",
    "rel_all",
    "rel_all_expression_friendly",
    "rel_all_normalize_lip_nostitch",
    "rel_all_stitch",
    "rel_all_stitch_expression_friendly",
    "rel_all_stitch_eye_retarget",
    "rel_all_stitch_lip_retarget",
    "rel_all_stitch_multiplier_1.5",
    "rel_all_stitch_normalize_lip",
    "rel_exp",
    "rel_eyes",
    "rel_lip",
    "rel_pose",
]


def frames(golden: Golden, who: str, count: int | None = None) -> Frames:
    p = {name: golden.input(f"{who}/{name}")[:count] for name in ("kp", "exp", "pitch", "yaw", "roll", "t", "scale")}
    return Frames(p["kp"], rotation_matrix(p["pitch"], p["yaw"], p["roll"]), p["exp"], p["t"], p["scale"])


@pytest.mark.parametrize("case", CASES)
def test_driving_key_points(case: str) -> None:
    golden = Golden("liveportrait", "pipeline_motion.npz")
    options = golden.meta["cases"][case]
    source = frames(golden, "source")
    driving = frames(golden, "driving", options.get("k"))
    how = Transfer(
        relative=options.get("flag_relative_motion", True),
        region=options.get("animation_region", "all"),
        multiplier=options.get("driving_multiplier", 1.0),
    )
    anchor = Frames(*(x[:1] for x in vars(driving).values()))
    if options.get("k") == 1:  # a single picture is compared with a neutral expression
        neutral = golden.input("lip_array").reshape(1, 21, 3)
        anchor = replace(anchor, expression_tk3=torch.zeros_like(neutral) if how.region == "eyes" else neutral)
    networks = {"stitching": stitching_network(), "eye": eye_network(), "lip": lip_network()}
    for name, network in networks.items():
        golden.fill(network, name)
        network.eval().requires_grad_(False)
    landmarks = golden.input("source_lmk203").numpy()
    eyes, lips = torch.from_numpy(eye_ratios(landmarks)), torch.from_numpy(lip_ratio(landmarks))
    n = len(driving.rotation_t33)
    by = Adjustments(
        stitching=networks["stitching"] if options.get("flag_stitching", True) else None,
        eye=networks["eye"] if options.get("flag_eye_retargeting") else None,
        lip=networks["lip"] if options.get("flag_lip_retargeting") else None,
        eye_ratios_t3=torch.cat([eyes.expand(n, 2), golden.input("c_eyes")[:n, 0, :1]], dim=1),
        lip_ratios_t2=torch.cat([lips.expand(n, 1), golden.input("c_lip")[:n, 0]], dim=1),
        close_lips=(networks["lip"], float(lips)) if options.get("flag_normalize_lip") else None,
    )
    x_d = adjust(source.keypoints(), transfer(source, driving, how, anchor).keypoints(), how, by)
    golden.check(f"case/{case}/x_d", x_d, atol=1e-5)
    if f"case/{case}/x_s" in golden.meta["tensors"]:
        golden.check(f"case/{case}/x_s", source.keypoints().expand(n, -1, -1), atol=1e-5)
