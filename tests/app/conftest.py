import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

FAKE = Path(__file__).with_name("fake_pipeline.py")


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The fake pipeline in place of the real one; its CALLS start empty."""
    spec = importlib.util.spec_from_file_location("fake_pipeline", FAKE)
    assert spec is not None
    assert spec.loader is not None
    fake = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "fake_pipeline", fake)
    spec.loader.exec_module(fake)
    monkeypatch.setitem(sys.modules, "jamflow.pipeline", fake.as_module())
    return fake


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "face.png"
    Image.fromarray(np.full((128, 128, 3), 150, np.uint8)).save(path)
    return path
