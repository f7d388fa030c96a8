"""Recomputes the values in `liveportrait/` with the official code, and fails where one differs. README.md says how to run it.

The official face detector is not needed and not imported: key points and landmarks are given.
"""

import contextlib
import pickle
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
import torch
import yaml
from torch import Tensor

from golden import Golden, official_entries

sys.modules["src.utils.cropper"] = mock.MagicMock()  # it imports InsightFace, whose models are not free

from src import live_portrait_pipeline as pipeline
from src.config.inference_config import InferenceConfig
from src.live_portrait_wrapper import LivePortraitWrapper
from src.modules.appearance_feature_extractor import AppearanceFeatureExtractor
from src.modules.motion_extractor import MotionExtractor
from src.modules.spade_generator import SPADEDecoder
from src.modules.stitching_retargeting_network import StitchingRetargetingNetwork
from src.modules.warping_network import WarpingNetwork
from src.utils.camera import get_rotation_matrix, headpose_pred_to_degree
from src.utils.crop import crop_image, crop_image_by_bbox, parse_bbox_from_landmark, paste_back, prepare_paste_back
from src.utils.retargeting_utils import calc_eye_close_ratio, calc_lip_close_ratio

PARTS = {
    "appearance_feature_extractor": AppearanceFeatureExtractor,
    "motion_extractor": MotionExtractor,
    "warping_module": WarpingNetwork,
    "spade_generator": SPADEDecoder,
}
MOTION = ("kp", "exp", "pitch", "yaw", "roll", "t", "scale")


def wrapper() -> LivePortraitWrapper:
    """The official wrapper with every network, filled by the rule instead of read from files."""
    out = LivePortraitWrapper.__new__(LivePortraitWrapper)
    out.inference_cfg = InferenceConfig(flag_use_half_precision=False, flag_do_crop=False)
    out.device, out.compile = "cpu", False
    settings = yaml.safe_load(Path(out.inference_cfg.models_config).read_text())["model_params"]
    for name, network in PARTS.items():
        setattr(out, name, filled(name, network(**settings[f"{name}_params"])))
    small = settings["stitching_retargeting_module_params"]
    out.stitching_retargeting_module = {n: filled(n, StitchingRetargetingNetwork(**small[n])) for n in small}
    return out


def filled(name: str, network: torch.nn.Module) -> torch.nn.Module:
    shapes = official_entries("liveportrait", name)
    assert shapes == {key: tuple(value.shape) for key, value in network.state_dict().items()}
    values = Golden("liveportrait", "keypoints.npz").fill_rule.fill_state_dict(name, shapes)
    network.load_state_dict({k: torch.as_tensor(v) for k, v in values.items()})
    return network.eval().requires_grad_(False)


def networks(lp: LivePortraitWrapper) -> None:
    for size in ("full", "small"):
        g = Golden("liveportrait", "appearance_feature_extractor.npz")
        g.check(f"{size}/feature_3d", lp.appearance_feature_extractor(g.input(f"{size}/image")), atol=5e-5)
        g = Golden("liveportrait", "motion_extractor.npz")
        for name, value in lp.motion_extractor(g.input(f"{size}/image")).items():
            g.check(f"{size}/raw/{name}", value, atol=2e-5)
        g = Golden("liveportrait", "warping_module.npz")
        feature, driving, source = (g.input(f"{size}/{name}") for name in ("feature_3d", "kp_driving", "kp_source"))
        warped = lp.warping_module(feature, kp_driving=driving, kp_source=source)
        for name, atol in {"deformation": 5e-6, "occlusion_map": 1e-5, "out": 1e-4}.items():
            g.check(f"{size}/{name}", warped[name], atol)
        g = Golden("liveportrait", "spade_generator.npz")
        g.check(f"{size}/image", lp.spade_generator(g.input(f"{size}/feature")), atol=1e-5)
    g = Golden("liveportrait", "stitching_retargeting.npz")
    for name, network in lp.stitching_retargeting_module.items():
        g.check(f"{name}/y", network(g.input(f"{name}/x")), atol=5e-6)
    source = g.input("kp_source")
    g.check("wrapper/stitching", lp.stitching(source, g.input("kp_driving")), atol=5e-6)
    g.check("wrapper/retarget_eye", lp.retarget_eye(source, g.input("eye_close_ratio")), atol=5e-6)
    g.check("wrapper/retarget_lip", lp.retarget_lip(source, g.input("lip_close_ratio")), atol=5e-6)


