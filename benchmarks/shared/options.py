"""Options that several benchmarks have; each benchmark adds its own and sets other defaults where it needs them."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from jamflow.weights.shipped import asset

PORTRAIT = asset("portraits/astronaut.png")


@dataclass(frozen=True, kw_only=True)
class Output:
    """What every benchmark has."""

    out: Path | None = None
    """Folder for the JSON file and for what else is kept (default: build/benchmarks/NAME)."""


@dataclass(frozen=True, kw_only=True)
class ModelOptions(Output):
    """Of benchmarks that call the model."""

    model: str = "mini"
    """A model's name, or a folder with its files."""
    nfe: int | None = None
    """Solver steps (default: the model's own)."""
    seed: int = 0
    """Seed of every call; a benchmark that says so counts up from it."""


@dataclass(frozen=True, kw_only=True)
class ClipOptions(Output):
    """Of benchmarks that need filmed people."""

    clips: tyro.conf.Positional[Path]
    """A folder of short mp4 files of one face each, with or without a manifest.csv."""
    count: int = 12
    """How many clips at most; they are taken evenly from the usable ones, in alphabetical order."""
