"""Imports the `f5-tts` and `vocos` packages without what their networks do not need: training, sound files, text.

torchaudio has no build for this PyTorch without CUDA; only mel front ends use it, and no network is given a waveform here.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

ABSENT = (
    "torchaudio",
    "torchaudio.functional",
    "torchaudio.functional.functional",
    "librosa",
    "librosa.filters",
    "rjieba",
    "pypinyin",
    "encodec",
    "scipy",
)


class _Stub(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def prepare_imports() -> None:
    """Stubs for what is absent, and packages without their `__init__`, which would import everything."""
    for name in ABSENT:
        sys.modules.setdefault(name, _Stub(name))
    for name, folder in (("f5_tts", "model"), ("vocos", "")):
        top = importlib.util.find_spec(name)
        assert top is not None and top.submodule_search_locations, f"{name} is not installed"
        package = ModuleType(f"{name}.{folder}" if folder else name)
        package.__path__ = [str(Path(top.submodule_search_locations[0]) / folder)]
        sys.modules[package.__name__] = package
