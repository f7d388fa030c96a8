"""Faces are found and drawn in a picture however it is given."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jamflow.errors import UserError
from jamflow.face.mesh.renderer import MeshPicture
from jamflow.loading.renderers import load_faces

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"


def test_a_portrait_as_path_bytes_pillow_and_rgba_is_drawn_alike() -> None:
    faces = load_faces("mesh")
    image = Image.open(PORTRAIT)
    drawn = []
    for portrait in (PORTRAIT, PORTRAIT.read_bytes(), image, np.asarray(image.convert("RGBA"))):
        picture, warnings = faces.prepare(portrait, None)
        assert isinstance(picture, MeshPicture) and not warnings
        drawn.append(picture.source.rgb)
    assert all(np.array_equal(drawn[0], rgb) for rgb in drawn[1:])
    grey, _ = faces.prepare(np.asarray(image.convert("L")), None)
    assert isinstance(grey, MeshPicture) and grey.size == (512, 512)
    with pytest.raises(UserError, match="float32"):
        faces.prepare(np.zeros((512, 512, 3), np.float32), None)
