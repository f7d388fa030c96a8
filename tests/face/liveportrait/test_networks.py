"""LivePortrait's networks give the official code's numbers with weights from the filling rule."""

import pytest
import torch
from torch import Tensor, nn

from golden import Golden
from jamflow.errors import UserError
from jamflow.face.liveportrait.appearance import AppearanceFeatureExtractor
from jamflow.face.liveportrait.checkpoint import fold_spectral_norm
from jamflow.face.liveportrait.generator import SPADEDecoder
from jamflow.face.liveportrait.keypoints import degrees_from_bins, rotation_matrix, transform
from jamflow.face.liveportrait.motion_extractor import MotionExtractor
from jamflow.face.liveportrait.retargeting import eye_network, lip_network, retarget, stitch, stitching_network
from jamflow.face.liveportrait.warping import WarpingNetwork
from jamflow.weights.tensors import load_strictly
from liveportrait_networks import filled

SIZES = ["small", pytest.param("full", marks=pytest.mark.full)]


@pytest.mark.parametrize("size", SIZES)
def test_appearance(size: str) -> None:
    golden = Golden("liveportrait", "appearance_feature_extractor.npz")
    network = filled(golden, "appearance_feature_extractor", AppearanceFeatureExtractor())
    golden.check(f"{size}/feature_3d", network(golden.input(f"{size}/image")), atol=5e-5)


@pytest.mark.parametrize("size", SIZES)
def test_motion_extractor(size: str) -> None:
    golden = Golden("liveportrait", "motion_extractor.npz")
    network = filled(golden, "motion_extractor", MotionExtractor())
    image = golden.input(f"{size}/image")
    for name, head in network.detector(image).items():
        golden.check(f"{size}/raw/{name}", head, atol=2e-5)
    motion = network(image)
    for name, angle in (("pitch", motion.pitch_b), ("yaw", motion.yaw_b), ("roll", motion.roll_b)):
        golden.check(f"{size}/degree/{name}", angle, atol=2e-4)
    if size == "full":
        rotation = rotation_matrix(motion.pitch_b, motion.yaw_b, motion.roll_b)
        golden.check("full/rotation", rotation, atol=1e-5)
        points = transform(motion.canonical_bk3, rotation, motion.expression_bk3, motion.translation_b3, motion.scale_b1)
        golden.check("full/transform_keypoint", points, atol=1e-5)
        for name, value in (("kp", motion.canonical_bk3), ("exp", motion.expression_bk3), ("t", motion.translation_b3)):
            golden.check(f"full/refined/{name}", value, atol=2e-5)


def test_key_points() -> None:
    golden = Golden("liveportrait", "keypoints.npz")
    pitch, yaw, roll = golden.input("angles_pitch_yaw_roll").T
    golden.check("rotation_matrix", rotation_matrix(pitch, yaw, roll), atol=1e-5)
    golden.check("headpose_degree", degrees_from_bins(golden.input("headpose_logits")), atol=2e-4)
    p = {name: golden.input(f"params/{name}") for name in ("kp", "exp", "pitch", "yaw", "roll", "t", "scale")}
    rotation = rotation_matrix(p["pitch"], p["yaw"], p["roll"])
    golden.check("transform_keypoint", transform(p["kp"], rotation, p["exp"], p["t"], p["scale"]), atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_warping(size: str) -> None:
    golden = Golden("liveportrait", "warping_module.npz")
    network = filled(golden, "warping_module", WarpingNetwork())
    warped = network(*(golden.input(f"{size}/{name}") for name in ("feature_3d", "kp_driving", "kp_source")))
    golden.check(f"{size}/deformation", warped.deformation_bdhw3, atol=5e-6)
    golden.check(f"{size}/occlusion_map", warped.occlusion_b1hw, atol=1e-5)
    golden.check(f"{size}/out", warped.feature_bchw, atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_generator(size: str) -> None:
    golden = Golden("liveportrait", "spade_generator.npz")
    network = filled(golden, "spade_generator", SPADEDecoder())
    image = network(golden.input(f"{size}/feature"))
    golden.check(f"{size}/image", image, atol=1e-5)
    golden.check(f"{size}/image_channel_mean", image.mean((2, 3)), atol=1e-5)
    golden.check(f"{size}/image_channel_std", image.std((2, 3), correction=0), atol=1e-4)


def test_stitching_and_retargeting() -> None:
    golden = Golden("liveportrait", "stitching_retargeting.npz")
    source, driving = golden.input("kp_source"), golden.input("kp_driving")
    networks = {"stitching": stitching_network(), "eye": eye_network(), "lip": lip_network()}
    for name, network in networks.items():
        golden.check(f"{name}/y", filled(golden, name, network)(golden.input(f"{name}/x")), atol=5e-6)
    golden.check("wrapper/stitching", stitch(networks["stitching"], source, driving), atol=5e-6)
    for name in ("eye", "lip"):
        offsets = retarget(networks[name], source, golden.input(f"{name}_close_ratio"))
        golden.check(f"wrapper/retarget_{name}", offsets, atol=5e-6)


def _normed() -> tuple[nn.Module, dict[str, Tensor], Tensor, Tensor]:
    torch.manual_seed(0)
    layer = nn.utils.spectral_norm(nn.Conv2d(3, 5, 3))
    x = torch.randn(1, 3, 8, 8)
    for _ in range(20):
        layer(x)
    layer.eval()
    return nn.Conv2d(3, 5, 3), layer.state_dict(), x, layer(x)


@pytest.mark.parametrize("naming", ["hook", "parametrization"])
def test_folded_spectral_norm_equals_the_layer(naming: str) -> None:
    plain, state, x, expected = _normed()
    if naming == "parametrization":
        new = {"weight_orig": "original", "weight_u": "0._u", "weight_v": "0._v"}
        state = {f"parametrizations.weight.{new[k]}" if k in new else k: v for k, v in state.items()}
    state = {f"conv.{k}": v for k, v in state.items()}
    model = nn.ModuleDict({"conv": plain})
    load_strictly(model, fold_spectral_norm(state), "file", "model")
    torch.testing.assert_close(plain(x), expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("mlp.0.bias"), "lacks 1 tensors, mlp.0.bias"),
        (lambda s: s.update(extra=torch.zeros(1)), "unknown 1 tensors, extra"),
        (lambda s: s.update({"mlp.0.bias": torch.zeros(7)}), "other shapes of 1 tensors, mlp.0.bias"),
    ],
)
def test_a_wrong_checkpoint_is_named(change, message: str) -> None:
    network = lip_network()
    state = dict(network.state_dict())
    change(state)
    with pytest.raises(UserError, match=f"some.pth is not .*{message}"):
        load_strictly(network, state, "some.pth", "lip")
