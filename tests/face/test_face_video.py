"""A followed video in another order: what a renderer and a model are told of it belongs to the frame that is shown."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.face.canonical import load_canonical
from jamflow.face.channels import interpolated, join, split
from jamflow.face.face_video import FaceVideo
from jamflow.face.mesh.space import MESH_SPACE
from jamflow.face.motion import Motion
from jamflow.face.pose import rotation_from_angles
from jamflow.face.track import Track
from jamflow.face.usable import eased, losses, usable_frames


def video(
    yaw_k: Sequence[float] = (0, 0, 0), found_k: Sequence[bool] = (), shown_n=None, times_s=None, stretch: float = 1.0
) -> FaceVideo:
    """Frame k has the expression k everywhere; the canonical face, turned, is 200 pixels high."""
    n = len(yaw_k)
    found = np.array(found_k or [True] * n)
    rotation = np.zeros((n, 3), np.float32)
    rotation[:, 1] = yaw_k
    expression = np.repeat(np.arange(n, dtype=np.float32), 63).reshape(n, 21, 3)
    motion = Motion(expression, rotation, np.zeros((n, 3), np.float32), np.ones(n, np.float32), F(25))
    vertices = load_canonical().vertices_v3 * [1, stretch, 1]
    rows = [12.0 * vertices @ rotation_from_angles(angles).T * [1, -1, -1] + [250, 200, 0] for angles in rotation]
    landmarks = np.stack([np.concatenate([row, np.zeros((10, 3))]) for row in rows])
    shown = np.arange(n) if shown_n is None else np.array(shown_n)
    times = [F(k, 25) for k in range(len(shown) + 1)] if times_s is None else times_s
    return FaceVideo((500, 400), lambda _: iter(()), lambda a, b: landmarks[a:b], Track(motion, found), shown, times)


def test_mouth_and_clue_are_those_of_the_frame_that_is_shown() -> None:
    film = video(shown_n=[2, 0, 1, 2], times_s=[F(0), F(1, 25), F(3, 25), F(4, 25), F(5, 25)])
    assert film.mouth(MESH_SPACE).shape == (4, 18)
    assert film.mouth(MESH_SPACE)[:, 0].tolist() == [2, 0, 1, 2]
    assert film.mouth(MESH_SPACE, 1, 2)[:, 0].tolist() == [0, 1]
    clue = film.clue(MESH_SPACE, 0, 6, F(25))
    assert clue.shape == (6, 36) and clue[:, 0] == pytest.approx([2, 0, 0.5, 1, 2, 2]), "frame 1 lasts for two"
    assert film.clue(MESH_SPACE, 1, 2, F(25))[:, 5] == pytest.approx([0, 0.5])
    assert film.clue(MESH_SPACE, 1, 2, F(50))[:, 5] == pytest.approx([1, 0]), "from half a frame on, at twice the rate"


def test_channels_go_there_and_back() -> None:
    expression = np.random.default_rng(0).normal(size=(4, 21, 3)).astype(np.float32)
    mouth, clue = split(expression, MESH_SPACE)
    np.testing.assert_array_equal(mouth[:, 3:6], expression[:, 1])
    back = join(mouth, clue, MESH_SPACE)
    follow = list(MESH_SPACE.follow)
    assert not back[:, follow].any()
    kept = np.setdiff1d(np.arange(21), follow)
    np.testing.assert_array_equal(back[:, kept], expression[:, kept])


def test_rows_at_other_times_lie_on_straight_lines_and_are_still_at_the_ends() -> None:
    rows = np.array([[0.0, 5.0], [1.0, 3.0], [4.0, 3.0]])
    found = interpolated(np.array([0.0, 0.1, 0.4]), rows, np.array([-1.0, 0.05, 0.1, 0.2, 9.0]))
    np.testing.assert_allclose(found, [[0, 5], [0.5, 4], [1, 3], [2, 3], [4, 3]], atol=1e-6)


def test_frames_turned_either_way_too_small_or_lost_are_left_alone() -> None:
    film = video(yaw_k=[0, 50, -50, 39, -39, 0, 0], found_k=[True] * 5 + [False, True])
    heights = np.array([200, 200, 200, 200, 200, 200, 40.0])
    usable = usable_frames(film, heights, load_canonical())
    assert usable.tolist() == [True, False, False, True, True, False, False]
    assert losses(film, usable) == (
        "In 1 of 7 frames no face was found; they stay as they are.",
        "In 3 of 7 frames the face is turned away or too small; they stay as they are.",
    )
    repeated = video(yaw_k=[0, 50, 0], shown_n=[0, 1, 1, 2])
    (warning,) = losses(repeated, np.array([True, False, True]))
    assert "2 of 4 frames" in warning, "of the result, not of the video"


def test_frames_of_somebody_else_are_counted_apart_from_those_without_a_face() -> None:
    film = replace(video([0] * 6, [True, True, False, False, False, True]), other_k=np.array([0, 0, 1, 1, 0, 0], bool))
    assert losses(film, film.track.found_t) == (
        "In 2 of 6 frames, after a cut, somebody else is seen; they stay as they are.",
        "In 1 of 6 frames no face was found; they stay as they are.",
    )


def test_a_shot_is_known_by_any_of_its_frames() -> None:
    film = replace(video([0] * 6), shot_k=np.array([0, 0, 1, 1, 1, 2]))
    assert [film.shot(k) for k in (0, 1, 2, 4, 5)] == [(0, 2), (0, 2), (2, 5), (2, 5), (5, 6)]
    assert video([0] * 6).shot(3) == (0, 6), "one shot"


def test_a_video_of_no_use_is_refused() -> None:
    with pytest.raises(UserError, match="nowhere large enough"):
        usable_frames(video(yaw_k=[60, -60]), np.array([200.0, 200.0]), load_canonical())
    with pytest.raises(UserError, match="hardly looks like a human"):
        usable_frames(video(stretch=1.6), np.full(3, 200.0), load_canonical())


def test_the_new_mouth_comes_and_goes_by_degrees() -> None:
    usable = np.ones(20, bool)
    usable[8:10] = False
    share = eased(usable)
    assert (share[8:10] == 0).all() and (share[:4] == 1).all() and (share[14:] == 1).all()
    assert (np.diff(share[3:9]) < 0).all() and (np.diff(share[9:15]) > 0).all()
    np.testing.assert_allclose(share[3:9], share[9:15][::-1])
    assert (eased(np.ones(3, bool)) == 1).all()


def test_the_new_mouth_does_not_fade_across_a_cut() -> None:
    usable = np.ones(20, bool)
    usable[10:12] = False
    share = eased(usable, np.array([0] * 10 + [1] * 6 + [2] * 4))
    assert (share[:10] == 1).all() and (share[16:] == 1).all() and not share[10:12].any()
    assert (np.diff(share[11:16]) > 0).all() and share[15] < 1