def key_points(lp: LivePortraitWrapper) -> None:
    g = Golden("liveportrait", "keypoints.npz")
    g.check("rotation_matrix", get_rotation_matrix(*g.input("angles_pitch_yaw_roll").T), atol=1e-5)
    g.check("headpose_degree", headpose_pred_to_degree(g.input("headpose_logits")), atol=2e-4)
    g.check("transform_keypoint", lp.transform_keypoint({n: g.input(f"params/{n}") for n in MOTION}), atol=1e-5)


def chain(lp: LivePortraitWrapper) -> None:
    g = Golden("liveportrait", "chain.npz")
    source, driving = (g.input("images")[i : i + 1] for i in (0, 1))
    x_s, x_d = (lp.transform_keypoint(lp.get_kp_info(image)) for image in (source, driving))
    stitched = lp.stitching(x_s, x_d)
    out = lp.warp_decode(lp.extract_feature_3d(source), x_s, stitched)
    g.check("x_s", x_s, atol=2e-5)
    g.check("x_d_stitched", stitched, atol=2e-5)
    g.check("warp_decode/out", out["out"], atol=1e-3)


class Done(Exception):
    """Every frame was animated; what follows writes files."""


def motion(lp: LivePortraitWrapper) -> None:
    golden = Golden("liveportrait", "pipeline_motion.npz")
    for case, options in golden.meta["cases"].items():
        if not options.get("video"):  # a source that is a video is not used here
            golden.check(f"case/{case}/x_d", driving_key_points(lp, golden, options), atol=1e-5)


def driving_key_points(lp: LivePortraitWrapper, golden: Golden, options: dict[str, Any]) -> Tensor:
    """(frames, 21, 3): what the official `execute` gives the warping network, from given key points and without pictures."""
    driving = motions(golden, "driving")[: options.get("k")]
    chosen = {name: value for name, value in options.items() if name != "k"}
    lp.inference_cfg = InferenceConfig(**({"flag_normalize_lip": False, "flag_do_crop": False} | chosen))
    official = pipeline.LivePortraitPipeline.__new__(pipeline.LivePortraitPipeline)
    official.live_portrait_wrapper, official.cropper = lp, mock.MagicMock()
    official.cropper.calc_lmk_from_cropped_image.return_value = golden.input("source_lmk203").numpy()
    received: list[Tensor] = []

    def warp_decode(feature: Any, x_s: Tensor, x_d: Tensor) -> dict[str, Tensor]:
        received.append(x_d)
        return {"out": torch.zeros(1, 3, 2, 2)}

    instead = {
        "load_image_rgb": lambda _: np.zeros((256, 256, 3), np.uint8),
        "log": mock.Mock(),
        "track": lambda frames, **_: frames,
        "mkdir": mock.Mock(side_effect=Done),
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.multiple(pipeline, **instead),
        mock.patch.object(lp, "get_kp_info", mock.Mock(side_effect=motions(golden, "source"))),
        mock.patch.object(lp, "extract_feature_3d"),
        mock.patch.object(lp, "warp_decode", warp_decode),
        contextlib.suppress(Done),
    ):
        path = Path(folder) / "driving.pkl"
        path.write_bytes(pickle.dumps(template(golden, driving)))
        official.execute(mock.Mock(source="source.jpg", driving=str(path)))
    return torch.cat(received)


def motions(golden: Golden, who: str) -> list[dict[str, Tensor]]:
    """Frame by frame, as the motion extractor would give them."""
    values = {name: golden.input(f"{who}/{name}") for name in MOTION}
    return [{name: value[i : i + 1].clone() for name, value in values.items()} for i in range(len(values["kp"]))]


