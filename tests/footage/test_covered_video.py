"""A hand that comes in front of a mouth and goes, drawn by the tests, in real files."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from covers import with_hand
from jamflow import reenact
from jamflow.errors import UserError
from jamflow.face.mesh.renderer import MeshRenderer
from jamflow.face.mesh.space import MESH_SPACE
from jamflow.face.mesh.tracker import MeshTracker
from jamflow.face.tracker import FaceTracker
from jamflow.footage.seen_lips import seen_lips
from jamflow.footage.video import Footage, open_footage
from jamflow.media.image import read_image
from jamflow.media.video_reader import read_video
from jamflow.media.video_writer import VideoWriter
from two_people import PORTRAIT

FPS = Fraction(25)
AWAY = [*[0.6] * 7, 0.45, 0.3, 0.15, 0.0, 0.0, 0.0, 0.0, 0.15, 0.3, 0.45, *[0.6] * 7]  # heights of the face
HIDDEN = range(10, 14)  # frames in which no lips are seen


@pytest.fixture(scope="module")
def finder() -> FaceTracker:
    return FaceTracker()


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    return np.ascontiguousarray(read_image(PORTRAIT)[:256, 96:352])


def written(path: Path, frames: list[np.ndarray]) -> Path:
    with VideoWriter(path, frames[0].shape[1], frames[0].shape[0], FPS, quality="filmed") as video:
        for rgb in frames:
            video.write_frame(rgb)
    return path


@pytest.fixture(scope="module")
def footage(head: np.ndarray, finder: FaceTracker, tmp_path_factory: pytest.TempPathFactory) -> Footage:
    face = finder.find(head)[0]
    frames = [with_hand(head, face, away) for away in AWAY]
    return open_footage(written(tmp_path_factory.mktemp("hand") / "v.mp4", frames), MeshTracker(finder))


def drawn(footage: Footage) -> np.ndarray:
    """(K, H, W, 3) every frame with open lips."""
    rows = np.zeros((len(footage.times_s), 6, 3), np.float32)
    rows[:, 2, 1], rows[:, 3, 1], rows[:, 5, 1] = 0.1, -0.9, -0.85
    picture = footage.repainted(MeshRenderer())
    return np.concatenate([batch.numpy() for batch in picture.draw(picture.speaking(rows.reshape(len(rows), -1), FPS))])


def test_the_hand_is_seen(footage: Footage) -> None:
    assert footage.covered_k is not None and footage.track.found_t.all()
    assert footage.covered_k[list(HIDDEN)].all() and not footage.covered_k[:6].any() and not footage.covered_k[18:].any()
    assert (footage.mouth_seen_k == ~footage.covered_k).all()


def test_covered_frames_stay_as_filmed_and_the_mouth_fades_around_them(footage: Footage) -> None:
    covered_k, source = footage.covered_k, np.stack([rgb for _, rgb in read_video(footage.path)])
    assert covered_k is not None
    by_k = np.abs(drawn(footage).astype(int) - source).sum((1, 2, 3))
    assert not by_k[covered_k].any() and by_k[~covered_k].all()
    first = int(np.flatnonzero(covered_k)[0])
    assert by_k[first - 1] < 0.6 * by_k[first - 3] < 0.6 * by_k[first - 5]
    words = f"In {covered_k.sum()} of 24 frames something is in front of the mouth; they stay as they are."
    assert footage.repainted(MeshRenderer()).warnings == (words,)
    plain = drawn(replace(footage, covered_k=None))
    assert (plain != source).any((1, 2, 3)).all(), "else, the fingers would get a mouth"


def test_a_mouth_that_is_covered_everywhere_is_refused(footage: Footage, finder: FaceTracker, monkeypatch) -> None:
    nowhere = replace(footage, covered_k=np.ones(24, bool))
    with pytest.raises(UserError, match="in front of the mouth, such as a hand, wherever the face"):
        nowhere.repainted(MeshRenderer())
    assert not nowhere.seen_t(FPS, 30).any()
    monkeypatch.setattr("jamflow.footage.seen_lips.open_footage", lambda *_: nowhere)
    with pytest.raises(UserError, match="in front of the mouth in all frames"):
        seen_lips(footage.path, MeshTracker(finder))


def test_lips_behind_a_hand_are_not_read(footage: Footage, finder: FaceTracker) -> None:
    covered_k = footage.covered_k
    assert covered_k is not None
    _, lips, warnings = seen_lips(footage.path, MeshTracker(finder))
    words = f"In {covered_k.sum()} of 24 frames of the video something is in front of the mouth; lips count as at rest there."
    assert warnings == [words]
    assert not lips.mouth_nm[covered_k].any() and lips.mouth_nm[~covered_k].any(1).all()
    seen_t = footage.seen_t(FPS, 24)
    assert seen_t[:6].all() and seen_t[18:].all() and not seen_t[11:13].any()


def test_a_portrait_does_not_make_the_mouth_that_is_imagined_behind_a_hand(footage: Footage) -> None:
    """Mouth and jaw pass from the last frame that shows them to the next one; brows and eyes move on."""
    covered_k, filmed = footage.covered_k, footage.track.motion.expression_tk3
    assert covered_k is not None
    first, last = np.flatnonzero(covered_k)[[0, -1]]
    result = reenact(PORTRAIT, footage.path)
    assert any("something is in front of the mouth; the face moves on to where it is seen next." in w for w in result.warnings)
    motion = result.motion
    assert motion is not None
    made, moved = motion.expression_tk3, [*MESH_SPACE.mouth, *MESH_SPACE.follow]
    share = (np.arange(first, last + 1) - first + 1) / (last - first + 2)
    line = filmed[first - 1, moved] + share[:, None, None] * (filmed[last + 1, moved] - filmed[first - 1, moved])
    np.testing.assert_allclose(made[first : last + 1, moved], line, atol=1e-4)
    np.testing.assert_array_equal(made[:, MESH_SPACE.clue], filmed[:, MESH_SPACE.clue])
    np.testing.assert_array_equal(made[~covered_k], filmed[~covered_k])
    mouth, _ = footage.lips(MeshTracker(), FPS, 24)
    np.testing.assert_allclose(mouth.reshape(24, -1, 3), made[:, list(MESH_SPACE.mouth)], atol=1e-4)


def test_covered_frames_show_no_inside_of_the_mouth(head: np.ndarray, finder: FaceTracker, tmp_path: Path) -> None:
    """What is in front of the mouth is blue, and shown for most of the time."""
    face = finder.find(head)[0]
    blue = head.copy()
    x, y = np.rint(face.landmarks_l3[[13, 14], :2].mean(0)).astype(int)
    blue[y - 22 : y + 26, x - 36 : x + 36] = (20, 40, 220)
    frames = [*[head] * 8, *[blue] * 12, *[head] * 6]
    footage = open_footage(written(tmp_path / "v.mp4", frames), MeshTracker(finder))
    assert footage.covered_k is not None and footage.covered_k[8:20].all()
    out = drawn(footage)[~footage.covered_k].astype(int)
    assert len(out) > 6 and not ((out[..., 2] - out[..., 0] > 90) & (out[..., 2] - out[..., 1] > 90))[:, 100:240, 60:200].any()
