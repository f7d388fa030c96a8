"""Checkpoints of a run on any number of processes: whole or absent, and for another number of processes too.

A checkpoint is a folder `step-000123` with what torch.distributed.checkpoint writes and `facts.json`. It is written under another
name and renamed; then older ones are removed.
"""

import json
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.state_dict_loader import load as load_parts
from torch.distributed.checkpoint.state_dict_saver import save as save_parts

from jamflow.errors import UserError
from jamflow.train.base.parallel import Ranks
from jamflow.train.base.recipe import Recipe

_FACTS = "facts.json"
_FREE = ("steps", "save_every", "sample_every")  # of a stage: what may be changed between two runs of one recipe


def save(folder: Path, step: int, state: dict[str, Any], facts: dict[str, Any], ranks: Ranks) -> None:
    """All processes write their part.

    Raises:
        UserError: it cannot be written; the last checkpoint is still there.
    """
    final = folder / f"step-{step:07d}"
    part = folder / "part"
    if ranks.first:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
    ranks.wait()
    reason = ""
    try:
        with _quiet():
            save_parts(state, checkpoint_id=part, no_dist=ranks.world == 1)
    except Exception as error:  # the same on all processes, whichever failed: DCP wraps what happened
        reason = _reason(error)
    if not reason and ranks.first:
        try:
            (part / _FACTS).write_text(json.dumps({"step": step, **facts}, indent=1), encoding="utf-8")
            shutil.rmtree(final, ignore_errors=True)
            part.rename(final)
            for old in _steps(folder)[:-1]:
                shutil.rmtree(old)
        except OSError as error:
            reason = _reason(error)
    if ranks.any(bool(reason)):
        if ranks.first:
            shutil.rmtree(part, ignore_errors=True)
        raise UserError(
            f"The checkpoint of step {step} cannot be written: {reason or 'another process failed'}.",
            "Make room, and start the same command again: it goes on from the last checkpoint.",
        )


def newest(folder: Path) -> Path | None:
    """The last whole checkpoint."""
    steps = _steps(folder)
    return steps[-1] if steps else None


def load(checkpoint: Path, state: dict[str, Any], ranks: Ranks) -> None:
    """Fill `state` in place.

    Raises:
        UserError: files are missing, or it is of another model.
    """
    try:
        metadata = FileSystemReader(checkpoint).read_metadata()
        files = {info.relative_path for info in metadata.storage_data.values()}
    except (OSError, AttributeError) as error:
        raise UserError(f"The checkpoint {checkpoint} has no list of its files.", "Remove that folder.") from error
    if missing := sorted(name for name in files if not (checkpoint / name).exists()):
        raise UserError(
            f"The checkpoint {checkpoint} lacks {len(missing)} of its {len(files)} files, such as {missing[0]}.",
            "Copy the folder again from where it was written, with the files of all processes.",
        )
    try:
        with _quiet():
            load_parts(state, checkpoint_id=checkpoint, no_dist=ranks.world == 1)
    except Exception as error:
        raise UserError(
            f"The checkpoint {checkpoint} cannot be read: {_reason(error)}.", "Choose another folder for `run`."
        ) from error


def refuse_other_recipe(checkpoint: Path, facts: dict[str, Any]) -> int:
    """The step of a checkpoint, if it was made by the same recipe.

    Raises:
        UserError: it was not.
    """
    there = json.loads((checkpoint / _FACTS).read_text(encoding="utf-8"))
    step = there.pop("step")
    if different := _difference(there, facts):
        raise UserError(
            f"The checkpoint {checkpoint} is of another recipe: {different}.",
            "Choose another folder for `run`, or change it back.",
        )
    return step


def facts_of(recipe: Recipe, stage: int) -> dict[str, Any]:
    """What a checkpoint must have in common with the recipe that goes on from it."""
    one = {k: v for k, v in asdict(recipe.stages[stage]).items() if k not in _FREE}
    data = {k: v for k, v in asdict(recipe.data).items() if k != "shards"}
    facts = {"model": asdict(recipe.model), "data": data, "stage": one, "seed": recipe.seed}
    return json.loads(json.dumps(facts, default=str))


def _difference(there: Any, here: Any, name: str = "") -> str:
    """The first one, in words; empty if there is none."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in there.keys() | here.keys():
            if found := _difference(there.get(key), here.get(key), f"{name}.{key}".lstrip(".")):
                return found
        return ""
    return "" if there == here else f"{name} was {there} and is {here}"


@contextmanager
def _quiet() -> Iterator[None]:
    """A run of one process is no mistake."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.distributed is disabled")
        yield


def _steps(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("step-*") if re.fullmatch(r"step-\d+", p.name) and (p / _FACTS).exists())


def _reason(error: BaseException) -> str:
    """The root of an error, without the stack that DCP puts around it."""
    failures: Callable[..., Any] | None = getattr(error, "failures", None)  # pyright: ignore[reportAssignmentType]
    if failures:
        first = next(iter(failures.values()))  # pyright: ignore[reportAttributeAccessIssue]
        error = first[0] if isinstance(first, tuple) else first
    return getattr(error, "strerror", None) or str(error).strip().splitlines()[-1] if str(error) else type(error).__name__
