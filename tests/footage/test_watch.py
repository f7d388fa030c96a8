"""Videos that were cut, or filmed upside down: one person and another, drawn by the tests, as real files."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from jamflow import reenact
from jamflow.face.canonical import load_canonical
from jamflow.face.likeness import Likeness
from jamflow.face.mesh.renderer import MeshRenderer
from jamflow.face.mesh.tracker import MeshTracker
from jamflow.face.tracker import FaceTracker
from jamflow.face.turned import quarter_turns
from jamflow.footage.seen_lips import seen_lips
from jamflow.footage.video import Footage, open_footage
from jamflow.loading.renderers import load_faces
from jamflow.media.image import read_image
from jamflow.media.video_reader import read_video
from jamflow.media.video_writer import VideoWriter
from two_people import PORTRAIT, somebody_else

FPS = Fraction(25)
PX = 256
GREY = 90


@pytest.fixture(scope="module")
def finder() -> FaceTracker:
    return FaceTracker()


@pytest.fixture(scope="module")
def one() -> np.ndarray:
    return read_image(PORTRAIT)


@pytest.fixture(scope="module")
def other(one: np.ndarray) -> np.ndarray:
    return somebody_else(one)


def near(rgb: np.ndarray, left: int = 96, side: int = 256) -> np.ndarray:
    """The head and what is around it."""
    return cv2.resize(rgb[:side, left : left + side], (PX, PX), interpolation=cv2.INTER_AREA)


def shot(rgb: np.ndarray, count: int) -> list[np.ndarray]:
    """A hand-held camera."""
    return [np.roll(rgb, k % 3, axis=1) for k in range(count)]


def written(path: Path, frames: list[np.ndarray]) -> Path:
    with VideoWriter(path, frames[0].shape[1], frames[0].shape[0], FPS, quality="filmed") as video:
        for rgb in frames:
            video.write_frame(rgb)
    return path


def drawn(footage: Footage, opening_cm: float) -> np.ndarray:
    """(K, H, W, 3) every frame with lips so far apart."""
    picture = footage.repainted(MeshRenderer())
    rows = np.zeros((len(footage.times_s), 6, 3), np.float32)
    rows[:, 2, 1], rows[:, 3, 1], rows[:, 5, 1] = 0.1 * opening_cm, -0.9 * opening_cm, -0.85 * opening_cm
    motion = picture.speaking(rows.reshape(len(rows), -1), FPS)
    return np.concatenate([batch.numpy() for batch in picture.draw(motion)])


@pytest.fixture(scope="module")
def cut(one: np.ndarray, other: np.ndarray, finder: FaceTracker, tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Six frames of one person, six of another at the same place, and six of the first one, seen from further away."""
    frames = [*shot(near(one), 6), *shot(near(other), 6), *shot(near(one, 24, 384), 6)]
    return open_footage(written(tmp_path_factory.mktemp("cut") / "v.mp4", frames), MeshTracker(finder))


@pytest.fixture(scope="module")
def wide(cut: Footage) -> np.ndarray:
    return drawn(cut, 1.2)


@pytest.fixture(scope="module")
def source(cut: Footage) -> np.ndarray:
    return np.stack([rgb for _, rgb in read_video(cut.path)])


def test_cuts_are_found_and_the_other_person_is_left_out(cut: Footage) -> None:
    assert cut.shot_k is not None and cut.other_k is not None
    assert cut.shot_k.tolist() == [0] * 6 + [1] * 6 + [2] * 6
    assert np.flatnonzero(cut.other_k).tolist() == list(range(6, 12))
    assert cut.track.found_t.tolist() == [True] * 6 + [False] * 6 + [True] * 6


def test_the_other_person_stays_as_filmed_and_is_counted(cut: Footage, wide: np.ndarray, source: np.ndarray) -> None:
    changed = [k for k in range(18) if (wide[k] != source[k]).any()]
    assert changed == [*range(6), *range(12, 18)]
    words = "In 6 of 18 frames, after a cut, somebody else is seen; they stay as they are."
    assert cut.repainted(MeshRenderer()).warnings == (words,)


def test_lips_of_somebody_else_are_not_read(cut: Footage, finder: FaceTracker) -> None:
    _, lips, warnings = seen_lips(cut.path, MeshTracker(finder))
    assert warnings == ["In 6 of 18 frames of the video, after a cut, somebody else is seen; lips count as at rest there."]
    assert not lips.mouth_nm[6:12].any() and lips.mouth_nm[:6].any()


