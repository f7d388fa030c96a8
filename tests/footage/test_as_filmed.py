"""A video whose pixels are not square: the face is tracked and drawn in its right shape, and the result has the file's shape."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from jamflow.face.measure import track_motion
from jamflow.face.mesh.renderer import MeshRenderer
from jamflow.face.mesh.tracker import MeshTracker
from jamflow.footage.video import Footage, open_footage
from jamflow.media.image import read_image
from jamflow.media.video_reader import video_facts
from jamflow.media.video_writer import VideoWriter
from jamflow.media.view import PictureTags

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
RATIO = Fraction(16, 11)
COUNT = 4


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portrait in pixels that are wider than high, as PAL has them for wide screens."""
    rgb = cv2.resize(read_image(PORTRAIT), (round(400 / RATIO), 400), interpolation=cv2.INTER_AREA)[:, :274]
    path = tmp_path_factory.mktemp("wide") / "v.mp4"
    with VideoWriter(path, 274, 400, Fraction(25), quality="filmed", tags=PictureTags(RATIO, 5, 6)) as video:
        for _ in range(COUNT):
            video.write_frame(rgb)
    return path


@pytest.fixture(scope="module")
def footage(wide: Path) -> Footage:
    return open_footage(wide, MeshTracker())


def test_the_face_is_tracked_in_its_right_shape(footage: Footage, tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "square.mp4", 400, 400, Fraction(25)) as video:
        video.write_frame(cv2.resize(read_image(PORTRAIT), (400, 400), interpolation=cv2.INTER_AREA))
    square = open_footage(tmp_path / "square.mp4", MeshTracker())
    assert footage.stored_size == (274, 400) and footage.face_video().size == (399, 400)
    np.testing.assert_allclose(footage.landmarks(0, 1)[0, :, :2], square.landmarks(0, 1)[0, :, :2], atol=3)


def test_the_result_has_the_shape_of_the_file(footage: Footage, wide: Path) -> None:
    picture = footage.repainted(MeshRenderer())
    assert picture.size == (274, 400)
    e_tm3 = np.zeros((COUNT, 6, 3), np.float32)
    e_tm3[2:, 2, 1], e_tm3[2:, 3, 1], e_tm3[2:, 5, 1] = 0.1, -0.9, -0.85
    motion = picture.speaking(e_tm3.reshape(COUNT, -1), Fraction(25))
    drawn = [frame.numpy() for batch in picture.draw(motion) for frame in batch]
    stored = list(footage._stored.read(range(COUNT)))
    assert len(drawn) == COUNT and drawn[0].shape == (400, 274, 3)
    np.testing.assert_array_equal(drawn[2][:90], stored[2][:90])
    seen = track_motion([footage.view.shown(rgb) for rgb in drawn], Fraction(25))
    assert seen.opening_t[3] - seen.opening_t[0] > 0.5, "from shut to a centimetre"
    unsaid = picture.speaking(np.full((COUNT, 18), np.nan, np.float32), Fraction(25))
    for rgb, own in zip(picture.draw(unsaid), stored, strict=True):
        np.testing.assert_array_equal(rgb[0].numpy(), own)


def test_tags_are_written(wide: Path) -> None:
    tags = video_facts(wide).tags
    assert tags == PictureTags(RATIO, 5, 6)
