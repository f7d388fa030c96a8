"""LivePortrait as a renderer: what is drawn where, and by which of the motion's parts."""

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch

from golden import Golden
from jamflow.errors import UserError
from jamflow.face.framing import framed
from jamflow.face.liveportrait.crop import crop, eye_ratios, face_box, lip_ratio, paste, paste_mask
from jamflow.face.liveportrait.keypoints import rotation_matrix, transform
from jamflow.face.liveportrait.motion import Adjustments, adjust
from jamflow.face.liveportrait.renderer import LivePortraitRenderer, Options
from jamflow.face.liveportrait.retargeting import stitch
from jamflow.face.motion import Motion, Rest, Transfer
from jamflow.face.tracker import Face
from jamflow.media.colour import to_yuv420p
from liveportrait_networks import filled_networks, stand_ins


def some_motion(frames: int = 5, openings: bool = True) -> Motion:
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=(frames, *shape)).astype(np.float32)

    motion = Motion(0.02 * draw(21, 3), 8 * draw(3), 0.05 * draw(3), 1.4 + 0.05 * draw(), Fraction(25))
    motion = replace(motion, rest=Rest(0.01 * draw(21, 3)[0], draw(3)[0], 0.01 * draw(3)[0], 1.3))
    return replace(motion, eyes_t2=0.3 + 0.1 * draw(2), lips_t1=0.1 * draw(1)) if openings else motion


def at_rest(motion: Motion, frames: int = 2) -> Motion:
    rest = motion.rest
    assert rest is not None
    values = (rest.expression_k3, rest.rotation_3, rest.translation_3, np.float32(rest.scale))
    return Motion(*(np.repeat(np.asarray(x)[None], frames, axis=0) for x in values), motion.fps, rest)


def drawn(picture, motion: Motion, how: Transfer | None = None) -> np.ndarray:
    return np.concatenate([batch.numpy() for batch in picture.draw(motion, how or Transfer())])


@pytest.mark.parametrize("size", [(512, 512), (301, 277), (2047, 2047)])
def test_a_portrait_at_rest_is_drawn_as_it_is(portrait: np.ndarray, face: Face, size: tuple[int, int]) -> None:
    scale = np.array(size) / 512
    rgb = cv2.resize(portrait, size, interpolation=cv2.INTER_AREA if scale[0] < 1 else cv2.INTER_CUBIC)
    there = Face(np.c_[(face.landmarks_l3[:, :2] + 0.5) * scale - 0.5, face.landmarks_l3[:, 2]], 1.0)
    expected, (there,), _ = framed(rgb, [there])
    picture = LivePortraitRenderer(stand_ins(), options=Options(stitching=False)).prepare(expected, there)
    assert picture.size == {512: (512, 512), 301: (300, 276), 2047: (1080, 1080)}[size[0]]
    frames = drawn(picture, at_rest(some_motion()))
    assert frames.shape == (2, picture.size[1], picture.size[0], 3) and frames.dtype == np.uint8
    box = face_box(there.landmarks_l3[:, :2])
    x, y = np.meshgrid(np.arange(picture.size[0]), np.arange(picture.size[1]))
    away = np.abs(np.stack([x, y], -1) - box.centre_2).max(-1) > 0.75 * box.side_px
    np.testing.assert_array_equal(frames[:, away], np.stack([expected[away]] * 2))
    # Inside, it went through a crop and back: a little blurred, and nowhere else.
    off = np.abs(frames[0].astype(int) - expected)[~away]
    shifted = np.abs(np.roll(frames[0], 3, axis=1).astype(int) - expected)[~away]
    assert off.mean() < 4 and off.mean() < 0.6 * shifted.mean()


