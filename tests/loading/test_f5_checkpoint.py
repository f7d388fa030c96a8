"""Official checkpoints in every published form load, and nothing else does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from golden import official_entries
from jamflow.errors import UserError
from jamflow.loading import f5
from jamflow.loading.f5 import f5_config, load_f5
from jamflow.model.config import AudioConfig
from jamflow.model.streams import AudioDiT

TINY = AudioConfig(channels=100, dim=32, depth=2, heads=2, head_dim=16, ff_mult=2, text_vocab=20, text_dim=16, text_layers=1)
NAME = "F5TTS_v1_Base"


@pytest.mark.parametrize("name", ["F5TTS_v1_Base", "F5TTS_Base", "F5TTS_v1_Small"])
def test_names_and_shapes_are_the_official_ones(name: Any) -> None:
    entries = official_entries("f5tts", "F5TTS_v1_Base" if name == "F5TTS_Base" else name)  # the two have the same
    with torch.device("meta"):
        own = AudioDiT(f5_config(name)).state_dict()
    official = {key.removeprefix("transformer."): shape for key, shape in entries.items()}
    assert {k: tuple(v.shape) for k, v in own.items()} == official


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    monkeypatch.setattr(f5, "f5_config", lambda name: TINY)
    torch.manual_seed(0)
    return {f"transformer.{k}": torch.randn_like(v) for k, v in AudioDiT(TINY).state_dict().items()}


def averaged(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"ema_model.{k}": v for k, v in state.items()} | {"initted": torch.tensor([1.0]), "step": torch.tensor(7)}


FRONT_END = {f"ema_model.mel_spec.mel_stft.{name}": torch.zeros(3) for name in ("mel_scale.fb", "spectrogram.window")}
FORMS: dict[str, Callable[[dict[str, Tensor], Path], Path]] = {
    "published": lambda s, p: _safe(averaged(s), p),
    "flat": lambda s, p: _safe(s, p),
    "half": lambda s, p: _safe({k: v.half().float().half() for k, v in averaged(s).items()}, p),
    "trainer": lambda s, p: _pickle(
        {"ema_model_state_dict": averaged(s), "model_state_dict": {}, "update": 5, "optimizer_state_dict": {}}, p
    ),
    "pruned": lambda s, p: _pickle({"ema_model_state_dict": averaged(s)}, p),
    "old": lambda s, p: _pickle({"ema_model_state_dict": averaged(s) | FRONT_END}, p),
}


def _safe(tensors: dict[str, Tensor], folder: Path) -> Path:
    save_file(tensors, folder / "a.safetensors")
    return folder / "a.safetensors"


def _pickle(content: object, folder: Path) -> Path:
    torch.save(content, folder / "a.pt")
    return folder / "a.pt"


@pytest.mark.parametrize("form", FORMS)
def test_every_published_form_loads(form: str, state: dict[str, Tensor], tmp_path: Path) -> None:
    loaded = load_f5(FORMS[form](state, tmp_path), NAME).state_dict()
    atol = 1e-2 if form == "half" else 0
    for name, value in loaded.items():
        torch.testing.assert_close(value, state[f"transformer.{name}"], atol=atol, rtol=0)


class Evil:
    def __reduce__(self) -> tuple:
        return (Path.touch, (Path("/tmp/jamflow-was-attacked"),))


def _break(kind: str, state: dict[str, Tensor], folder: Path) -> Path:
    path = _safe(averaged(state), folder)
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[:-1000])
    elif kind == "truncated header":
        path.write_bytes(path.read_bytes()[:20])
    elif kind == "missing key":
        state.pop("transformer.proj_out.bias")
        return _safe(averaged(state), folder)
    elif kind == "another model":
        return _safe({"encoder.weight": torch.zeros(3)}, folder)
    elif kind == "another size":
        state["transformer.proj_out.bias"] = torch.zeros(7)
        return _safe(averaged(state), folder)
    elif kind == "pickle with code":
        return _pickle({"ema_model_state_dict": Evil()}, folder)
    elif kind == "raw":
        return _pickle({"model_state_dict": state}, folder)
    elif kind == "no pickle":
        (folder / "a.pt").write_bytes(b"<html>404</html>")
        return folder / "a.pt"
    elif kind == "absent":
        return folder / "none.safetensors"
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("truncated", "damaged"),
        ("truncated header", "damaged"),
        ("missing key", "lacks 1 tensors, proj_out.bias"),
        ("another model", "lacks"),
        ("another size", "other shapes of 1 tensors, proj_out.bias"),
        ("pickle with code", "foreign code"),
        ("raw", "no entry ema_model_state_dict"),
        ("no pickle", "damaged|foreign"),
        ("absent", "does not exist"),
    ],
)
def test_anything_else_is_refused_by_name(kind: str, message: str, state: dict[str, Tensor], tmp_path: Path) -> None:
    path = _break(kind, state, tmp_path)
    with pytest.raises(UserError, match=message) as error:
        load_f5(path, NAME)
    assert path.name in error.value.message and error.value.hint
    assert not Path("/tmp/jamflow-was-attacked").exists()
