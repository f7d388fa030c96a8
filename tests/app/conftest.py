import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from jamflow.weights import shipped

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
def named(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose `mini` has the voices emma and tom, of whom only their words about themselves are there."""
    assets = tmp_path_factory.mktemp("assets")
    (assets / "mini" / "voices").mkdir(parents=True)
    (assets / "mini" / shipped.JOINT_FILE).touch()
    measured = {"likeness": 0.812, "wer": 0.0123, "dnsmos": 3.1}
    for name, about in (
        ("emma", {"who": "woman", "accent": "British", "origin": "Kokoro-82M bf_emma", "licence": "Apache-2.0"} | measured),
        ("tom", {"who": "man", "accent": "American", "origin": "a test", "licence": "Apache-2.0"}),
    ):
        save_file({"x": np.zeros(1)}, assets / "mini/voices" / f"{name}.safetensors", {"config": json.dumps({"about": about})})
    monkeypatch.setattr(shipped, "ASSETS", assets)
    return assets


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "face.png"
    Image.fromarray(np.full((128, 128, 3), 150, np.uint8)).save(path)
    return path
