"""Runs of `base`: what learns, going on, numbers of processes, and what goes wrong."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from corpora import make_talking_corpus
from jamflow.errors import UserError
from jamflow.train import __main__ as command
from jamflow.train.base import stage as stage_module
from jamflow.train.base import state
from jamflow.train.base.parallel import Ranks
from jamflow.train.base.recipe import Recipe
from jamflow.train.base.run import train_base
from jamflow.train.base.stage import Stopped
from tiny_base import make_folder
from train_base.runs import small_recipe, write_recipe

ALONE = Ranks(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_talking_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(autouse=True)
def no_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jamflow.train.base.run.Samples", lambda *args: None)


@pytest.fixture(scope="module")
def finished(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """The weights of a run in one process that nothing stopped, and the norm of its gradients in the first stage."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jamflow.train.base.run.Samples", lambda *args: None)
        recipe = small_recipe(folder, corpus=corpus)
        made = weights(train_base(recipe, ALONE))
    return made | {"norm": torch.tensor(progress(recipe, "motion")[-1]["norm"])}


def weights(model: Path) -> dict[str, torch.Tensor]:
    return {k: v.float() for k, v in load_file(model / "joint.safetensors").items()}


def progress(recipe: Recipe, stage: str) -> list[dict]:
    return [json.loads(line) for line in (recipe.run / stage / "progress.jsonl").read_text().splitlines()]


