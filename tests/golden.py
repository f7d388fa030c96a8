"""Reads the reference values in ../shared/golden, where they are at hand."""

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from jamflow.model.config import AudioConfig

SHARED = Path(os.environ.get("JAMFLOW_SHARED", Path(__file__).parents[2] / "shared"))


class Golden:
    """One reference file: its cases, inputs by rule, outputs with their strides."""

    def __init__(self, folder: str, name: str):
        self.folder = SHARED / "golden" / folder
        if not (self.folder / name).exists():
            pytest.skip(f"no reference values: {self.folder / name} is absent")
        self._file = np.load(self.folder / name)
        self.meta = json.loads(str(self._file["meta"]))
        self.rules = self._module("golden_inputs")
        self.fill_rule = self._module("fill_rule")

    def _module(self, name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, self.folder / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def input(self, name: str) -> Tensor:
        if f"in/{name}" in self._file:
            return torch.from_numpy(self._file[f"in/{name}"].reshape(self.meta["inputs"][name]["shape"]))
        rule = dict(self.meta["inputs"][name])
        for key in ("crc32", "dtype", "first"):
            rule.pop(key)
        shape = rule.pop("shape")
        function = getattr(self.rules, rule.pop("fn"))
        arguments = {"shape": shape} if "shape" in function.__code__.co_varnames else {}
        return torch.from_numpy(function(**arguments, **rule))

    def fill(self, module: nn.Module, weights: str, prefix: str = "") -> None:
        """Weights by the rule, strictly: every key of the module."""
        shapes = {prefix + k: tuple(v.shape) for k, v in module.state_dict().items()}
        values = self.fill_rule.fill_state_dict(weights, shapes)
        module.load_state_dict({k.removeprefix(prefix): torch.from_numpy(v) for k, v in values.items()})

    def raw(self, name: str) -> np.ndarray:
        """What is stored of a tensor, flat."""
        return self._file[name].reshape(-1)

    def array(self, name: str) -> np.ndarray:
        """A tensor that is stored whole."""
        about = self.meta["tensors"][name]
        assert about["stride"] == 1
        return self._file[name].reshape(about["shape"])

    def check(self, name: str, x: Tensor, atol: float) -> None:
        about = self.meta["tensors"][name]
        assert list(x.shape) == about["shape"]
        got = x.detach().reshape(-1)[:: about["stride"]].numpy()
        np.testing.assert_allclose(got, self._file[name].reshape(-1), atol=atol, rtol=1e-5)


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
