"""The frame around a head: never beyond the picture, and landmarks stay on what they mark."""

import numpy as np
import pytest

from jamflow.face.canonical import load_canonical
from jamflow.face.framing import frame_face
from jamflow.face.mesh.thin_plate import thin_plate, thin_plate_matrix
from jamflow.face.tracker import Face


def face_at(x: float, y: float, height_px: float = 160.0) -> Face:
    vertices = load_canonical().vertices_v3 * [1, -1, -1]
    scale = height_px / np.linalg.norm(vertices[10, :2] - vertices[152, :2])
    landmarks = np.concatenate([vertices * scale, np.zeros((10, 3))])
    landmarks[:, :2] += [x, y] - landmarks[4, :2]
    return Face(landmarks, 1.0)


def dotted(size_hw: tuple[int, int], at_2: np.ndarray) -> np.ndarray:
    """A soft dot at a place, so that its centre can be told to a fraction of a pixel."""
    y, x = np.mgrid[: size_hw[0], : size_hw[1]]
    dot = np.exp(-((x - at_2[0]) ** 2 + (y - at_2[1]) ** 2) / (2 * 4.0**2))
    return np.repeat((255 * dot).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("where", [(300, 260), (60, 60), (560, 430), (310, 470)])
@pytest.mark.parametrize("size_px", [512, 200])
def test_landmarks_stay_on_what_they_mark(where: tuple[int, int], size_px: int) -> None:
    face = face_at(*where)
    rgb, there = frame_face(dotted((480, 600), face.landmarks_l3[4, :2]), face, size_px)
    height, width = rgb.shape[:2]
    assert max(width, height) == size_px and width % 2 == height % 2 == 0
    weight = rgb[..., 0].astype(float)
    seen = np.array([(weight.sum(0) * np.arange(width)).sum(), (weight.sum(1) * np.arange(height)).sum()]) / weight.sum()
    np.testing.assert_allclose(there.landmarks_l3[4, :2], seen, atol=0.15)
    depth = np.ptp(there.landmarks_l3[:468, 2]) / np.ptp(face.landmarks_l3[:468, 2])
    width_ratio = np.ptp(there.landmarks_l3[:468, 0]) / np.ptp(face.landmarks_l3[:468, 0])
    assert depth == pytest.approx(width_ratio, rel=0.01), "depth is in pixels, too"


def test_a_face_in_the_middle_has_room_for_shoulders() -> None:
    rgb, there = frame_face(np.zeros((1000, 1000, 3), np.uint8), face_at(500, 480), 512)
    assert rgb.shape == (512, 512, 3)
    top, bottom = there.landmarks_l3[10, 1], 512 - there.landmarks_l3[152, 1]
    face_px = there.landmarks_l3[152, 1] - there.landmarks_l3[10, 1]
    assert face_px == pytest.approx(512 / 2.6, rel=0.02) and bottom > top + 20


def test_a_thin_plate_goes_through_its_points_and_keeps_what_is_flat() -> None:
    rng = np.random.default_rng(0)
    controls, points = rng.uniform(0, 300, (30, 2)), rng.uniform(0, 300, (50, 2))
    values = rng.normal(size=(30, 3))
    matrix = thin_plate_matrix(controls, np.concatenate([controls, points]))
    np.testing.assert_allclose(matrix[:30] @ values, values, atol=0.02)
    flat = controls @ [[0.3], [-0.2]] + 7
    np.testing.assert_allclose(matrix[30:] @ flat, points @ [[0.3], [-0.2]] + 7, atol=0.02)
    np.testing.assert_allclose(thin_plate(controls, values, points), matrix[30:] @ values, atol=1e-3)
