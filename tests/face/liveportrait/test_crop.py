"""Crops, landmark ratios and paste-back of the official pipeline."""

import numpy as np
import pytest
import torch

from golden import Golden
from jamflow.face.liveportrait.crop import crop, eye_ratios, face_box, lip_ratio, paste, paste_mask

KINDS = {"source": (512, 2.3, -0.125, True), "norot": (512, 2.3, -0.125, False), "landmark224": (224, 1.5, -0.1, True)}


@pytest.fixture
def golden() -> Golden:
    return Golden("liveportrait", "pipeline_image.npz")


def source_image(golden: Golden) -> np.ndarray:
    square = golden.rules.image_u8(**{k: golden.meta["inputs"]["source_image_u8_hwc"][k] for k in ("seed", "cell", "size")})
    return np.ascontiguousarray(square[:, :480].transpose(1, 2, 0))


def close(golden: Golden, name: str, value: np.ndarray) -> None:
    np.testing.assert_allclose(value, golden.array(name), rtol=1e-4, atol=1e-3)


def near(golden: Golden, name: str, picture: np.ndarray) -> None:
    """uint8 pictures: OpenCV's versions differ by a few levels."""
    about = golden.meta["tensors"][name]
    assert list(picture.shape) == about["shape"]
    off = np.abs(picture.reshape(-1)[:: about["stride"]].astype(int) - golden.raw(name).astype(int))
    assert off.max() <= 6 and off.mean() < 0.5


@pytest.mark.parametrize("points", [5, 68, 101, 106, 203])
@pytest.mark.parametrize("kind", KINDS)
def test_crop_matrices(golden: Golden, points: int, kind: str) -> None:
    size, scale, shift, turned = KINDS[kind]
    landmarks = golden.input(f"lmk{points}").numpy()
    matrix = face_box(landmarks, scale, shift).matrix(size, turned)
    name = f"crop/{points}/{kind}"
    close(golden, f"{name}/M_o2c", matrix)
    close(golden, f"{name}/M_c2o", np.linalg.inv(matrix))
    close(golden, f"{name}/pt_crop", landmarks @ matrix[:2, :2].T + matrix[:2, 2])


@pytest.mark.parametrize("points", [5, 68, 101, 106, 203])
def test_driving_boxes(golden: Golden, points: int) -> None:
    box = face_box(golden.input(f"lmk{points}").numpy(), 2.2, -0.1)
    name = f"driving_bbox/{points}"
    close(golden, f"{name}/center", box.centre_2)
    close(golden, f"{name}/size", np.full(2, box.side_px))
    close(golden, f"{name}/angle", np.array([box.angle_rad]))
    close(golden, f"{name}/bbox", box.corners(turned=False))
    close(golden, f"{name}/bbox_rot", box.corners(turned=True))


def test_cropped_pictures(golden: Golden) -> None:
    picture, landmarks = source_image(golden), golden.input("lmk203").numpy()
    for kind in ("source", "landmark224"):
        size, scale, shift, turned = KINDS[kind]
        matrix = face_box(landmarks, scale, shift).matrix(size, turned)
        near(golden, f"crop/203/{kind}/img_crop", crop(picture, matrix, size))


def test_paste_back(golden: Golden) -> None:
    mask = paste_mask()
    near(golden, "mask_template_channel0", np.round(mask * 255).astype(np.uint8))
    picture, landmarks = source_image(golden), golden.input("lmk203").numpy()
    back = np.linalg.inv(face_box(landmarks).matrix(512))
    drawn = (golden.input("generated_image_f32_nchw")[0].permute(1, 2, 0) * 255).to(torch.uint8).numpy()
    near(golden, "paste/generated_u8", drawn)
    near(golden, "paste/result", paste(picture, drawn, back, mask))


def test_ratios(golden: Golden) -> None:
    landmarks = golden.input("ratio_lmk").numpy()
    golden.check("eye_close_ratio", torch.from_numpy(np.stack([eye_ratios(x) for x in landmarks])), atol=1e-5)
    golden.check("lip_close_ratio", torch.from_numpy(np.stack([lip_ratio(x) for x in landmarks])), atol=1e-5)
