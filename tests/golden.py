"""Reads reference values: outputs of official code, with the inputs and weights that they came from.

`reference/README.md` says how they were made. Every clone has a short form of them. Where JAMFLOW_SHARED (or `shared` beside
the checkout) has the whole files, the tests read those.
"""

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from jamflow.model.config import AudioConfig

REFERENCE = Path(__file__).parent / "reference"
SHARED = Path(os.environ.get("JAMFLOW_SHARED", Path(__file__).parents[2] / "shared"))


def reference_file(folder: str, name: str) -> Path:
    """The whole file where it is at hand, else the short form in `reference/`."""
    whole = SHARED / "golden" / folder / name
    return whole if whole.exists() else REFERENCE / folder / name


def official_entries(folder: str, model: str) -> dict[str, tuple[int, ...]]:
    """Keys and shapes of an official model's state dict, in its order."""
    modules = json.loads(reference_file(folder, "state_dict_manifest.json").read_text())["modules"]
    return {key: tuple(shape) for key, shape, *_ in modules[model]["entries"]}


class Golden:
    """One file of reference values. `meta` describes its cases, inputs and tensors."""

    def __init__(self, folder: str, name: str):
        with np.load(reference_file(folder, name)) as file:
            self._arrays = dict(file)
        self.meta: dict[str, Any] = json.loads(str(self._arrays["meta"]))
        self.rules = _module(folder, "golden_inputs")
        self.fill_rule = _module(folder, "fill_rule")

    def input(self, name: str) -> Tensor:
        """An input, from the file or made by its rule. Its first values are checked."""
        about = self.meta["inputs"][name]
        if f"in/{name}" in self._arrays:
            return torch.from_numpy(self._arrays[f"in/{name}"].reshape(about["shape"]))
        function = getattr(self.rules, about["fn"])
        arguments = {k: v for k, v in about.items() if k not in ("crc32", "dtype", "first", "fn", "shape")}
        if "shape" in function.__code__.co_varnames:
            arguments["shape"] = about["shape"]
        x = function(**arguments)
        np.testing.assert_allclose(x.reshape(-1)[: len(about["first"])], about["first"], rtol=1e-5, err_msg=f"the rule of {name}")
        return torch.from_numpy(x)

    def fill(self, module: nn.Module, weights: str, prefix: str = "") -> None:
        """Sets every weight by the rule. The module's keys must be the official ones without the prefix."""
        shapes = {prefix + k: tuple(v.shape) for k, v in module.state_dict().items()}
        values = self.fill_rule.fill_state_dict(weights, shapes)
        module.load_state_dict({k.removeprefix(prefix): torch.from_numpy(v) for k, v in values.items()})

    def stored(self, name: str) -> np.ndarray:
        """(N,): the values kept of a tensor, which are every `stride`-th."""
        return self._arrays[name].reshape(-1)

    def array(self, name: str) -> np.ndarray:
        """A tensor that is kept whole."""
        about = self.meta["tensors"][name]
        assert about["stride"] == 1
        return self._arrays[name].reshape(about["shape"])

    def kept_of(self, name: str, x: Tensor) -> np.ndarray:
        """(N,): of our tensor, the values that are kept of the official one."""
        about = self.meta["tensors"][name]
        assert list(x.shape) == about["shape"], f"{name} has the shape {list(x.shape)}, not {about['shape']}"
        return x.detach().reshape(-1)[:: about["stride"]].numpy()

    def check(self, name: str, x: Tensor, atol: float) -> None:
        """Our tensor must be the official one within the tolerance."""
        np.testing.assert_allclose(self.kept_of(name, x), self.stored(name), atol=atol, rtol=1e-5, err_msg=name)


def _module(folder: str, name: str) -> ModuleType:
    """A rule of the folder: `golden_inputs` or `fill_rule`. The two folders have modules of the same names."""
    spec = importlib.util.spec_from_file_location(f"{folder}_{name}", REFERENCE / folder / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def audio_config(c: dict[str, Any]) -> AudioConfig:
    """Our configuration of the audio stream from the official constructor's arguments."""
    return AudioConfig(
        channels=c["mel_dim"],
        dim=c["dim"],
        depth=c["depth"],
        heads=c["heads"],
        head_dim=c["dim_head"],
        ff_mult=c["ff_mult"],
        text_vocab=c["text_num_embeds"],
        text_dim=c["text_dim"],
        text_layers=c["conv_layers"],
        text_mask_padding=c["text_mask_padding"],
        pe_attn_head=c["pe_attn_head"],
        attn_mask_enabled=c.get("attn_mask_enabled", False),
        qk_norm=c.get("qk_norm") == "rms_norm",
        average_upsampling=c.get("text_embedding_average_upsampling", False),
        long_skip=c.get("long_skip_connection", False),
    )