def test_a_portrait_is_not_moved_by_a_cut_and_not_by_somebody_else(cut: Footage) -> None:
    result = reenact(PORTRAIT, cut.path)
    assert result.warnings[-1] == "The driving video is cut 2 times: after a cut, the head moves on from how that shot begins."
    assert any("In 6 of 18 frames of the video, after a cut, somebody else is seen" in words for words in result.warnings)
    filmed, motion = cut.track.motion, result.motion
    assert motion is not None and motion.rest is not None and filmed.scale_t[12] < 0.75 * filmed.scale_t[0]
    assert motion.scale_t == pytest.approx(np.full(18, motion.rest.scale), rel=0.03)
    assert np.abs(motion.translation_t3 - motion.rest.translation_3)[:, :2].max() < 0.5
    assert np.abs(motion.rotation_t3 - motion.rest.rotation_3).max() < 4


def test_the_mouth_is_not_eased_towards_a_cut(cut: Footage, wide: np.ndarray, source: np.ndarray) -> None:
    by_k = np.abs(wide.astype(int) - source).sum((1, 2, 3))
    assert by_k[5] > 0.9 * by_k[2] and by_k[12] > 0.9 * by_k[15]


def test_landmarks_of_the_next_shot_do_not_matter(one: np.ndarray, finder: FaceTracker, tmp_path: Path) -> None:
    """A shot whose face is moved a little, so little that only the cut tells."""
    footage = open_footage(written(tmp_path / "v.mp4", shot(near(one), 8)), MeshTracker(finder))
    shot_k = np.array([0] * 4 + [1] * 4)

    def moved(start: int, end: int) -> np.ndarray:
        return footage.landmarks(start, end) + 4.0 * (np.arange(start, end) > 3)[:, None, None]

    plain, other = (replace(footage, shot_k=shot_k, landmarks=rows) for rows in (footage.landmarks, moved))
    before, after = drawn(plain, 0.8), drawn(other, 0.8)
    np.testing.assert_array_equal(before[:4], after[:4])
    assert (before[4:] != after[4:]).any((1, 2, 3)).all()


def test_the_inside_of_the_mouth_is_of_the_same_shot(one: np.ndarray, finder: FaceTracker, tmp_path: Path) -> None:
    """Blue teeth before the cut, none after it."""
    face = finder.find(one)[0]
    lips = face.landmarks_l3[[78, 81, 13, 311, 308, 402, 14, 178], :2]
    blue = cv2.fillPoly(one.copy(), [lips.round().astype(np.int32)], (0, 0, 255))
    frames = [*shot(near(blue), 6), *shot(near(one, 24, 384), 6)]
    out = drawn(open_footage(written(tmp_path / "v.mp4", frames), MeshTracker(finder)), 0.9).astype(int)
    bluish = ((out[..., 2] - out[..., 0] > 90) & (out[..., 2] - out[..., 1] > 90))[:, 60:200, 60:200].sum((1, 2))
    assert bluish[:6].min() > 20 and bluish[6:].max() == 0


def test_after_a_cut_the_person_is_found_among_others(
    one: np.ndarray, other: np.ndarray, finder: FaceTracker, tmp_path: Path
) -> None:
    """The other one is larger, and where the first one was."""
    first, second = (np.full((PX, 2 * PX, 3), GREY, np.uint8) for _ in range(2))
    first[:, :PX] = near(one)
    second[:, :PX], second[48:240, PX + 32 : PX + 224] = near(other), cv2.resize(near(one, 24, 384), (192, 192))
    footage = open_footage(written(tmp_path / "v.mp4", shot(first, 5) + shot(second, 5)), MeshTracker(finder))
    nose = footage.landmarks(0, 10)[:, 4, 0]
    assert footage.track.found_t.all() and (nose[:5] < PX).all() and (nose[5:] > PX).all()
    assert footage.other_k is not None and not footage.other_k.any()


