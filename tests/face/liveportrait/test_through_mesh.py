"""LivePortrait draws motion of the face mesh: it follows what it sees in the mesh's own drawing."""

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch
from face_samples import tracked_video

from jamflow.face.face_video import FaceVideo
from jamflow.face.liveportrait.checkpoint import LivePortraitNetworks
from jamflow.face.liveportrait.crop import crop, face_box
from jamflow.face.liveportrait.renderer import LivePortraitRenderer, Options
from jamflow.face.liveportrait.space import LIVEPORTRAIT_SPACE
from jamflow.face.liveportrait.through_mesh import ThroughMesh
from jamflow.face.mesh.renderer import MeshRenderer
from jamflow.face.mesh.space import MESH_SPACE, lip_opening_cm
from jamflow.face.mesh.tracker import MeshTracker
from jamflow.face.motion import Motion, Rest
from jamflow.face.tracker import Face, FaceTracker
from liveportrait_networks import stand_ins

FPS = Fraction(25)
OPEN_18 = np.zeros(18, np.float32)
OPEN_18[10] = -1.2  # the lower lip, down, cm


def mouths(*shares: float) -> np.ndarray:
    return np.stack([share * OPEN_18 for share in shares])


def renderer(networks: LivePortraitNetworks, batch_frames: int | None = None) -> ThroughMesh:
    return ThroughMesh(
        MeshRenderer(), LivePortraitRenderer(networks, options=Options(stitching=False), batch_frames=batch_frames)
    )


def drawn(picture, motion: Motion, first: int = 0) -> np.ndarray:
    return np.concatenate([batch.numpy() for batch in picture.draw(motion, first=first)])


def warped(networks: LivePortraitNetworks) -> list[torch.Tensor]:
    """Collects (N, K, 3) how far key points are moved."""
    moves = []
    networks.warping.register_forward_hook(lambda _, given, __: moves.append(given[1] - given[2]))
    return moves


def test_the_mouth_opens_as_in_the_drawing_of_the_mesh(portrait: np.ndarray, face: Face) -> None:
    networks = stand_ins()
    picture = renderer(networks).prepare(portrait, face)
    motion = picture.speaking(mouths(0, 1), FPS)
    assert lip_opening_cm(motion.expression_tk3)[1] > 1
    guides = drawn(MeshRenderer().prepare(portrait, face), motion)
    to_crop = face_box(face.landmarks_l3[:, :2]).matrix(512)
    small = [cv2.resize(crop(rgb, to_crop, 512), (256, 256), interpolation=cv2.INTER_AREA) for rgb in (*guides, portrait)]
    m = networks.motion(torch.from_numpy(np.stack(small)).movedim(-1, 1).float() / 255)
    angles = torch.stack([m.pitch_b, m.yaw_b, m.roll_b], -1)
    e, r, t, s = (x.numpy() for x in (m.expression_bk3, angles, m.translation_b3, m.scale_b1[:, 0]))
    seen = Motion(e[:2], r[:2], t[:2], s[:2], FPS, Rest(e[2], r[2], t[2], float(s[2])))
    plain = LivePortraitRenderer(networks, options=Options(stitching=False)).prepare(portrait, face)
    frames = drawn(picture, motion)
    np.testing.assert_array_equal(frames, drawn(plain, seen))
    assert (frames[0] != frames[1]).any()


def test_the_head_moves_and_the_rest_of_the_picture_stays(portrait: np.ndarray, face: Face) -> None:
    frames = drawn(renderer(stand_ins()).prepare(portrait, face), replace(_nod(3), fps=FPS))
    box = face_box(face.landmarks_l3[:, :2])
    x, y = np.meshgrid(np.arange(512), np.arange(512))
    away = np.abs(np.stack([x, y], -1) - box.centre_2).max(-1) > 0.75 * box.side_px
    np.testing.assert_array_equal(frames[:, away], np.stack([portrait[away]] * 3))
    assert (frames[0] != frames[2]).any()


