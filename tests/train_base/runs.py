"""A run of `base` small enough for a test."""

from pathlib import Path
from typing import Any

from corpora import make_talking_corpus
from jamflow.train.base.recipe import Recipe, read_recipe

RECIPE = """
run = "{run}"
[data]
shards = ["{corpus}"]
batch_s = 8
longest_s = 4
[model]
audio = {{dim = 32, depth = 2, heads = 2, head_dim = 16, text_dim = 16, text_layers = 1}}
motion_dim = 16
[machine]
bf16 = false
workers = 0
[[stages]]
name = "motion"
steps = 4
lr = 1e-3
batches = 2
warmup = 2
decay_from = 1
save_every = 2
freeze_audio = true
[[stages]]
name = "joint"
steps = 4
lr = 1e-3
batches = 2
warmup = 2
decay_from = 1
save_every = 2
"""


def write_recipe(folder: Path, corpus: Path | None = None) -> Path:
    """recipe.toml in `folder`, of a run in it, and a corpus if there is none yet."""
    if corpus is None:
        corpus = make_talking_corpus(folder / "corpus")
    path = folder / "recipe.toml"
    path.write_text(RECIPE.format(run=folder / "run", corpus=corpus))
    return path


def small_recipe(folder: Path, *changes: str, corpus: Path | None = None, **more: Any) -> Recipe:
    return read_recipe(write_recipe(folder, corpus), list(changes))
