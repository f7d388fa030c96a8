import os
from pathlib import Path

import numpy as np
import pytest
from face_samples import read_rgb

from jamflow.face.framing import frame_face
from jamflow.face.mesh.renderer import MeshPicture, MeshRenderer
from jamflow.face.mesh.source import MeshSource
from jamflow.face.tracker import Face, FaceTracker

_PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"


@pytest.fixture(scope="session")
def tracker() -> FaceTracker:
    return FaceTracker()


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    return read_rgb(_PORTRAIT)


@pytest.fixture(scope="session")
def face(tracker, portrait) -> Face:
    return tracker.find(portrait)[0]


@pytest.fixture(scope="session")
def renderer() -> MeshRenderer:
    return MeshRenderer()


@pytest.fixture(scope="session")
def head(renderer, portrait, face) -> MeshPicture:
    """The portrait's head and shoulders, at 512 pixels."""
    return renderer.prepare(*frame_face(portrait, face, 512))


@pytest.fixture(scope="session")
def source(head) -> MeshSource:
    return head.source


@pytest.fixture(scope="session")
def shared_portraits() -> list[Path]:
    shared = Path(os.environ.get("JAMFLOW_SHARED", Path(__file__).parents[3] / "shared"))
    found = sorted((shared / "data/portraits").glob("photo_*.jpg"))
    if not found:
        pytest.skip("no shared portraits beside the checkout (JAMFLOW_SHARED names another place)")
    return found
