"""Recipes: read strictly, changed from the command line, refused in one sentence."""

from pathlib import Path

import pytest

from jamflow.errors import UserError
from jamflow.train.base.recipe import read_recipe
from train_base.runs import write_recipe

RECIPES = Path(__file__).parents[2] / "recipes/base"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return write_recipe(tmp_path, corpus=tmp_path)


def test_a_recipe_is_read_and_changed(recipe: Path) -> None:
    read = read_recipe(recipe, ["stages.1.rows.same_time=1.0", 'machine.parallel="fsdp"', "seed=3"])
    assert [s.name for s in read.stages] == ["motion", "joint"] and read.stages[0].freeze_audio
    assert read.stages[1].rows.same_time == 1 and read.stages[0].rows.same_time == 0.5
    assert read.machine.parallel == "fsdp" and read.seed == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("stages.0.step=3", "stages.0.step: Unexpected keyword"),
        ('stages.0.steps="many"', "stages.0.steps: Input should be a valid integer"),
        ("stages.0.lr=0", "stages.0: lr must be more than 0"),
        ("stages.0.rows.dub=0.9", "together, animate and dub must add up to 1"),
        ("stages.0.rows.drop_text=1.5", "drop_text is 1.5, but it is a share"),
        ("stages.0.rows.span=[0.9, 0.1]", "span must be two shares"),
        ('stages.0.name="joint"', "each needs a name of its own"),
        ('stages.0.name="../x"', "name becomes a folder"),
        ('machine.parallel="both"', "machine.parallel: Input should be 'ddp' or 'fsdp'"),
        ("data.batch_s=2", "0 < shortest_s < longest_s <= batch_s"),
        ("data.shards=[]", "shards is empty"),
        ('model.start="x"', "give either start or audio"),
        ('model.mask="some"', "model.mask: Input should be 'both', 'motion', 'audio' or 'none'"),
        ("seed", "'seed' changes nothing"),
        ("seed=", "'seed=' changes nothing"),
        ("stages.7.steps=1", "'stages.7.steps=1' changes nothing"),
    ],
)
def test_what_is_wrong_is_said(recipe: Path, change: str, words: str) -> None:
    with pytest.raises(UserError) as said:
        read_recipe(recipe, [change])
    assert words in str(said.value) and "\n" not in str(said.value)


def test_files_that_are_no_recipes(tmp_path: Path, recipe: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_recipe(tmp_path / "no.toml")
    recipe.write_text("run = ")
    with pytest.raises(UserError, match="is not TOML"):
        read_recipe(recipe)
    recipe.write_text("seed = 1")
    with pytest.raises(UserError, match="run: Field required"):
        read_recipe(recipe)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda p: p.name)
def test_shipped_recipes_are_read(path: Path) -> None:
    assert read_recipe(path).stages
