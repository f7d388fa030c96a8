"""InsightFace as a landmark source: the right face, in the right colours."""

import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.face.liveportrait.crop import face_box
from jamflow.face.liveportrait.insight import InsightFace106
from jamflow.face.tracker import Face


class Models:
    """A detector that finds squares of blue (which is first in BGR), and landmarks that lie on the square's edge."""

    def detect(self, bgr: np.ndarray) -> tuple[np.ndarray, None]:
        blue = np.flatnonzero((bgr[..., 0] > 200).any(0))
        runs = np.split(blue, np.flatnonzero(np.diff(blue) > 1) + 1) if len(blue) else []
        rows = np.flatnonzero((bgr[..., 0] > 200).any(1))
        return np.array([[run[0], rows[0], run[-1] + 1, rows[-1] + 1, 0.9] for run in runs]).reshape(-1, 5), None

    def get(self, bgr: np.ndarray, face) -> np.ndarray:
        left, top, right, bottom = face.bbox
        return np.linspace([left, top], [right, bottom], 106)


def a_face(x: float) -> Face:
    return Face(np.full((478, 3), [x, 60.0, 0.0]), 1.0)


def test_the_face_that_was_chosen() -> None:
    rgb = np.zeros((120, 300, 3), np.uint8)
    rgb[40:80, 20:60, 2] = rgb[40:80, 200:260, 2] = 255
    source = InsightFace106(Models(), Models())
    for x, expected in ((50, (20, 60)), (190, (200, 260))):
        points = source(rgb, a_face(x))
        assert points.shape == (106, 2) and (points[:, 0].min(), points[:, 0].max()) == expected
        assert expected[0] < face_box(points).centre_2[0] < expected[1] + 20


def test_no_face_is_said() -> None:
    with pytest.raises(UserError, match="InsightFace finds no face"):
        InsightFace106(Models(), Models())(np.zeros((120, 300, 3), np.uint8), a_face(50))