def _nod(frames: int) -> Motion:
    rotation = np.linspace(0, 8, frames)[:, None] * np.array([[1.0, 0, 0]])
    zero = np.zeros((frames, 3), np.float32)
    return Motion(np.zeros((frames, 21, 3), np.float32), rotation.astype(np.float32), zero, np.ones(frames, np.float32), FPS)


def test_frames_do_not_depend_on_the_batch(portrait: np.ndarray, face: Face) -> None:
    one, three = (renderer(stand_ins(), n).prepare(portrait, face) for n in (1, 3))
    motion = one.speaking(mouths(0, 0.3, 1, 0.5), FPS)
    assert [len(batch) for batch in three.draw(motion)] == [3, 1]
    assert np.abs(drawn(one, motion).astype(int) - drawn(three, motion)).max() <= 1


@pytest.fixture(scope="module")
def film(portrait: np.ndarray, tracker: FaceTracker) -> FaceVideo:
    """Eight frames of a head that is tilted by 20 degrees and goes to the right."""
    turn = cv2.getRotationMatrix2D((220.0, 150.0), 20.0, 0.9)
    turn[:, 2] += [0, 60]
    right = np.array([[0, 0, 5.0], [0, 0, 0]])
    frames = [cv2.warpAffine(portrait, turn + k * right, (500, 480), borderMode=cv2.BORDER_REPLICATE) for k in range(8)]
    return tracked_video(frames, MeshTracker(tracker))


def test_only_the_mouth_of_a_video_moves_and_as_it_is_seen(film: FaceVideo) -> None:
    networks = stand_ins()
    moves = warped(networks)
    networks.warping.register_forward_hook(_brighter)
    picture = renderer(networks).prepare_video(film)
    filmed = film.mouth(MESH_SPACE)
    wanted = filmed + mouths(0, 0, 0, 0, 1, 1, 0, 0)
    frames = drawn(picture, picture.speaking(wanted, FPS))
    source = np.stack(list(film.frames(range(8))))
    same = (frames == source).all((1, 2, 3))
    assert same.tolist() == [True] * 4 + [False] * 2 + [True] * 2
    outline = cv2.convexHull(film.landmarks(4, 5)[0, :, :2].astype(np.float32))
    inside = cv2.fillConvexPoly(np.zeros((480, 500), np.uint8), outline.round().astype(np.int32), 1) > 0
    changed = (frames[4] != source[4]).any(-1)
    assert changed.any() and (changed & ~cv2.dilate(inside.astype(np.uint8), np.ones((31, 31))).astype(bool)).sum() == 0
    moved = torch.cat(moves).abs().amax((0, 2)) > 0
    points = set(torch.nonzero(moved).flatten().tolist())
    assert len(points) > 1 and points <= set(LIVEPORTRAIT_SPACE.mouth)
    seen: list[torch.Tensor] = networks.motion.seen  # pyright: ignore
    pairs = [batch for batch in seen if len(batch) == 2]
    own, new = networks.motion(pairs[0]).expression_bk3
    step = (moves[0][-1] / networks.motion(pairs[0]).scale_b1[0])[list(LIVEPORTRAIT_SPACE.mouth)]
    torch.testing.assert_close(step, (new - own)[list(LIVEPORTRAIT_SPACE.mouth)], rtol=1e-3, atol=1e-6)
    assert step.abs().max() > 3e-5


def _brighter(module, given, made):
    """What the stand-in does, so strongly that it is seen in a picture of 8 bits."""
    moved = (given[1] - given[2])[..., 0].abs().amax(1)
    return replace(made, feature_bchw=made.feature_bchw + 20 * moved[:, None, None, None])


def test_pieces_of_a_video_join(film: FaceVideo) -> None:
    networks = stand_ins()
    networks.warping.register_forward_hook(_brighter)
    picture = renderer(networks).prepare_video(film)
    motion = picture.speaking(film.mouth(MESH_SPACE) + mouths(*np.linspace(0, 1, 8)), FPS)
    whole = drawn(picture, motion)
    parts = [drawn(picture, motion.rows(np.arange(a, b)), a) for a, b in ((0, 3), (3, 8))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
