"""A whole picture: outside the head's surroundings it stays to the bit, there is no seam, and other people keep still."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from jamflow.face import topology as topo
from jamflow.face.framing import frame_face, framed
from jamflow.face.measure import track_motion
from jamflow.face.mesh.geometry import HeadGeometry
from jamflow.face.mesh.renderer import MeshPicture, MeshRenderer
from jamflow.face.mesh.space import follow_mouth
from jamflow.face.motion import Motion
from jamflow.face.select import select_face
from jamflow.face.tracker import Face, FaceTracker

FPS = Fraction(25)
OPENING_T = np.array([0.0, 0.4, 0.9, 1.3, 0.7, 0.2])
N = len(OPENING_T)


def talking(turn_deg: float = 4.0) -> Motion:
    """The mouth opens and shuts, and the head nods, turns and moves."""
    e_tm3 = np.zeros((N, 6, 3), np.float32)
    e_tm3[:, 2, 1], e_tm3[:, 3, 1], e_tm3[:, 5, 1] = 0.1 * OPENING_T, -0.9 * OPENING_T, -0.85 * OPENING_T
    turn = turn_deg * np.random.default_rng(0).uniform(-1, 1, (N, 3)).astype(np.float32)
    return Motion(follow_mouth(e_tm3), turn, 0.1 * turn, np.ones(N, np.float32), FPS)


def moved(picture: MeshPicture, motion: Motion) -> np.ndarray:
    return np.stack([batch[0].numpy() for batch in picture.draw(motion)])


def photograph(
    portrait: np.ndarray, face_px: float, face: Face, size_wh: tuple[int, int], left_top: tuple[int, int]
) -> np.ndarray:
    """The portrait with a face of that height, in a larger picture with grain."""
    scale = face_px / face.height_px
    small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    grain = np.random.default_rng(1).normal(0, 6, (size_wh[1], size_wh[0], 3))
    y, x = np.mgrid[: size_wh[1], : size_wh[0]]
    rgb = np.clip(90 + 40 * np.sin(x / 23)[..., None] + 40 * np.cos(y / 31)[..., None] + grain, 0, 255).astype(np.uint8)
    left, top = left_top
    part = rgb[top : top + small.shape[0], left : left + small.shape[1]]
    part[:] = small[: part.shape[0], : part.shape[1]]
    return rgb


@pytest.fixture(scope="module")
def renderer() -> MeshRenderer:
    return MeshRenderer()


def prepared(rgb: np.ndarray, tracker: FaceTracker, renderer: MeshRenderer, number: int | None = None) -> MeshPicture:
    face, others, _ = select_face(rgb, tracker, number)
    rgb, (face, *others), _ = framed(rgb, [face, *others])
    return renderer.prepare(rgb, face, others)


@pytest.mark.parametrize(("face_px", "size_wh"), [(80, (900, 701)), (200, (1001, 900)), (330, (1200, 1080))])
def test_outside_the_surroundings_every_frame_is_the_picture(
    portrait: np.ndarray, face: Face, tracker: FaceTracker, renderer: MeshRenderer, face_px: int, size_wh: tuple[int, int]
) -> None:
    rgb = photograph(portrait, face_px, face, size_wh, (120, 40))
    picture = prepared(rgb, tracker, renderer)
    width, height = (side // 2 * 2 for side in size_wh)
    assert picture.size == (width, height), "nothing is cut off but an odd row or column"
    frames = moved(picture, talking())
    left, top, box_width, box_height = picture.around.box
    inside = np.zeros((height, width), bool)
    inside[top : top + box_height, left : left + box_width] = True
    assert inside.mean() < 0.75 and max(box_width, box_height) < 2.8 * face_px
    expected = rgb[:height, :width]
    assert (frames[:, ~inside] == expected[~inside]).all()
    rim = inside ^ (cv2.erode(inside.astype(np.uint8), np.ones((3, 3)), borderValue=0) > 0)
    assert (frames[:, rim] == expected[rim]).all(), "and so is its border, where the head's motion has faded to nothing"
    assert (frames[0] != frames[3]).any(2)[inside].mean() > 0.1


def test_a_small_mouth_opens_as_a_large_one(
    portrait: np.ndarray, face: Face, tracker: FaceTracker, renderer: MeshRenderer
) -> None:
    for face_px in (70, 330):
        rgb = photograph(portrait, face_px, face, (1000, 900), (60, 10))
        seen = track_motion(list(moved(prepared(rgb, tracker, renderer), talking(1.0))), FPS, tracker).opening_t
        assert np.corrcoef(seen, OPENING_T)[0, 1] > 0.9 and np.ptp(seen) > 0.7, face_px


def test_a_small_head_at_rest_is_as_sharp_as_the_picture(
    portrait: np.ndarray, face: Face, tracker: FaceTracker, renderer: MeshRenderer
) -> None:
    """It is drawn finer and averaged, which gives the picture back where nothing moves."""
    rgb = photograph(portrait, 80, face, (600, 500), (60, 10))
    picture = prepared(rgb, tracker, renderer)
    assert picture.around.weight_hw1 is not None
    frame = picture.around.with_head(picture.source.rgb)
    left, top, width, height = picture.around.box
    inside = np.s_[top : top + height, left : left + width]
    off = np.abs(frame.astype(int) - picture.around.picture)[inside]
    scaled = cv2.resize(picture.around.picture[inside], (512, 512), interpolation=cv2.INTER_CUBIC)
    plain = cv2.resize(scaled, (width, height), interpolation=cv2.INTER_AREA)
    assert 3 * off.mean() < np.abs(plain.astype(int) - picture.around.picture[inside]).mean()


def seam(frames: np.ndarray, picture: MeshPicture) -> float:
    """How much steeper the moving frames are than the picture, across the border of the head's surroundings, in grey levels."""
    left, top, width, height = picture.around.box
    grey = np.concatenate([picture.around.picture[None], frames]).astype(float).mean(-1)
    steps = []
    for x in {left, left + width} - {0, grey.shape[2]}:
        steps.append(np.abs(grey[:, top : top + height, x] - grey[:, top : top + height, x - 1]).mean(1))
    for y in {top, top + height} - {0, grey.shape[1]}:
        steps.append(np.abs(grey[:, y, left : left + width] - grey[:, y - 1, left : left + width]).mean(1))
    step_t = np.mean(steps, axis=0)
    return float((step_t[1:] - step_t[0]).max())