def test_another_face_stays_as_it_is(portrait: np.ndarray, face: Face) -> None:
    """Two of them, so near that the crop of one has the other in it."""
    width = int(1.3 * face.height_px) // 2 * 2
    left = int(face.mesh_v3[:, 0].mean()) - width // 2
    rgb = np.ascontiguousarray(np.tile(portrait[:, left : left + width], (1, 2, 1)))
    one, other = (Face(face.landmarks_l3 + np.array([shift - left, 0, 0]), 1.0) for shift in (0, width))
    renderer = LivePortraitRenderer(stand_ins())
    low, high = other.mesh_v3[:, :2].min(0).astype(int), other.mesh_v3[:, :2].max(0).astype(int)
    theirs = np.s_[low[1] : high[1], low[0] : high[0]]
    frames = drawn(renderer.prepare(rgb, one, [other]), some_motion(2))
    assert all((frame[theirs] == rgb[theirs]).all() for frame in frames)
    low, high = one.mesh_v3[:, :2].min(0).astype(int), one.mesh_v3[:, :2].max(0).astype(int)
    assert (frames[0] != rgb)[low[1] : high[1], low[0] : high[0]].mean() > 0.5
    assert (drawn(renderer.prepare(rgb, one), some_motion(2))[0][theirs] != rgb[theirs]).any()


@pytest.mark.parametrize("batch_frames", [2, 3, 8])
def test_frames_do_not_depend_on_the_batch(portrait: np.ndarray, face: Face, batch_frames: int) -> None:
    networks, motion = stand_ins(), some_motion()
    batches = list(LivePortraitRenderer(networks, batch_frames=batch_frames).prepare(portrait, face).draw(motion))
    assert [len(batch) for batch in batches] == [min(batch_frames, 5 - k) for k in range(0, 5, batch_frames)]
    one_by_one = drawn(LivePortraitRenderer(networks).prepare(portrait, face), motion)
    # Sums in another order may end in another level.
    assert np.abs(torch.cat(batches).numpy().astype(int) - one_by_one).max() <= 1
    assert (one_by_one[0] != one_by_one[1]).any()


@pytest.mark.parametrize("relative", [True, False])
def test_openings_are_retargeted_to_the_driving_face(portrait: np.ndarray, face: Face, relative: bool) -> None:
    networks, motion, how = stand_ins(), some_motion(), Transfer(relative)
    picture = LivePortraitRenderer(networks, options=Options(eyes=True, lips=True)).prepare(portrait, face)
    plain = LivePortraitRenderer(networks, options=Options(stitching=False)).prepare(portrait, face)
    landmarks = face.landmarks_l3[:, :2]
    eyes, lips = (torch.from_numpy(np.tile(own, (5, 1))) for own in (eye_ratios(landmarks), lip_ratio(landmarks)))
    assert motion.eyes_t2 is not None and motion.lips_t1 is not None
    by = Adjustments(
        networks.stitching,
        networks.eye,
        networks.lip,
        torch.cat([eyes, torch.from_numpy(motion.eyes_t2[:, :1])], 1),
        torch.cat([lips, torch.from_numpy(motion.lips_t1)], 1),
    )
    expected = adjust(picture._source.keypoints(), plain.driving_points(motion, how), how, by)
    torch.testing.assert_close(picture.driving_points(motion, how), expected)
    with pytest.raises(UserError, match="does not tell how far"):
        next(picture.draw(some_motion(openings=False)))


def test_open_lips_are_closed_first(portrait: np.ndarray, face: Face) -> None:
    networks, motion = stand_ins(), at_rest(some_motion())
    points = [
        LivePortraitRenderer(networks, options=Options(stitching=False, close_lips=close))
        .prepare(portrait, face)
        .driving_points(motion)
        for close in (False, True)
    ]
    assert (points[0] - points[1]).abs().max() > 1e-3  # she smiles with her lips open


def test_multiplier_and_region_reach_the_key_points(portrait: np.ndarray, face: Face) -> None:
    picture = LivePortraitRenderer(stand_ins(), options=Options(stitching=False)).prepare(portrait, face)
    motion, source = some_motion(), picture._source.keypoints()
    once, twice = (picture.driving_points(motion, Transfer(multiplier=m)) - source for m in (1.0, 2.0))
    torch.testing.assert_close(twice, 2 * once)
    lips = (picture.driving_points(motion, Transfer(region="lip")) - source).abs().amax((0, 2)) > 0
    assert lips.nonzero().flatten().tolist() == [6, 12, 14, 17, 19, 20]


