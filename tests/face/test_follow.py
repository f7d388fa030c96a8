"""One of several people in a video."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.face.follow import Follower
from jamflow.face.mesh.tracker import MeshTracker
from jamflow.footage.video import open_footage
from jamflow.media.video_writer import VideoWriter

GREY = 90


@pytest.fixture(scope="module")
def two(portrait) -> np.ndarray:
    """A small face on the left, mirrored, and a larger one on the right."""
    picture = np.full((384, 896, 3), GREY, np.uint8)
    picture[64:320, 40:296] = portrait[::2, ::-2]
    picture[:, 448:832] = cv2.resize(portrait, (384, 384), interpolation=cv2.INTER_AREA)
    return picture


def alone(two: np.ndarray, left: bool) -> np.ndarray:
    picture = two.copy()
    picture[:, slice(448, None) if left else slice(0, 448)] = GREY
    return picture


def followed(follower: Follower, frames: list[np.ndarray]) -> list[float | None]:
    """Where the nose is."""
    return [None if face is None else float(face.landmarks_l3[4, 0]) for face in map(follower, frames)]


def test_the_largest_is_followed_and_never_taken_for_the_other(tracker, two) -> None:
    follower = Follower(tracker)
    places = followed(follower, [two, two, alone(two, left=True), alone(two, left=True), two])
    assert [p is None for p in places] == [False, False, True, True, False]
    assert min(p for p in places if p is not None) > 448 and follower.several == (2, 2), "to be told"


def test_the_one_asked_for(tracker, two) -> None:
    follower = Follower(tracker, 1)
    assert all(p is not None and p < 448 for p in followed(follower, [two] * 3)) and follower.first == 0


def test_who_comes_later_is_known_from_there_on(tracker, two) -> None:
    follower = Follower(tracker, 1)
    places = followed(follower, [alone(two, left=False), two, two])
    assert places[0] is not None and places[0] > 448, "the only one until then"
    assert follower.first == 1 and all(p is not None and p < 448 for p in places[1:])
    same = Follower(tracker, 2)
    followed(same, [alone(two, left=False), two])
    assert same.first == 0


def test_a_lone_face_that_is_lost_may_come_back_anywhere(tracker, two) -> None:
    places = followed(Follower(tracker), [alone(two, left=True), np.full_like(two, GREY), alone(two, left=False)])
    assert places[0] is not None and places[1] is None and places[2] is not None


def test_footage_of_the_one_asked_for(tracker, two, tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "v.mp4", 896, 384, Fraction(25)) as video:
        for frame in [alone(two, left=False), two, two]:
            video.write_frame(frame)
    footage = open_footage(tmp_path / "v.mp4", MeshTracker(tracker), 1)
    assert footage.track.found_t.tolist() == [False, True, True] and footage.warnings == ()
    noses = footage.landmarks(0, 3)[:, 4, 0]
    assert np.isnan(noses[0]) and (noses[1:] < 448).all()
    with pytest.raises(UserError, match="no face number 3: there are 2"):
        open_footage(tmp_path / "v.mp4", MeshTracker(tracker), 3)
    with VideoWriter(tmp_path / "one.mp4", 896, 384, Fraction(25)) as video:
        video.write_frame(alone(two, left=False))
    with pytest.raises(UserError, match="no face number 2: no frame"):
        open_footage(tmp_path / "one.mp4", MeshTracker(tracker), 2)


def test_landmarks_may_be_read_by_several_threads(tracker, two, tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "v.mp4", 896, 384, Fraction(25)) as video:
        for k in range(6):
            video.write_frame(np.roll(two, 8 * k, axis=1))
    rows = open_footage(tmp_path / "v.mp4", MeshTracker(tracker)).landmarks
    alone = [rows(k, k + 2) for k in range(5)]
    with ThreadPoolExecutor(8) as pool:
        for k, read in zip(range(4000), pool.map(lambda k: rows(k % 5, k % 5 + 2), range(4000)), strict=True):
            np.testing.assert_array_equal(read, alone[k % 5])
