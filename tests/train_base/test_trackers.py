"""Numbers of a training in TensorBoard and in Weights & Biases (offline)."""

from pathlib import Path

import pytest

from jamflow.errors import UserError
from jamflow.train.base import trackers
from jamflow.train.base.trackers import Trackers
from train_base.runs import small_recipe


def test_tensorboard_has_the_numbers(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra `track` is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    recipe = small_recipe(tmp_path, 'machine.track=["tensorboard"]', corpus=tmp_path)
    tracker = Trackers(recipe, "motion")
    tracker.write(25, {"audio": 0.5})
    tracker.write(50, {"audio": 0.25})
    tracker.close()
    events = EventAccumulator(str(recipe.run / "motion/tensorboard"))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("audio")] == [(25, 0.5), (50, 0.25)]


def test_wandb_gets_the_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="the extra `track` is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    recipe = small_recipe(tmp_path, 'machine.track=["wandb"]', corpus=tmp_path)
    recipe.run.mkdir()
    tracker = Trackers(recipe, "motion")
    assert tracker._wandb is not None
    sent = []
    real = tracker._wandb.log
    monkeypatch.setattr(tracker._wandb, "log", lambda *args, **more: (sent.append((args, more)), real(*args, **more)))
    tracker.write(25, {"audio": 0.5})
    tracker.close()
    assert sent == [(({"audio": 0.5},), {"step": 25})]
    assert len(list((recipe.run / "wandb").glob("offline-run-*/*.wandb"))) == 1


def test_a_tracker_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "wandb", None)
    recipe = small_recipe(tmp_path, 'machine.track=["wandb"]', corpus=tmp_path)
    with pytest.raises(UserError, match=r"need wandb.*pip install 'jamflow\[track\]'"):
        trackers.Trackers(recipe, "motion")