@pytest.mark.parametrize("how", [Transfer(), Transfer(relative=False), Transfer(region="lip")], ids=str)
@pytest.mark.parametrize("options", [Options(eyes=True, lips=True), Options(close_lips=True)], ids=str)
def test_all_is_done_on_the_device(portrait: np.ndarray, face: Face, how: Transfer, options: Options) -> None:
    """PyTorch's device without numbers refuses tensors of the CPU as a GPU does."""
    picture = LivePortraitRenderer(stand_ins(), "meta", options=options).prepare(portrait, face)
    batches = list(picture.draw(some_motion(9), how))
    assert [tuple(batch.shape) for batch in batches] == [(8, 512, 512, 3), (1, 512, 512, 3)]
    assert {batch.device.type for batch in batches} == {"meta"}
    assert to_yuv420p(batches[0]).shape == (8, 768, 512) and to_yuv420p(batches[0]).device.type == "meta"


def test_half_precision_is_for_the_networks_only(portrait: np.ndarray, face: Face) -> None:
    networks, motion = stand_ins(), some_motion()
    fine, coarse = (LivePortraitRenderer(networks, dtype=d).prepare(portrait, face) for d in (torch.float32, torch.bfloat16))
    torch.testing.assert_close(fine.driving_points(motion), coarse.driving_points(motion))


@pytest.mark.full
def test_the_networks_in_one_go() -> None:
    golden = Golden("liveportrait", "chain.npz")
    n, images = filled_networks(golden), golden.input("images")
    feature = n.appearance(images[:1])
    golden.check("feature_3d", feature, atol=5e-5)
    m = n.motion(images)
    rotation = rotation_matrix(m.pitch_b, m.yaw_b, m.roll_b)
    x = transform(m.canonical_bk3, rotation, m.expression_bk3, m.translation_b3, m.scale_b1)
    golden.check("x_s", x[:1], atol=2e-5)
    golden.check("x_d", x[1:], atol=2e-5)
    stitched = stitch(n.stitching, x[:1], x[1:])
    golden.check("x_d_stitched", stitched, atol=2e-5)
    warped = n.warping(feature, stitched, x[:1])
    golden.check("warp_decode/deformation", warped.deformation_bdhw3, atol=2e-5)
    golden.check("warp_decode/occlusion_map", warped.occlusion_b1hw, atol=1e-4)
    image = n.generator(warped.feature_bchw)
    golden.check("warp_decode/out", image, atol=1e-3)
    seen = golden.kept_of("parse_output_u8", (image * 255).to(torch.uint8).movedim(1, -1))
    assert np.abs(seen.astype(int) - golden.stored("parse_output_u8").astype(int)).max() <= 1


@pytest.mark.full
def test_a_picture_is_the_parts_one_after_another(portrait: np.ndarray, face: Face) -> None:
    n = filled_networks(Golden("liveportrait", "chain.npz"))
    motion = some_motion(2, openings=False)
    frames = drawn(LivePortraitRenderer(n, batch_frames=2).prepare(portrait, face), motion)
    to_crop = face_box(face.landmarks_l3[:, :2]).matrix(512)
    seen = cv2.resize(crop(portrait, to_crop, 512), (256, 256), interpolation=cv2.INTER_AREA)
    seen = torch.from_numpy(seen).movedim(-1, 0)[None] / 255
    m, rest = n.motion(seen), motion.rest
    assert rest is not None
    rotation_s = rotation_matrix(m.pitch_b, m.yaw_b, m.roll_b)
    x_s = transform(m.canonical_bk3, rotation_s, m.expression_bk3, m.translation_b3, m.scale_b1)
    expected = []
    for t in range(2):
        turn, turn_0 = (rotation_matrix(*torch.tensor(a)[:, None]) for a in (motion.rotation_t3[t], rest.rotation_3))
        e = m.expression_bk3 + torch.tensor(motion.expression_tk3[t] - rest.expression_k3)
        move = m.translation_b3 + torch.tensor(motion.translation_t3[t] - rest.translation_3)
        scale = m.scale_b1 * float(motion.scale_t[t] / rest.scale)
        x_d = stitch(n.stitching, x_s, transform(m.canonical_bk3, turn @ turn_0.mT @ rotation_s, e, move, scale))
        image = n.generator(n.warping(n.appearance(seen), x_d, x_s).feature_bchw)
        image = (image[0].movedim(0, -1) * 255).to(torch.uint8).numpy()
        expected.append(paste(portrait, image, np.linalg.inv(to_crop), paste_mask()))
    off = np.abs(frames.astype(int) - np.stack(expected).astype(int))
    assert off.max() <= 6 and off.mean() < 0.5
