"""The mouth of a video drawn anew by LivePortrait: what changes, where, and by which key points."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch
from face_samples import tracked_video

from golden import Golden
from jamflow.errors import UserError
from jamflow.face.channels import join, split
from jamflow.face.face_video import FaceVideo
from jamflow.face.liveportrait.crop import crop, face_box
from jamflow.face.liveportrait.keypoints import rotation_matrix, transform
from jamflow.face.liveportrait.lower_face import find_lower_face
from jamflow.face.liveportrait.renderer import LivePortraitRenderer, Options
from jamflow.face.liveportrait.space import LIVEPORTRAIT_SPACE as SPACE
from jamflow.face.liveportrait.tracker import LivePortraitTracker
from jamflow.face.liveportrait.video_picture import LivePortraitVideo
from jamflow.face.tracker import FaceTracker
from liveportrait_networks import TintedGenerator, filled_networks, stand_ins

FPS = Fraction(25)
N, GONE = 12, (6,)
MOUTH = list(SPACE.mouth)


def filmed(frames: Sequence[np.ndarray], tracker: FaceTracker, order: Sequence[int] | None = None) -> FaceVideo:
    return tracked_video(frames, LivePortraitTracker(stand_ins(), finder=tracker), order)


@pytest.fixture(scope="module")
def frames(portrait: np.ndarray) -> list[np.ndarray]:
    """The head nods sidewards and goes to the right, with grain; one frame is without a face."""
    out, rng = [], np.random.default_rng(0)
    for k in range(N):
        turn = cv2.getRotationMatrix2D((220.0, 150.0), 3.0 * k - 15, 0.9)
        turn[:, 2] += [3.0 * k, 60]
        frame = cv2.warpAffine(portrait, turn, (500, 480), borderMode=cv2.BORDER_REPLICATE)
        if k in GONE:
            frame = np.full_like(frame, 120)
        out.append(np.clip(frame + rng.normal(0, 4, (480, 500, 1)), 0, 255).astype(np.uint8))
    return out


@pytest.fixture(scope="module")
def film(frames, tracker) -> FaceVideo:
    return filmed(frames, tracker)


@pytest.fixture(scope="module")
def picture(film) -> LivePortraitVideo:
    return LivePortraitRenderer(stand_ins()).prepare_video(film)


@pytest.fixture(scope="module")
def source(frames) -> np.ndarray:
    return np.stack(frames)


def moved(film: FaceVideo, by: float | np.ndarray, first: int = 0, count: int | None = None) -> np.ndarray:
    """(N, M) the mouth as filmed, its key points further to the right."""
    mouth = film.mouth(SPACE, first, count).reshape(-1, len(MOUTH), 3).copy()
    mouth[..., 0] += np.asarray(by, np.float32).reshape(-1, 1)
    return mouth.reshape(len(mouth), -1)


def drawn(picture: LivePortraitVideo, mouth_tm: np.ndarray, first: int = 0) -> np.ndarray:
    batches = picture.draw(picture.speaking(mouth_tm, FPS), first=first)
    return np.concatenate([batch.numpy() for batch in batches])


def test_outside_the_lower_face_every_pixel_is_the_source(picture, film, source) -> None:
    frames = drawn(picture, moved(film, 0.6))
    assert frames.shape == source.shape and frames.dtype == np.uint8
    changed = (frames != source).any(-1)
    assert [k for k in range(N) if changed[k].any()] == [k for k in range(N) if k not in GONE], "no face, no change"
    for k in set(range(N)) - set(GONE):
        points = film.landmarks(k, k + 1)[0, :468, :2]
        down = points[152] - points[10]
        y, x = np.nonzero(changed[k])
        heights = (np.stack([x, y], 1) - points[10]) @ down / (down @ down)
        eyes = (points[[145, 374]] - points[10]) @ down / (down @ down)
        assert heights.min() > eyes.max() + 0.05 and 0.95 < heights.max() < 1.3
        lips = points[[0, 17, 61, 291, 13]].round().astype(int)
        assert changed[k, lips[:, 1], lips[:, 0]].all()
        assert changed[k].mean() < 0.12


def test_the_mouth_as_filmed_and_motion_that_is_no_number_leave_the_frame(picture, film, source) -> None:
    rows = moved(film, 0.6)
    rows[:4] = film.mouth(SPACE, 0, 4)
    rows[-3:, 5] = np.nan
    frames = drawn(picture, rows)
    np.testing.assert_array_equal(frames[:4], source[:4])
    np.testing.assert_array_equal(frames[-3:], source[-3:])
    assert (frames[4] != source[4]).any()


def test_where_the_face_comes_back_the_mouth_does_not_jump(picture, film, source) -> None:
    change = np.abs(drawn(picture, moved(film, 0.6)).astype(int) - source).sum((1, 2, 3))
    before, after = change[: GONE[0]], change[GONE[0] + 1 :]
    assert (np.diff(before[1:]) < 0).all() and (np.diff(after[:5]) > 0).all()
    assert max(before[-1], after[0]) < 0.4 * before[0]


@pytest.mark.parametrize("batch_frames", [4, 10])
def test_frames_do_not_depend_on_the_batch_nor_on_the_piece(picture, film, batch_frames: int) -> None:
    rows = moved(film, np.linspace(-0.5, 0.5, N))
    whole = drawn(picture, rows)
    pieces = [drawn(picture, rows[a:b], first=a) for a, b in ((0, 5), (5, 6), (6, N))]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    batched = LivePortraitRenderer(stand_ins(), batch_frames=batch_frames).prepare_video(film)
    assert np.abs(drawn(batched, rows).astype(int) - whole).max() <= 1


def test_only_the_mouths_key_points_move_and_by_what_is_wanted(picture, film, frames) -> None:
    numbers = [0, 5, 11]
    faces = [find_lower_face(frames[k], film.landmarks(k, k + 1)[0, :, :2].astype(float)) for k in numbers]
    rng = np.random.default_rng(0)
    by = join(rng.normal(0, 0.02, (3, 12)), np.zeros((3, 51)), SPACE)
    source, driving, _ = picture.key_points(faces, by)
    same, again, _ = picture.key_points(faces, np.zeros_like(by))
    assert torch.equal(same, again) and torch.equal(same, source)
    others = [k for k in range(21) if k not in MOUTH]
    assert torch.equal(driving[:, others], source[:, others])
    scale = picture._runner.motion(np.stack([face.small_ss3 for face in faces])).scale_b1.numpy()[:, None]
    step = (driving - source).numpy() / scale
    np.testing.assert_allclose(step[..., 2], by[..., 2], atol=1e-6)
    for t, k in enumerate(numbers):
        # The crop is turned with the head: back in the upright frame the key points go where they were told to.
        angle = np.arctan2(*faces[t].axes_22[0, ::-1])
        assert np.rad2deg(angle) == pytest.approx(15 - 3 * k, abs=8), "as the head is"
        np.testing.assert_allclose(step[t, :, :2] @ faces[t].axes_22, by[t, :, :2], atol=1e-6)
        np.testing.assert_allclose(faces[t].axes_22 @ faces[t].axes_22.T, np.eye(2), atol=1e-9)


def test_colour_and_grain_are_the_frames_own(film, source) -> None:
    """A decoder that is soft and tinted draws a mouth that is 30 levels lighter; nothing but that is seen."""
    networks = replace(stand_ins(), generator=TintedGenerator())
    one = LivePortraitRenderer(networks).prepare_video(film)
    seen = (0, 1, 11)
    step = 30 / 255 / 0.8
    rows = moved(film, 0)
    for k in seen:
        face = find_lower_face(source[k], film.landmarks(k, k + 1)[0, :, :2])
        scale = float(one._runner.motion(face.small_ss3[None]).scale_b1)
        rows[k] = moved(film, step * 21 / 4 / scale, k, 1)[0]
    frames = drawn(one, rows)
    for k in seen:
        x, y = film.landmarks(k, k + 1)[0, [17, 200, 61, 291], :2].mean(0).round().astype(int)
        spot = np.s_[y - 12 : y + 12, x - 12 : x + 12]
        off = frames[k][spot].astype(float) - source[k][spot]
        lighter = off.mean((0, 1))
        assert np.abs(lighter - 30).max() < 5, "no tint"
        before, after = (np.std(np.diff(rgb[spot].astype(float), axis=1)) for rgb in (source[k], frames[k]))
        assert 0.6 < after / before < 1.2, "grain"


def test_frames_in_another_order(frames, source, tracker) -> None:
    order = [0, 1, 1, 0, 2]
    film = filmed(frames[:3], tracker, order)
    picture = LivePortraitRenderer(stand_ins()).prepare_video(film)
    assert picture.times_s == film.times_s
    rows = moved(film, 0)
    np.testing.assert_array_equal(drawn(picture, rows), source[order])
    again = drawn(picture, moved(film, 0.4))
    np.testing.assert_array_equal(again[[1, 0]], again[[2, 3]])
    assert picture.clue(0, 4, FPS).shape == (4, 51)
    np.testing.assert_array_equal(picture.clue(2, 1, FPS)[0], split(film.track.motion.expression_tk3[1:2], SPACE)[1][0])


def test_odd_sizes_lose_a_row_and_a_column(frames, tracker) -> None:
    odd = [frame[:451, :497] for frame in frames[:2]]
    film = filmed(odd, tracker)
    picture = LivePortraitRenderer(stand_ins()).prepare_video(film)
    assert picture.size == (496, 450)
    np.testing.assert_array_equal(drawn(picture, moved(film, 0)), np.stack(odd)[:, :450, :496])


@pytest.mark.parametrize("times", [0.55, 4.5])
def test_small_and_large_faces(frames, tracker, times: float) -> None:
    """The drawing is smaller or larger than the face; a change is as large as elsewhere, and at its place."""
    sizes = [cv2.resize(f, None, fx=times, fy=times, interpolation=cv2.INTER_AREA) for f in frames[4:6]]
    film = filmed(sizes, tracker)
    picture = LivePortraitRenderer(stand_ins()).prepare_video(film)
    new, old = drawn(picture, moved(film, 0.6)), np.stack(sizes)[:, : picture.size[1], : picture.size[0]]
    x, y = film.landmarks(0, 1)[0, [0, 17], :2].mean(0).round().astype(int)
    assert 15 < (new[0].astype(int) - old[0])[y - 2 : y + 3, x - 2 : x + 3].mean() < 60
    assert 0.01 < (new[0] != old[0]).any(-1).mean() < 0.12


def test_landmarks_of_the_next_shot_do_not_matter(film) -> None:
    """A shot whose face is moved a little, so little that only the cut tells."""
    rows, shot_k = film.landmarks, np.array([0] * 4 + [1] * (N - 4))
    other = replace(film, shot_k=shot_k, landmarks=lambda a, b: rows(a, b) + 4.0 * (np.arange(a, b) > 3)[:, None, None])
    pictures = [LivePortraitRenderer(stand_ins()).prepare_video(f) for f in (replace(film, shot_k=shot_k), other)]
    before, after = (drawn(picture, moved(film, 0.6, 0, 6)) for picture in pictures)
    np.testing.assert_array_equal(before[:4], after[:4])
    assert (before[4:] != after[4:]).any((1, 2, 3)).all()


def test_after_a_cut_nothing_fades(film, source) -> None:
    """The frame without a face is the last of its shot."""
    picture = LivePortraitRenderer(stand_ins()).prepare_video(replace(film, shot_k=np.array([0] * 7 + [1] * (N - 7))))
    by_k = np.abs(drawn(picture, moved(film, 0.6)).astype(int) - source).sum((1, 2, 3))
    assert by_k[5] < 0.5 * by_k[1] and by_k[7] > 0.8 * by_k[10]


def test_what_is_lost_is_counted(picture) -> None:
    assert picture.warnings == ("In 1 of 12 frames no face was found; they stay as they are.",)


def test_a_face_that_is_too_small_is_refused(film, monkeypatch) -> None:
    monkeypatch.setattr("jamflow.face.usable.HEIGHT_MIN_PX", 400.0)
    with pytest.raises(UserError, match="nowhere large enough"):
        LivePortraitRenderer(stand_ins()).prepare_video(film)


def test_a_face_that_is_turned_away_stays_as_it_is(film, source) -> None:
    motion = film.track.motion
    angles = motion.rotation_t3.copy()
    angles[:3, 1] = -60
    turned = replace(film, track=replace(film.track, motion=replace(motion, rotation_t3=angles)))
    picture = LivePortraitRenderer(stand_ins()).prepare_video(turned)
    assert any("In 3 of 12 frames the face is turned away" in warning for warning in picture.warnings)
    frames = drawn(picture, moved(film, 0.6))
    assert [k for k in range(6) if (frames[k] != source[k]).any()] == [3, 4, 5]


def test_options_of_portraits_change_nothing(film, picture) -> None:
    other = LivePortraitRenderer(stand_ins(), options=Options(False, True, True, True)).prepare_video(film)
    rows = moved(film, 0.3, 0, 2)
    np.testing.assert_array_equal(drawn(other, rows), drawn(picture, rows))


def test_all_is_done_on_the_device(film) -> None:
    """PyTorch's device without numbers refuses tensors of the CPU as a GPU does."""
    picture = LivePortraitRenderer(stand_ins(), "meta").prepare_video(film)
    batches = list(picture.draw(picture.speaking(moved(film, 0.6), FPS)))
    assert [tuple(batch.shape) for batch in batches] == [(4, 480, 500, 3)] * 3
    assert {batch.device.type for batch in batches} == {"meta"}