@pytest.mark.parametrize("face_px", [80, 220])
def test_no_seam_in_motion_because_it_fades(
    portrait: np.ndarray, face: Face, tracker: FaceTracker, renderer: MeshRenderer, face_px: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb = photograph(portrait, face_px, face, (1000, 900), (100, 60))
    motion = talking(8.0)
    picture = prepared(rgb, tracker, renderer)
    assert abs(seam(moved(picture, motion), picture)) < 0.01
    monkeypatch.setattr(HeadGeometry, "head_share", lambda self, points_n2: np.ones(len(points_n2)))
    picture = prepared(rgb, tracker, renderer)
    torn = moved(picture, motion)
    if picture.around.weight_hw1 is None:
        assert seam(torn, picture) > 1, "the measure sees a seam where motion does not fade"
    else:
        left, top, width, height = picture.around.box
        inner = (torn.astype(int) - picture.around.picture)[:, top + 20 : top + height - 20, left + 20 : left + width - 20]
        assert np.abs(inner[:, 0]).mean() > 1


def couple(portrait: np.ndarray, face: Face, apart_faces: float) -> np.ndarray:
    """The same person twice, mirrored, with that many face heights between the middles of the faces."""
    left, top = np.maximum(face.mesh_v3[:, :2].min(0) - 0.5 * face.height_px, 0).astype(int)
    bottom = int(face.mesh_v3[:, 1].max() + 2 * face.height_px)
    right = int(face.mesh_v3[:, 0].mean() + 0.5 * apart_faces * face.height_px)
    cut = np.s_[top:bottom, left:right]
    one = cv2.resize(portrait[cut], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(np.hstack([one, one[:, ::-1]]))


@pytest.mark.parametrize("apart_faces", [0.9, 1.4])
@pytest.mark.parametrize("chosen", [0, 1])
def test_of_a_couple_the_other_one_is_untouched(
    portrait: np.ndarray, face: Face, tracker: FaceTracker, renderer: MeshRenderer, apart_faces: float, chosen: int
) -> None:
    rgb = couple(portrait, face, apart_faces)
    picture = prepared(rgb, tracker, renderer, chosen + 1)
    frames = moved(picture, talking(10.0))
    faces = sorted(tracker.find(picture.around.picture), key=lambda one: one.mesh_v3[:, 0].mean())
    assert len(faces) == 2
    ours, others = (np.zeros(rgb.shape[:2], np.uint8) for _ in range(2))
    for one, mask, grown in ((faces[chosen], ours, 1.0), (faces[1 - chosen], others, 1.15)):
        oval = one.mesh_v3[list(topo.FACE_OVAL), :2]
        cv2.fillPoly(mask, [np.round(oval.mean(0) + grown * (oval - oval.mean(0))).astype(np.int32)], 1)
    half = rgb.shape[1] // 2
    others[:, slice(None, half + 3) if chosen == 0 else slice(half - 3, None)] = 0  # hair of both is in the middle
    mask = (others > 0)[: picture.size[1], : picture.size[0]]
    assert (frames[:, mask] == picture.around.picture[mask]).all()
    changed = (frames != picture.around.picture).any(3)[:, (ours > 0)[: picture.size[1], : picture.size[0]]]
    assert changed[2:].mean() > 0.5
    assert picture.source.freedom < 1 if apart_faces < 1 else picture.source.freedom > 0.6
    alone = renderer.prepare(picture.around.picture, faces[chosen])
    assert (moved(alone, talking(10.0))[:, mask] != picture.around.picture[mask]).any(), "without being told, it would move"


@pytest.mark.parametrize(
    ("size_wh", "lines", "expected"),
    [
        ((600, 500), None, (600, 500)),
        ((601, 501), None, (600, 500)),
        ((3000, 4000), None, (810, 1080)),
        ((1920, 1080), None, (1920, 1080)),
        ((1000, 800), 400, (500, 400)),
        ((1000, 800), 2160, (1000, 800)),
        ((9000, 1000), None, (4096, 456)),
    ],
)
def test_a_whole_picture_is_made_smaller_and_never_larger(size_wh, lines, expected, face: Face) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8)
    picture, (there,), warnings = framed(rgb, [face], "whole", lines)
    assert picture.shape == (expected[1], expected[0], 3)
    said = {(3000, 4000): "3000 x 4000 pixels, and the video 810 x 1080", (9000, 1000): "the video 4096 x"}.get(size_wh, "")
    said = "has 800 lines" if lines == 2160 else said
    assert bool(warnings) == bool(said) and all(said in words for words in warnings)
    if expected[0] in size_wh or expected[0] + 1 in size_wh:
        np.testing.assert_array_equal(picture, rgb[: expected[1], : expected[0]])
        np.testing.assert_allclose(there.landmarks_l3, face.landmarks_l3, atol=1e-9)


@pytest.mark.parametrize("lines", [None, 256, 1080])
def test_head_and_shoulders_are_as_high_as_asked_and_drawn_whole(
    portrait: np.ndarray, face: Face, renderer: MeshRenderer, lines: int | None
) -> None:
    rgb, (there,), warnings = framed(portrait, [face], "head", lines)
    assert rgb.shape[0] == (lines or 512) and rgb.shape[1] % 2 == 0 and not warnings
    if lines is None:
        before, landmarks = frame_face(portrait, face, 512)
        np.testing.assert_array_equal(rgb, before)
        np.testing.assert_array_equal(there.landmarks_l3, landmarks.landmarks_l3)
    picture = renderer.prepare(rgb, there)
    assert picture.around.box == (0, 0, rgb.shape[1], rgb.shape[0])
    if lines is None:
        np.testing.assert_array_equal(moved(picture, talking())[1], renderer.render(picture.source, *_first(talking())))


def _first(motion: Motion) -> tuple:
    return motion.expression_tk3[1], motion.rotation_t3[1], motion.translation_t3[1], float(motion.scale_t[1])
