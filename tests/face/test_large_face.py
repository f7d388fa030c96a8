"""A face with many pixels, as in a video of 4K: it costs little more than a usual one, and stays as sharp as it was filmed."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from jamflow.face import tracker as tracker_module
from jamflow.face.canonical import load_canonical
from jamflow.face.face_video import FaceVideo
from jamflow.face.framing import frame_face
from jamflow.face.mesh import part as part_module
from jamflow.face.mesh.part import part_of
from jamflow.face.mesh.renderer import MeshRenderer
from jamflow.face.mesh.repaint import lips_of
from jamflow.face.mesh.sampling import sample
from jamflow.face.mesh.seen_face import SeenFace
from jamflow.face.mesh.tracker import MeshTracker
from jamflow.face.mesh.video_picture import MeshVideo
from jamflow.face.pose import fit_pose
from jamflow.face.tracker import Face, FaceTracker

TIMES = 5
FPS = Fraction(25)


@pytest.fixture(scope="module")
def small(portrait, face) -> np.ndarray:
    """Little more than the face, with 11 pixels to the centimetre."""
    return np.ascontiguousarray(frame_face(portrait, face, 512)[0][90:410, 96:416])


@pytest.fixture(scope="module")
def large(small) -> np.ndarray:
    """The same with 57 and grain, which shows whether anything became softer."""
    side = TIMES * len(small)
    wide = cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).normal(0, 6, (side, side, 1))
    return np.clip(wide + grain, 0, 255).astype(np.uint8)


def seen(rgb: np.ndarray, tracker: FaceTracker) -> SeenFace:
    face = tracker.find(rgb)[0]
    return SeenFace(face.landmarks_l3, fit_pose(face, load_canonical()))


def film(rgb: np.ndarray, tracker: FaceTracker) -> MeshVideo:
    """A video of one frame."""
    faces: list[Face] = []

    def follow(rgb: np.ndarray) -> Face:
        faces.append(tracker.find(rgb)[0])
        return faces[-1]

    track = MeshTracker(tracker).track([rgb], FPS, follow)
    rows = np.stack([face.landmarks_l3 for face in faces]).astype(np.float32)
    height, width = rgb.shape[:2]
    video = FaceVideo(
        (width, height),
        lambda frames: iter([rgb for _ in frames]),
        lambda first, end: rows[max(first, 0) : end],
        track,
        np.array([0]),
        (Fraction(0), 1 / FPS),
    )
    return MeshRenderer().prepare_video(video)


def opened(picture: MeshVideo) -> np.ndarray:
    mouth_m3 = np.zeros((1, 6, 3), np.float32)
    mouth_m3[:, 2, 1], mouth_m3[:, 3, 1], mouth_m3[:, 5, 1] = 0.1, -0.9, -0.85
    return next(picture.draw(picture.speaking(mouth_m3.reshape(1, -1), FPS)))[0].numpy()


def detail(rgb: np.ndarray) -> float:
    return float(cv2.Laplacian(rgb.astype(np.float32), cv2.CV_32F).std())


def test_the_coarser_mesh_is_not_seen(large, tracker, monkeypatch) -> None:
    face, picture = seen(large, tracker), film(large, tracker)
    coarse = opened(picture)
    monkeypatch.setattr(part_module, "_MESH_PX_PER_CM", 1000.0)
    fine = opened(picture)
    moved = (fine != large).any(2)
    assert moved.mean() > 0.05 and (coarse != fine).any(), "the mesh was another"
    off = np.abs(coarse.astype(int) - fine)[moved]
    assert off.mean() < 1.5 and np.percentile(off, 99) < 12
    chin_x, chin_y = face.mesh_v3[199, :2].astype(int)
    chin = np.s_[chin_y - 40 : chin_y + 40, chin_x - 60 : chin_x + 60]
    assert (coarse[chin] != large[chin]).mean() > 0.9, "the chin has moved"
    assert detail(coarse[chin]) > 0.95 * detail(fine[chin]), "with all its grain"
    assert detail(coarse[chin]) > 0.75 * detail(large[chin]), "but for sampling between pixels"


def test_lips_may_move_by_as_many_pixels_as_the_face_has(large, tracker) -> None:
    """Where they did not, a wide mouth stayed open, and its lower teeth looked like a second lip."""
    part = part_of(seen(large, tracker), large.shape)
    rows, columns = part.share_hw.shape
    x, y = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
    field = np.zeros((rows, columns, 2), np.float32)
    field[..., 1] = -130 * np.exp(-3 * (x**2 + y**2))  # 2.3 cm upwards
    from_n2 = part.look_back(field)
    arrived = from_n2 + sample(field, (from_n2 - part.grid.origin_2) / part.grid.step_px)
    assert np.abs(arrived - part.mesh_n2).max() < 2


def test_outside_the_part_nothing_changes(large, tracker) -> None:
    left, top, right, bottom = part_of(seen(large, tracker), large.shape).box
    away = np.ones(large.shape[:2], bool)
    away[top:bottom, left:right] = False
    np.testing.assert_array_equal(opened(film(large, tracker))[away], large[away])


@pytest.mark.parametrize("times", [2, 4, 8])
def test_the_mesh_has_as_many_points_for_a_face_of_any_size(small, tracker, times) -> None:
    face = tracker.find(small)[0]
    big = Face(face.landmarks_l3 * times, 1.0)
    shape = tuple(times * n for n in small.shape[:2])
    part = part_of(SeenFace(big.landmarks_l3, fit_pose(big, load_canonical())), shape)
    assert part.step_px == {2: 1, 4: 2, 8: 3}[times]
    assert len(part.mesh_n2) < 400_000 and len(part.points_n2) < 8_000


def test_lips_are_found_where_they_are_in_the_smaller_picture(small, large, tracker) -> None:
    face = seen(small, tracker)
    scaled = Face(face.landmarks_l3 * TIMES + (TIMES - 1) / 2, 1.0)
    lips = lips_of(small, face)
    wide = lips_of(large, SeenFace(scaled.landmarks_l3, fit_pose(scaled, load_canonical())))
    assert wide.parted == lips.parted
    for one, other in ((lips.upper, wide.upper), (lips.lower, wide.lower)):
        off = np.abs(other.points() - (TIMES * one.points() + (TIMES - 1) / 2))
        assert off.mean() < TIMES and off.max() < 3 * TIMES, "within a pixel, mostly"


def test_only_the_faces_surroundings_are_made_smaller_for_the_network(large, tracker, monkeypatch) -> None:
    wide = np.full((2160, 3840, 3), 90, np.uint8)
    wide[200 : 200 + len(large), 1500 : 1500 + len(large)] = large
    there = tracker.landmarks(large, tracker.find(large)[0], passes=3)
    shrunk, shift = [], np.array([1500, 200, 0])
    real = tracker_module.cv2.resize
    monkeypatch.setattr(tracker_module.cv2, "resize", lambda rgb, *a, **k: shrunk.append(rgb.size) or real(rgb, *a, **k))
    face = tracker.hold(wide, Face(there.landmarks_l3 + shift, 1.0))
    assert face is not None and len(shrunk) == 1 and shrunk[0] < 0.5 * wide.size
    again = tracker.landmarks(large, there, passes=1)
    assert np.abs(face.landmarks_l3 - again.landmarks_l3 - shift)[:, :2].max() < 4, "and it is found where it was"
