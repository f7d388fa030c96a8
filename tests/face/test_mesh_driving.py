"""Motion seen in one face and drawn on another: regions, relative and absolute, gaps."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from face_samples import mouth

from jamflow.errors import UserError
from jamflow.face.mesh import space
from jamflow.face.mesh.tracker import MeshTracker
from jamflow.face.mesh.transfer import drawn_motion
from jamflow.face.motion import Motion, Rest, Transfer
from jamflow.face.pose import rotation_from_angles

FPS = Fraction(25)
REST = Rest(np.full((21, 3), 0.1), np.array([2.0, -3.0, 1.0]), np.array([5.0, 6.0, 0.0]), 10.0)


class Portrait:
    angles_3 = np.array([1.0, 2.0, 3.0])


def moving(t: int = 4) -> Motion:
    rng = np.random.default_rng(0)
    return Motion(
        rng.normal(size=(t, 21, 3)), rng.normal(size=(t, 3)) * 5, rng.normal(size=(t, 3)), 10 + rng.random(t), FPS, REST
    )


def drawn(motion: Motion, **how) -> Motion:
    return drawn_motion(motion, Transfer(**how), Portrait())  # pyright: ignore[reportArgumentType]


def test_a_performer_at_rest_leaves_the_portrait_as_it_is() -> None:
    still = Motion(REST.expression_k3[None], REST.rotation_3[None], REST.translation_3[None], np.array([REST.scale]), FPS, REST)
    out = drawn(still)
    for value in (out.expression_tk3, out.rotation_t3, out.translation_t3, out.scale_t - 1):
        np.testing.assert_allclose(value, 0, atol=1e-6)
    assert out.rest is None


def test_turns_are_composed_not_subtracted() -> None:
    motion = moving()
    out = drawn(motion)
    for seen, turn in zip(motion.rotation_t3, out.rotation_t3, strict=True):
        turned = rotation_from_angles(turn) @ rotation_from_angles(REST.rotation_3)
        np.testing.assert_allclose(turned, rotation_from_angles(seen), atol=1e-6)


def test_absolute_turns_the_portrait_to_where_the_performer_looks() -> None:
    motion = moving()
    out = drawn(motion, relative=False)
    looks = rotation_from_angles(out.rotation_t3[1]) @ rotation_from_angles(Portrait.angles_3)
    np.testing.assert_allclose(looks, rotation_from_angles(motion.rotation_t3[1]), atol=1e-6)
    assert not out.translation_t3.any() and (out.scale_t == 1).all()


@pytest.mark.parametrize(
    ("region", "moves", "head"),
    [
        ("all", set(range(21)), True),
        ("exp", set(range(21)), False),
        ("pose", set(), True),
        ("lip", set(range(9)), False),
        ("eyes", {*range(11, 19)}, False),
    ],
)
def test_regions(region: str, moves: set[int], head: bool) -> None:
    out = drawn(moving(), region=region)
    assert set(np.flatnonzero(np.abs(out.expression_tk3).sum((0, 2)))) == moves
    assert out.rotation_t3.any() == head and out.translation_t3.any() == head and (out.scale_t != 1).any() == head


def test_multiplier_scales_the_difference_from_rest() -> None:
    once, twice = drawn(moving()), drawn(moving(), multiplier=2.0)
    np.testing.assert_allclose(twice.expression_tk3, 2 * once.expression_tk3, rtol=1e-6)
    np.testing.assert_allclose(twice.scale_t - 1, 2 * (once.scale_t - 1), rtol=1e-4)


def test_what_is_tracked_draws_the_same_face_again(source, renderer, tracker, portrait, face) -> None:
    """The portrait performs known motion, is tracked, and is drawn from what was seen."""
    picture = renderer.prepare(portrait, face)
    n = 24
    opening = np.abs(np.sin(np.arange(n) / 3))
    told = Motion(
        np.stack([mouth(o) for o in opening]).astype(np.float32),
        np.stack([np.zeros(n), 5 * np.sin(np.arange(n) / 5), np.zeros(n)], 1).astype(np.float32),
        np.zeros((n, 3), np.float32),
        np.ones(n, np.float32),
        FPS,
    )
    track = MeshTracker(tracker).track((batch[0].numpy() for batch in picture.draw(told)), FPS)
    assert track.found_t.all()
    seen = drawn_motion(track.motion, Transfer(), picture.source.geometry.pose)
    shown = seen.expression_tk3[:, 2, 1] - seen.expression_tk3[:, 3, 1]
    assert np.corrcoef(shown, opening)[0, 1] > 0.95, "the landmark network sees openings under 3 mm as shut"
    assert np.abs(shown - opening).mean() < 0.15
    assert np.corrcoef(seen.rotation_t3[:, 1], told.rotation_t3[:, 1])[0, 1] > 0.97


def test_frames_without_a_face_are_bridged_and_marked(tracker, portrait) -> None:
    moved, black = np.roll(portrait, 8, axis=1), np.zeros_like(portrait)
    track = MeshTracker(tracker).track([black, portrait, black, moved], FPS)
    assert list(track.found_t) == [False, True, False, True]
    x = track.motion.translation_t3[:, 0]
    assert x[0] == x[1] < x[2] < x[3] and x[2] == pytest.approx((x[1] + x[3]) / 2)
    assert all(np.isfinite(getattr(track.motion, name)).all() for name in ("expression_tk3", "rotation_t3", "scale_t"))


def test_a_driving_video_without_a_face_is_refused(tracker, portrait) -> None:
    with pytest.raises(UserError, match="No human face was found in the video"):
        MeshTracker(tracker).track([np.zeros_like(portrait)] * 2, FPS)


def test_rows_take_every_part_of_a_motion() -> None:
    motion = replace(moving(), eyes_t2=np.arange(8.0).reshape(4, 2))
    part = motion.rows(np.array([2, 0]))
    np.testing.assert_array_equal(part.eyes_t2, [[4, 5], [0, 1]])
    np.testing.assert_array_equal(part.scale_t, motion.scale_t[[2, 0]])
    assert len(part) == 2 and part.lips_t1 is None and part.rest is motion.rest


def test_regions_cover_the_space() -> None:
    groups = (*space.MESH_SPACE.mouth, *space.MESH_SPACE.clue, *space.MESH_SPACE.follow)
    assert sorted(groups) == list(range(21))


def test_who_never_shuts_the_mouth_is_at_rest_with_it_shut(source, renderer, tracker) -> None:
    """All the time 0.5 to 0.9 cm open: that is what is seen, not 0 to 0.4."""
    frames = [renderer.render(source, mouth(opening)) for opening in np.linspace(0.5, 0.9, 8)]
    e_tk3 = MeshTracker(tracker).track(frames, FPS).motion.expression_tk3
    shown = e_tk3[:, 2, 1] - e_tk3[:, 3, 1]
    assert 0.2 < shown.min() < 0.7 < shown.max() < 1.1
