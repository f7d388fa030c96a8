"""The renderer that somebody asks for, from the command line: LivePortrait for mini, with networks that take no time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from jamflow import JamFlow
from jamflow.app.cli import run
from jamflow.errors import UserError
from jamflow.media.video_reader import read_video
from liveportrait_networks import TintedGenerator, stand_ins
from tiny_base import load_trained, make_trained

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
WORDS = ["speak", "--portrait", str(PORTRAIT), "--text", "Papa.", "--nfe", "2", "--frame", "head"]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that are there; their generator has a tint, by which its frames are known."""
    networks = replace(stand_ins(), generator=TintedGenerator())  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr("jamflow.loading.renderers._liveportrait", lambda: networks)
    monkeypatch.setattr("jamflow.weights.fetch.require", lambda name: {})


def test_mini_speaks_in_the_pictures_of_liveportrait(tmp_path: Path, stand_in) -> None:
    for name in ("mesh", "liveportrait"):
        assert run([*WORDS, "--renderer", name, "-o", str(tmp_path / f"{name}.mp4")]) == 0
    mesh, other = (np.stack([rgb for _, rgb in read_video(tmp_path / f"{name}.mp4")]) for name in ("mesh", "liveportrait"))
    assert mesh.shape == other.shape
    shift = (other.astype(int) - mesh).mean(0)[200:300, 200:300].mean((0, 1))
    assert shift[0] > shift[2] + 8  # redder, as the generator makes it
    assert np.abs(other[:, 500:].astype(int) - mesh[:, 500:]).mean() < 3  # the rest is the picture's


def test_mini_moves_a_filmed_mouth_by_liveportrait(tmp_path: Path, stand_in) -> None:
    run([*WORDS, "-o", str(tmp_path / "film.mp4")])
    words = ["lipsync", "--video", str(tmp_path / "film.mp4"), "--speech", str(tmp_path / "film.mp4"), "--nfe", "2"]
    assert run([*words, "--renderer", "liveportrait", "-o", str(tmp_path / "out.mp4")]) == 0
    film, out = (np.stack([rgb for _, rgb in read_video(tmp_path / name)]) for name in ("film.mp4", "out.mp4"))
    assert out.shape == film.shape and np.abs(out[:, :100].astype(int) - film[:, :100]).mean() < 3


def test_without_its_weights_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("JAMFLOW_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("JAMFLOW_CACHE", str(tmp_path))
    monkeypatch.setattr("jamflow.pipeline.JamFlow.load", lambda *_, **__: pytest.fail("the model was loaded"))
    assert run([*WORDS, "--renderer", "liveportrait", "-o", str(tmp_path / "a.mp4")]) == 2
    assert "jamflow weights pull liveportrait" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_mesh_cannot_draw_the_motion_of_base(tmp_path: Path, stand_in) -> None:
    model = load_trained(make_trained(tmp_path / "model", (14, 17, 19, 20)), (14, 17, 19, 20))
    with pytest.raises(UserError, match="which the mesh cannot draw"):
        model.animate(PORTRAIT, _speech(tmp_path), renderer="mesh")


def _speech(folder: Path) -> Path:
    JamFlow.load(device=torch.device("cpu").type).tts("Papa.", nfe=2).save(folder / "papa.wav")
    return folder / "papa.wav"
