"""LivePortrait as a tracker: one crop for all frames, holes filled, bounded memory."""

from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch

from jamflow.errors import UserError
from jamflow.face.follow import Follower
from jamflow.face.liveportrait.crop import Box, crop, eye_ratios, face_box, lip_ratio
from jamflow.face.liveportrait.landmarks import Official203, from_mesh
from jamflow.face.liveportrait.tracker import LivePortraitTracker
from jamflow.face.tracker import Face, FaceTracker
from liveportrait_networks import StandInMotion, stand_ins

FPS = Fraction(25)
GREY = np.full((320, 384, 3), 90, np.uint8)


def moving(portrait: np.ndarray, frames: int) -> list[np.ndarray]:
    """The head goes to the right and comes nearer."""
    out = []
    for t in range(frames):
        matrix = np.array([[1 + 0.02 * t, 0, 6.0 * t - 60], [0, 1 + 0.02 * t, 20]])
        out.append(cv2.warpAffine(portrait, matrix, (384, 320), borderMode=cv2.BORDER_REPLICATE))
    return out


def test_all_frames_are_cropped_by_their_mean_box(portrait: np.ndarray, tracker: FaceTracker) -> None:
    networks, frames = stand_ins(), moving(portrait, 6)
    track = LivePortraitTracker(networks, finder=tracker).track(frames, FPS)
    assert track.found_t.all() and len(track.motion) == 6 and track.motion.fps == FPS
    face, landmarks = None, []
    for frame in frames:
        face = tracker.follow(frame, face)
        assert face is not None
        landmarks.append(face.landmarks_l3[:, :2])
    boxes = [face_box(points, 2.2, -0.1) for points in landmarks]
    box = Box(np.mean([b.centre_2 for b in boxes], 0), float(np.mean([b.side_px for b in boxes])), 0.0)
    assert isinstance(networks.motion, StandInMotion)
    seen = (torch.cat(networks.motion.seen).movedim(1, -1) * 255).round().to(torch.uint8).numpy()
    for picture, frame in zip(seen, frames, strict=True):
        np.testing.assert_array_equal(picture, cv2.resize(crop(frame, box.matrix(512, turned=False), 512), (256, 256)))
    motion, rest = track.motion, track.motion.rest
    red, green, blue = torch.cat(networks.motion.seen).mean((2, 3)).unbind(1)
    np.testing.assert_allclose(motion.rotation_t3, torch.stack([20 * red, 10 * green, 5 * blue], 1), rtol=1e-5)
    assert (motion.translation_t3[:, 2] == 0).all() and motion.translation_t3[:, 0].any()
    np.testing.assert_allclose(motion.eyes_t2, np.stack([eye_ratios(x) for x in landmarks]))
    np.testing.assert_allclose(motion.lips_t1, np.stack([lip_ratio(x) for x in landmarks]))
    assert rest is not None and rest.scale == motion.scale_t[0]
    np.testing.assert_array_equal(rest.expression_k3, motion.expression_tk3[0])


def test_frames_without_a_face_hold_the_last_motion(portrait: np.ndarray, tracker: FaceTracker) -> None:
    a, b, c = moving(portrait, 3)
    track = LivePortraitTracker(stand_ins(), finder=tracker).track([GREY, GREY, a, GREY, b, c, GREY], FPS)
    assert track.found_t.tolist() == [False, False, True, False, True, True, False]
    for name in ("expression_tk3", "rotation_t3", "translation_t3", "scale_t", "eyes_t2", "lips_t1"):
        values = getattr(track.motion, name)
        for shown, held in ((0, 2), (1, 2), (3, 2), (6, 5)):
            np.testing.assert_array_equal(values[shown], values[held])
        assert (values[2] != values[4]).any() and (values[4] != values[5]).any()
    rest = track.motion.rest
    assert rest is not None
    np.testing.assert_array_equal(rest.rotation_3, track.motion.rotation_t3[2])


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("count", [0, 3])
def test_no_face_at_all_is_said(tracker: FaceTracker, count: int, once: bool) -> None:
    frames = [GREY] * count
    with pytest.raises(UserError, match="No human face was found in the video"):
        LivePortraitTracker(stand_ins(), finder=tracker).track(iter(frames) if once else frames, FPS)