def apart(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    assert a.keys() == b.keys() - {"norm"}
    return max(float((a[k] - b[k]).abs().max()) for k in a)


def test_the_frozen_stream_stays_and_the_other_learns_from_both_losses(corpus: Path, tmp_path: Path) -> None:
    recipe = small_recipe(tmp_path, "stages.1.steps=1", "stages.1.lr=1e-12", "stages.0.weight_decay=0.5", corpus=corpus)
    start = make_folder(tmp_path / "start")
    model = replace(recipe.model, start=start, audio=None, motion_dim=None)
    before = weights(start)
    recipes = {w: replace(recipe, run=tmp_path / f"run{w}", model=model) for w in (0.0, 1.0)}
    made = {}
    for weight, one in recipes.items():
        stages = (replace(one.stages[0], motion_weight=weight), one.stages[1])
        made[weight] = weights(train_base(replace(one, stages=stages), ALONE))
    for name, value in before.items():
        if name.startswith("model.audio"):
            assert torch.allclose(made[1.0][name], value, atol=1e-3), name
    name = "model.motion.transformer_blocks.0.attn.to_k.weight"
    assert (made[0.0][name] - before[name]).abs().max() > 1e-4, "speech teaches motion's keys, which it sees"


@pytest.mark.parametrize("steps_before", [1, 2, 3])
def test_a_run_that_was_stopped_ends_with_the_same_numbers(
    corpus: Path, tmp_path: Path, finished: dict[str, torch.Tensor], steps_before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM in the middle of a step saves after it, also where no checkpoint was due."""
    recipe = small_recipe(tmp_path, corpus=corpus)
    real, steps = stage_module._Loop.step, []

    def step(self: stage_module._Loop, *args: object) -> None:
        real(self, *args)  # type: ignore[arg-type]
        steps.append(1)
        if len(steps) == 4 + steps_before:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(stage_module._Loop, "step", step)
    with pytest.raises(Stopped, match=f"step {steps_before} of joint"):
        train_base(recipe, ALONE)
    assert len(steps) == 4 + steps_before
    assert apart(weights(train_base(recipe, ALONE)), finished) == 0
    assert len(steps) == 8, "nothing was done twice"


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_give_what_one_gives(
    corpus: Path, tmp_path: Path, finished: dict[str, torch.Tensor], parallel: str
) -> None:
    """Begun with two, ended with one: the checkpoint is for any number."""
    path = write_recipe(tmp_path, corpus)
    two = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", "-m", "jamflow.train"]
    changes = [f'machine.parallel="{parallel}"', "machine.workers=1"]
    only_first = "stages.1.steps=2"
    made = subprocess.run([*two, "base", str(path), *changes, only_first], capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stderr[-3000:]
    recipe = small_recipe(tmp_path, corpus=corpus)
    assert len(list((recipe.run / "joint/step-0000002").glob("*.distcp"))) == 2
    assert progress(recipe, "motion")[-1]["norm"] == pytest.approx(float(finished["norm"]), rel=1e-3)
    assert apart(weights(train_base(recipe, ALONE)), finished) < 2e-3


def spoil(corpus: Path, folder: Path, clips: int) -> Path:
    """The corpus with NaN in the key points of so many clips of the first shard."""
    copy = make_talking_corpus(folder / "spoilt")
    motion = np.load(copy / "shard-0/motion.npy")
    lines = [json.loads(line) for line in (copy / "shard-0/utterances.jsonl").read_text().splitlines()]
    for one in lines[:clips]:
        motion[one["motion"][0] + 3, 14] = np.nan
    np.save(copy / "shard-0/motion.npy", motion)
    return copy


def test_steps_that_are_no_numbers_are_left_out_and_named(
    corpus: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jamflow.train.base.run.measure_motion", lambda *args: None)
    recipe = small_recipe(tmp_path, "data.batch_s=4", "stages.0.steps=8", corpus=spoil(corpus, tmp_path, 1))
    model = train_base(recipe, ALONE)
    left_out = progress(recipe, "motion")[-1]["left_out"]
    assert 1 <= left_out <= 4
    assert "shard-0, clip 0 (voice-0)" in caplog.text and "clip 1" not in caplog.text
    assert all(bool(x.isfinite().all()) for x in weights(model).values())


def test_a_process_without_a_number_of_a_kind_takes_part_in_its_sum(corpus: Path, tmp_path: Path) -> None:
    """All of its batches may have been left out. Were it to leave the sum to the others, they would wait for ever."""

    class First(Ranks):
        def gathered(self, here: list[str]) -> list[str]:
            return [*here, "audio", "motion"]

        def sum(self, numbers: torch.Tensor) -> torch.Tensor:
            return numbers + torch.ones_like(numbers)

    recipe = small_recipe(tmp_path, corpus=corpus)
    course = stage_module.Course(recipe, 0, None, None, First(0, 2, torch.device("cpu")))  # type: ignore[arg-type]
    loop = stage_module._Loop(course, None, None, None, [], None)  # type: ignore[arg-type]
    loop.tally.add("audio", torch.tensor(5.0), 2.0)
    numbers = loop.numbers(1.0)
    assert (numbers["audio"], numbers["motion"]) == (2.0, 1.0)


def test_ten_in_a_row_end_the_run(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jamflow.train.base.run.measure_motion", lambda *args: None)
    recipe = small_recipe(tmp_path, "stages.0.steps=30", 'data.held_out=["voice-1"]', corpus=spoil(corpus, tmp_path, 6))
    with pytest.raises(UserError, match=r"10 steps in a row .* shard-0, clip \d"):
        train_base(recipe, ALONE)
    assert state.newest(recipe.run / "motion") is not None, "what was there is kept"


def test_key_points_that_are_no_numbers_are_refused_before_training(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="shard-0, clip 0"):
        train_base(small_recipe(tmp_path, corpus=spoil(corpus, tmp_path, 1)), ALONE)


def test_a_full_disk_ends_the_run_and_keeps_the_last_checkpoint(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe(tmp_path, corpus=corpus)
    real = state.save_parts

    def full(values: dict, checkpoint_id: Path, **more: object) -> object:
        if (recipe.run / "motion/step-0000002").exists():
            (Path(checkpoint_id) / "half").write_text("x")
            raise OSError(28, "No space left on device")
        return real(values, checkpoint_id=checkpoint_id, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(state, "save_parts", full)
    with pytest.raises(UserError, match="step 4 cannot be written: No space left on device"):
        train_base(recipe, ALONE)
    assert [p.name for p in (recipe.run / "motion").iterdir() if p.is_dir()] == ["step-0000002"]


def test_checkpoints_that_do_not_fit_are_refused(corpus: Path, tmp_path: Path) -> None:
    recipe = small_recipe(tmp_path, corpus=corpus)
    train_base(recipe, ALONE)
    more = replace(recipe, stages=(replace(recipe.stages[0], steps=5), recipe.stages[1]))
    other = replace(more, stages=(replace(more.stages[0], lr=2e-3), recipe.stages[1]))
    with pytest.raises(UserError, match=r"of another recipe: stage.lr was 0.001 and is 0.002"):
        train_base(other, ALONE)
    part = next((recipe.run / "motion/step-0000004").glob("*.distcp"))
    part.rename(part.with_name("gone"))
    with pytest.raises(UserError, match=r"lacks 1 of its 1 files, such as __0_0.distcp"):
        train_base(more, ALONE)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["data.shortest_s=3.5"], "No clip is left to learn from (12 shorter than shortest_s)"),
        (['data.shards=["nowhere"]'], "There are no shards in nowhere"),
        (["stages.0.batches=3"], None),
        (['data.held_out=["voice-0", "voice-1"]'], "No clip is left"),
    ],
)
def test_bad_input(corpus: Path, tmp_path: Path, changes: list[str], words: str | None) -> None:
    recipe = small_recipe(tmp_path, *changes, corpus=corpus)
    ranks = ALONE if words else Ranks(0, 2, torch.device("cpu"))
    with pytest.raises(UserError) as said:
        train_base(recipe, ranks)
    assert (words or "3 batches a step cannot be shared evenly by 2 processes") in str(said.value)


def test_shards_of_another_space_are_refused(tmp_path: Path) -> None:
    other = make_talking_corpus(tmp_path / "mesh", space="mesh")
    with pytest.raises(UserError, match="has motion of the space mesh, and the model's is liveportrait"):
        train_base(small_recipe(tmp_path, corpus=other), ALONE)


def test_the_command_says_what_is_wrong_and_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["base", str(tmp_path / "no.toml")]) == 1
    assert capsys.readouterr().err.startswith(f"The recipe {tmp_path / 'no.toml'} cannot be read")
