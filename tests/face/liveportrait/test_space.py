"""LivePortrait's motion space: angles, and the channels of the model."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jamflow.face.channels import join, split
from jamflow.face.liveportrait.keypoints import angles_from, rotation_matrix
from jamflow.face.liveportrait.motion import transfer
from jamflow.face.liveportrait.space import LIVEPORTRAIT_SPACE, anchor_of, frames_of, liveportrait_space, resting_in
from jamflow.face.mesh.space import MESH_SPACE, follow_mouth
from jamflow.face.motion import Motion, MotionSpace, Transfer

ANGLES = st.tuples(st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))


@settings(deadline=None, max_examples=300)
@given(ANGLES)
def test_angles_come_back_as_the_same_rotation(angles: tuple[float, float, float]) -> None:
    rotation = rotation_matrix(*torch.tensor([angles]).unbind(-1))
    again = rotation_matrix(*angles_from(rotation).unbind(-1))
    torch.testing.assert_close(again, rotation, atol=1e-5, rtol=0)


@pytest.mark.parametrize("yaw", [-90.0, 90.0, 89.99, 89.9])
def test_a_head_turned_fully_to_the_side_comes_back(yaw: float) -> None:
    rotation = rotation_matrix(*torch.tensor([[30.0, yaw, 50.0]]).unbind(-1))
    torch.testing.assert_close(rotation_matrix(*angles_from(rotation).unbind(-1)), rotation, atol=1e-5, rtol=0)


def test_angles_of_a_head_are_its_own() -> None:
    angles = torch.tensor([[-9.0, 15.0, 8.0], [15.0, -20.0, -10.0]])
    torch.testing.assert_close(angles_from(rotation_matrix(*angles.unbind(-1))), angles, atol=1e-4, rtol=0)


def motion(frames: int = 200, seed: int = 0) -> Motion:
    """As in the official templates: some numbers move, most key points are still, with a tracker's noise."""
    rng = np.random.default_rng(seed)
    expression = 2e-5 * rng.standard_normal((frames, 21, 3))
    expression[:, [1, 2, 14, 17, 19, 20], :2] += 0.02 * rng.standard_normal((frames, 6, 2))
    return Motion(
        expression.astype(np.float32),
        rng.normal(0, 5, (frames, 3)).astype(np.float32),
        rng.normal(0, 0.1, (frames, 3)).astype(np.float32),
        np.full(frames, 1.4, np.float32),
        Fraction(25),
    )


@pytest.mark.parametrize("space", [LIVEPORTRAIT_SPACE, liveportrait_space((6, 12, 14, 17, 19, 20)), MESH_SPACE], ids=str)
def test_every_key_point_has_one_role_and_channels_come_back(space: MotionSpace) -> None:
    assert sorted((*space.mouth, *space.clue, *space.follow)) == list(range(21))
    expression = motion().expression_tk3
    mouth, clue = split(expression, space)
    assert mouth.shape == (200, 3 * len(space.mouth)) and clue.shape == (200, 3 * len(space.clue))
    expected = expression.copy()
    expected[:, list(space.follow)] = 0
    np.testing.assert_array_equal(join(mouth, clue, space), expected)
    np.testing.assert_array_equal(mouth.reshape(200, -1, 3)[:, 0], expression[:, space.mouth[0]])


def test_channels_of_the_mesh_are_those_that_mini_was_trained_on() -> None:
    mouth = np.random.default_rng(0).standard_normal((5, 6, 3)).astype(np.float32)
    np.testing.assert_array_equal(split(follow_mouth(mouth), MESH_SPACE)[0], mouth.reshape(5, -1))


@pytest.mark.parametrize("mouth", [(), (14, 3), (14, 21)])
def test_the_mouth_is_made_of_lip_points(mouth: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="lip points"):
        liveportrait_space(mouth)


def test_at_rest_the_source_stays_as_it_is() -> None:
    canonical = torch.randn(21, 3, generator=torch.Generator().manual_seed(0))
    seen = motion(3)
    source = frames_of(motion(1, seed=5), canonical)
    moved = transfer(source, frames_of(seen, canonical), Transfer(), anchor_of(resting_in(seen, 1), canonical))
    torch.testing.assert_close(moved.keypoints()[1], source.keypoints()[0])
    assert (moved.keypoints()[0] - source.keypoints()[0]).abs().max() > 0.01
    # With no rest given, zero is rest: a motion made for this space, not seen in a video.
    nothing = Motion(*(np.zeros((2, *x), np.float32) for x in ((21, 3), (3,), (3,))), np.ones(2, np.float32), Fraction(25))
    moved = transfer(source, frames_of(nothing, canonical), Transfer(), anchor_of(None, canonical))
    torch.testing.assert_close(moved.keypoints(), source.keypoints().expand(2, -1, -1))