@pytest.mark.full
def test_the_drawings_are_the_parts_one_after_another(film, frames) -> None:
    n = filled_networks(Golden("liveportrait", "chain.npz"))
    picture = LivePortraitRenderer(n).prepare_video(film)
    points = film.landmarks(0, 1)[0, :, :2].astype(float)
    by = join(np.full((1, 12), 0.03), np.zeros((1, 51)), SPACE)
    own, new = picture._drawings([find_lower_face(frames[0], points)], by)
    to_crop = face_box(points).matrix(512)
    seen = torch.from_numpy(cv2.resize(crop(frames[0], to_crop, 512), (256, 256), interpolation=cv2.INTER_AREA))
    seen = seen.movedim(-1, 0)[None] / 255
    m, feature = n.motion(seen), n.appearance(seen)
    rotation = rotation_matrix(m.pitch_b, m.yaw_b, m.roll_b)
    x_s = transform(m.canonical_bk3, rotation, m.expression_bk3, m.translation_b3, m.scale_b1)
    step = torch.from_numpy(by).float()
    step[..., :2] = step[..., :2] @ torch.from_numpy(to_crop[:2, :2] / np.linalg.norm(to_crop[0, :2])).float().T
    x_d = transform(m.canonical_bk3, rotation, m.expression_bk3 + step, m.translation_b3, m.scale_b1)
    for drawing, x in ((own, x_s), (new, x_d)):
        torch.testing.assert_close(drawing, n.generator(n.warping(feature, x, x_s).feature_bchw), atol=1e-3, rtol=0)
    assert (own - new).abs().max() > 0.01
