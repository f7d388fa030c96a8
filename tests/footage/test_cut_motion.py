"""The head of a driving video does not jump where the video was cut."""

from fractions import Fraction

import numpy as np
import pytest

from jamflow.face.motion import Motion, Rest
from jamflow.face.pose import angles_of, rotation_from_angles
from jamflow.face.track import Track
from jamflow.footage.cut_motion import as_one_shot

SHOTS = np.array([0] * 3 + [1] * 3 + [2] * 3)


@pytest.fixture
def track() -> Track:
    """A head that turns by 5 degrees and moves by 1 cm a frame, twice as large in the last shot; somebody else in between."""
    step = np.arange(3, dtype=np.float32)
    rotation, translation, scale = np.zeros((9, 3), np.float32), np.zeros((9, 3), np.float32), np.full(9, 10.0, np.float32)
    rotation[:3, 1], rotation[6:, 1], rotation[6:, 2] = 5 * step, 20 + 5 * step, 30
    translation[:3, 0], translation[6:, 0] = step, 40 + 2 * step
    scale[6:] = 20 * (1 + 0.1 * step)
    rest = Rest(np.zeros((21, 3)), rotation[0], translation[0], 10.0)
    motion = Motion(np.zeros((9, 21, 3), np.float32), rotation, translation, scale, Fraction(25), rest)
    return Track(motion, np.array([True] * 3 + [False] * 3 + [True] * 3))


def test_each_shot_begins_at_rest_and_moves_as_before(track: Track) -> None:
    motion = as_one_shot(track, SHOTS)
    np.testing.assert_array_equal(motion.rotation_t3[:3], track.motion.rotation_t3[:3])
    np.testing.assert_allclose(motion.rotation_t3[6], 0, atol=1e-4)
    np.testing.assert_allclose(motion.translation_t3[6:, 0], [0, 1, 2], atol=1e-5)
    np.testing.assert_allclose(motion.scale_t[6:], [10, 11, 12], rtol=1e-5)
    turned = [rotation_from_angles(angles) for angles in track.motion.rotation_t3[[6, 8]]]
    np.testing.assert_allclose(motion.rotation_t3[8], angles_of(turned[1] @ turned[0].T), atol=1e-3)


def test_between_two_shots_the_head_moves_on_evenly(track: Track) -> None:
    motion = as_one_shot(track, SHOTS)
    np.testing.assert_allclose(motion.rotation_t3[2:7, 1], [10, 7.5, 5, 2.5, 0], atol=1e-4)
    np.testing.assert_allclose(motion.translation_t3[2:7, 0], [2, 1.5, 1, 0.5, 0], atol=1e-5)


def test_one_shot_is_as_it_was(track: Track) -> None:
    motion = as_one_shot(track, np.zeros(9, int))
    np.testing.assert_array_equal(motion.rotation_t3[track.found_t], track.motion.rotation_t3[track.found_t])
    np.testing.assert_array_equal(motion.scale_t[track.found_t], track.motion.scale_t[track.found_t])