def template(golden: Golden, frames: list[dict[str, Tensor]]) -> dict[str, Any]:
    """The official driving template of the frames."""
    entries = []
    for info in frames:
        rotation = get_rotation_matrix(info["pitch"], info["yaw"], info["roll"])
        entries.append({name: info[name].numpy() for name in ("scale", "exp", "t", "kp")} | {"R": rotation.numpy()})
    ratios = {f"{name}_lst": list(golden.input(name).numpy()[: len(frames)]) for name in ("c_eyes", "c_lip")}
    return {"n_frames": len(frames), "output_fps": 25, "motion": entries} | ratios


def near(g: Golden, name: str, picture: np.ndarray) -> None:
    """OpenCV versions differ by some levels of 255."""
    off = np.abs(g.kept_of(name, torch.from_numpy(picture)).astype(int) - g.stored(name).astype(int))
    assert off.max() <= 6 and off.mean() <= 0.5, name


def pictures() -> None:
    g = Golden("liveportrait", "pipeline_image.npz")
    rule = g.meta["inputs"]["source_image_u8_hwc"]
    picture = np.ascontiguousarray(g.rules.image_u8(rule["seed"], rule["cell"], rule["size"])[:, :480].transpose(1, 2, 0))
    kinds = {
        "source": {"dsize": 512, "scale": 2.3, "vy_ratio": -0.125},
        "norot": {"dsize": 512, "scale": 2.3, "vy_ratio": -0.125, "flag_do_rot": False},
        "landmark224": {"dsize": 224, "scale": 1.5, "vy_ratio": -0.1},
    }
    for points in (5, 68, 101, 106, 203):
        landmarks = g.input(f"lmk{points}").numpy()
        for kind, options in kinds.items():
            out = crop_image(picture, landmarks, **options)
            for name in ("M_o2c", "M_c2o", "pt_crop"):
                np.testing.assert_allclose(out[name], g.array(f"crop/{points}/{kind}/{name}"), rtol=1e-4, atol=1e-3)
        for name, value in parse_bbox_from_landmark(landmarks, scale=2.2, vy_ratio=-0.1).items():
            np.testing.assert_allclose(np.ravel(value), g.stored(f"driving_bbox/{points}/{name}"), rtol=1e-4, atol=1e-3)
    landmarks = g.input("lmk203").numpy()
    box = parse_bbox_from_landmark(landmarks, scale=2.2, vy_ratio=-0.1)["bbox"]
    near(g, "driving_crop/img_crop", crop_image_by_bbox(picture, [*box[0], *box[2]], lmk=landmarks)["img_crop"])
    out = crop_image(picture, landmarks, **kinds["source"])
    near(g, "crop/203/source/img_crop", out["img_crop"])
    near(g, "crop/203/source/img_crop_256", cv2.resize(out["img_crop"], (256, 256), interpolation=cv2.INTER_AREA))
    mask = InferenceConfig().mask_crop
    near(g, "mask_template_channel0", mask[..., 0])
    drawn = (g.input("generated_image_f32_nchw")[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    large = prepare_paste_back(mask, out["M_c2o"], dsize=(640, 480))
    near(g, "paste/result", paste_back(drawn, out["M_c2o"], picture, large))
    ratios = g.input("ratio_lmk").numpy()
    g.check("eye_close_ratio", torch.from_numpy(calc_eye_close_ratio(ratios)), atol=1e-5)
    g.check("lip_close_ratio", torch.from_numpy(calc_lip_close_ratio(ratios)), atol=1e-5)


def main() -> None:
    lp = wrapper()
    with torch.inference_mode():
        networks(lp)
        key_points(lp)
        chain(lp)
    print("networks and key points agree")
    motion(lp)
    print("motion agrees")
    pictures()
    print("crops and pasted pictures agree")


if __name__ == "__main__":
    main()