def test_an_iterator_is_read_once_and_held_back_for_two_seconds(portrait: np.ndarray, tracker: FaceTracker) -> None:
    """Two seconds are eight frames here: the box is theirs, and no more is ever read ahead."""
    networks, frames, fps = stand_ins(), [GREY, *moving(portrait, 12)], Fraction(4)
    read = []

    def once() -> Iterator[np.ndarray]:
        for k, frame in enumerate(frames):
            read.append(k)
            yield frame

    assert isinstance(networks.motion, StandInMotion)
    read_at_first = []
    networks.motion.register_forward_pre_hook(lambda *_: read_at_first.append(len(read)))
    track = LivePortraitTracker(networks, finder=tracker).track(once(), fps)
    assert read == list(range(13)) and read_at_first[0] == 9 and track.found_t.sum() == 12
    first = stand_ins()
    LivePortraitTracker(first, finder=tracker).track(frames[:9], fps)
    assert isinstance(first.motion, StandInMotion)
    torch.testing.assert_close(torch.cat(networks.motion.seen)[:8], torch.cat(first.motion.seen))


def test_every_shot_has_a_crop_of_its_own(portrait: np.ndarray, tracker: FaceTracker) -> None:
    """After the cut the face is half as large and elsewhere; each part is seen as if it were a video of its own."""
    near = moving(portrait, 3)
    far = [cv2.copyMakeBorder(cv2.resize(x, (192, 160)), 150, 10, 180, 12, cv2.BORDER_CONSTANT) for x in near]
    seen = []
    for frames, shots in ((near + far, [0, 0, 0, 1, 1, 1]), (near, None), (far, None)):
        networks, grown, follower = stand_ins(), [], Follower(tracker)

        def follow(rgb: np.ndarray, grown: list[int] = grown, shots: list[int] | None = shots, real: Follower = follower):
            grown.append(0 if shots is None else shots[len(grown)])
            if len(grown) > 1 and grown[-1] != grown[-2]:
                real.cut()
            return real(rgb)

        LivePortraitTracker(networks, finder=tracker).track(frames, FPS, follow, grown)
        assert isinstance(networks.motion, StandInMotion)
        seen.append(torch.cat(networks.motion.seen))
    torch.testing.assert_close(seen[0], torch.cat(seen[1:]))


class DotNetwork:
    """Stands for `landmark.onnx`: says where the brightest pixel of its picture is, 203 times."""

    def get_inputs(self):
        return [type("Input", (), {"name": "picture"})]

    def run(self, _, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        picture = inputs["picture"]
        assert picture.shape == (1, 3, 224, 224) and picture.dtype == np.float32 and picture.max() <= 1
        y, x = np.unravel_index(picture[0].sum(0).argmax(), (224, 224))
        return [np.zeros(1), np.zeros(1), np.tile(np.array([[x, y]], np.float32) / 224, (1, 203))]


def test_official_landmarks_come_back_into_the_picture(portrait: np.ndarray, face: Face) -> None:
    dark = portrait // 4
    nose = face.landmarks_l3[4, :2].round().astype(int)
    dark[nose[1] - 1 : nose[1] + 2, nose[0] - 1 : nose[0] + 2] = 255
    points = Official203(DotNetwork())(dark, face)
    assert points.shape == (203, 2)
    np.testing.assert_allclose(points, np.tile(nose, (203, 1)), atol=1.5)
    assert len(from_mesh(dark, face)) == 478


def test_another_file_is_no_landmark_network(tmp_path) -> None:
    (tmp_path / "landmark.onnx").write_bytes(b"no")
    with pytest.raises(UserError, match="no ONNX network"):
        Official203.load(tmp_path / "landmark.onnx")
