"""Crops, landmark ratios and paste-back of the official pipeline."""

import cv2
import numpy as np
import pytest
import torch

from golden import Golden
from jamflow.face.liveportrait.crop import Box, crop, eye_ratios, face_box, lip_ratio, paste, paste_mask
from jamflow.face.liveportrait.paste import prepare_paste
from jamflow.face.tracker import Face

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
    off = np.abs(golden.kept_of(name, torch.from_numpy(picture)).astype(int) - golden.stored(name).astype(int))
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


def test_driving_crop(golden: Golden) -> None:
    picture, landmarks = source_image(golden), golden.input("lmk203").numpy()
    matrix = face_box(landmarks, 2.2, -0.1).matrix(512, turned=False)
    close(golden, "driving_crop/M_o2c", matrix)
    close(golden, "driving_crop/lmk_crop", landmarks @ matrix[:2, :2].T + matrix[:2, 2])
    near(golden, "driving_crop/img_crop", crop(picture, matrix, 512))
    seen = crop(picture, face_box(landmarks).matrix(512), 512)
    near(golden, "crop/203/source/img_crop_256", cv2.resize(seen, (256, 256), interpolation=cv2.INTER_AREA))


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


def test_paste_back_in_torch_gives_the_same() -> None:
    golden = Golden("liveportrait", "pipeline_image.npz")
    picture, landmarks = source_image(golden), golden.input("lmk203").numpy()
    matrix = face_box(landmarks).matrix(512)
    drawn = golden.input("generated_image_f32_nchw")
    place = prepare_paste(picture, matrix, 512, "cpu")
    pasted = place(drawn)[0].numpy()
    near(golden, "paste/result", pasted)
    (left, top), (height, width) = place.left_top, place.weight_hw.shape
    mask = torch.zeros(480, 640, 3)
    mask[top : top + height, left : left + width] = place.weight_hw[..., None]
    golden.check("paste/mask_ori", mask, atol=1e-2)
    expected = paste(picture, (drawn[0].permute(1, 2, 0) * 255).to(torch.uint8).numpy(), np.linalg.inv(matrix), paste_mask())
    off = np.abs(pasted.astype(int) - expected.astype(int))
    assert off.max() <= 6 and off.mean() < 0.2  # OpenCV looks at 32nds of a pixel


@pytest.mark.parametrize(
    ("centre", "side"), [((60.0, 50.0), 60.0), ((0.0, 10.0), 90.0), ((60.0, 40.0), 900.0), ((-90.0, 40.0), 50.0)]
)
def test_nothing_outside_of_the_crop_changes(centre: tuple[float, float], side: float) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (80, 120, 3), dtype=np.uint8)
    box = Box(np.array(centre), side, 0.3)
    drawn = torch.from_numpy(rng.random((2, 3, 512, 512), np.float32))
    frames = prepare_paste(picture, box.matrix(512), 512, "cpu")(drawn).numpy()
    inside = np.stack(np.meshgrid(np.arange(120), np.arange(80)), -1) @ box.matrix(512)[:2, :2].T + box.matrix(512)[:2, 2]
    away = ((inside < -1) | (inside > 512)).any(-1)
    assert (frames[:, away] == picture[away]).all()
    feathered = ((inside > 17) & (inside < 494)).all(-1)
    assert not feathered.any() or (frames[0, feathered] != frames[1, feathered]).any()


def test_the_box_from_the_mesh_reaches_from_brows_to_chin(face: Face) -> None:
    landmarks = face.landmarks_l3[:, :2].copy()
    box = face_box(landmarks)
    brows_to_chin = np.linalg.norm(landmarks[[105, 334]].mean(0) - landmarks[152])
    assert 0.9 < box.side_px / 2.3 / brows_to_chin < 1.15
    landmarks[[10, 338, 109]] -= [0, 200]  # the top of the forehead
    np.testing.assert_array_equal(face_box(landmarks).corners(turned=True), box.corners(turned=True))


def test_mesh_ratios_open_and_close(face: Face) -> None:
    landmarks = face.landmarks_l3[:, :2].copy()
    assert (eye_ratios(landmarks) > 0.25).all() and (eye_ratios(landmarks) < 0.5).all()
    landmarks[159] = landmarks[145]  # the person's right eye is on the left of the picture
    landmarks[13] = landmarks[14]
    assert eye_ratios(landmarks)[0] == 0 < eye_ratios(landmarks)[1] and lip_ratio(landmarks)[0] == 0