def test_a_person_is_known_again_in_other_light_and_size(one: np.ndarray, other: np.ndarray, finder: FaceTracker) -> None:
    def seen(rgb: np.ndarray) -> Likeness:
        known = Likeness(load_canonical())
        known.add(rgb, finder.find(rgb)[0])
        return known

    darker = np.clip(near(one, 24, 384) * 0.85 + 5, 0, 255).astype(np.uint8)
    assert seen(one).same(seen(darker)) and seen(other).same(seen(near(other, 24, 384)))
    assert not seen(one).same(seen(other)) and not seen(other).same(seen(darker))
    assert seen(one).same(Likeness(load_canonical())), "nothing is known"
    recoloured = np.ascontiguousarray(one[..., ::-1])
    assert seen(one).to(seen(recoloured)) < seen(one).to(seen(darker)) - 0.2, "edges and shape are the same"


@pytest.mark.parametrize("turn", range(4))
def test_the_way_up_of_a_picture(one: np.ndarray, finder: FaceTracker, turn: int) -> None:
    assert quarter_turns(np.rot90(one, -turn), finder) == turn


def test_the_way_up_of_a_small_face(one: np.ndarray, finder: FaceTracker) -> None:
    picture = np.full((720, 720, 3), GREY, np.uint8)
    picture[500:580, 80:160] = cv2.resize(near(one), (80, 80), interpolation=cv2.INTER_AREA)
    assert quarter_turns(picture, finder) == 0
    assert quarter_turns(picture[::-1, ::-1], finder) in (2, None), "nothing is turned wrongly"


def test_small_faces_that_are_upright_are_not_turned(one: np.ndarray, finder: FaceTracker) -> None:
    for left, top, px in ((0, 0, 160), (333, 77, 130), (517, 401, 160), (90, 430, 100)):
        picture = np.full((720, 1280, 3), GREY, np.uint8)
        picture[top : top + px, left : left + px] = cv2.resize(near(one), (px, px), interpolation=cv2.INTER_AREA)
        assert quarter_turns(picture, finder) in (0, None)


def test_nobody_has_no_way_up(finder: FaceTracker) -> None:
    assert quarter_turns(np.full((64, 64, 3), GREY, np.uint8), finder) is None


@pytest.mark.parametrize("turn", [1, 2])
def test_a_turned_video_is_worked_on_upright(one: np.ndarray, finder: FaceTracker, tmp_path: Path, turn: int) -> None:
    """The result is turned as the video is, and else as that of the upright one."""
    upright = shot(near(one), 4)
    turned = written(tmp_path / "t.mp4", [np.ascontiguousarray(np.rot90(rgb, -turn)) for rgb in upright])
    footage = open_footage(turned, MeshTracker(finder))
    assert footage.view.turn == turn
    degrees = f"to work on them, frames are turned by {90 * turn} degrees."
    assert footage.warnings == (f"The people in the video are not upright: {degrees}",)
    plain = open_footage(written(tmp_path / "u.mp4", upright), MeshTracker(finder))
    assert plain.view.turn == 0 and plain.warnings == ()
    out, expected = drawn(footage, 1.0).astype(int), drawn(plain, 1.0).astype(int)
    filmed = np.stack([rgb for _, rgb in read_video(turned)])
    changed = np.rot90((out != filmed).any((0, 3)), turn)
    assert changed[130:220].any() and not changed[:120].any(), "only the mouth is new"
    assert np.abs(np.rot90(out, turn, (1, 2)) - expected)[:, 130:220].mean() < 2


def test_a_video_that_begins_black_is_turned_too(one: np.ndarray, finder: FaceTracker, tmp_path: Path) -> None:
    black = np.zeros((PX, PX, 3), np.uint8)
    path = written(tmp_path / "v.mp4", [black] * 20 + shot(np.ascontiguousarray(near(one)[::-1, ::-1]), 8))
    footage = open_footage(path, MeshTracker(finder))
    assert footage.view.turn == 2 and footage.track.found_t[20:].all()


def test_a_turned_portrait_is_drawn_upright(one: np.ndarray) -> None:
    faces = load_faces("mesh")
    picture, warnings = faces.prepare(np.ascontiguousarray(one[::-1, ::-1]), None)
    assert warnings[0] == "The people in the picture are not upright: it was turned by 180 degrees."
    plain, none = faces.prepare(one, None)
    assert none == warnings[1:]
    still = plain.speaking(np.zeros((1, 18), np.float32), FPS)
    np.testing.assert_array_equal(next(picture.draw(still)).numpy(), next(plain.draw(still)).numpy())
