"""From checkpoints to the files that ship: averaged weights in half precision, and nothing that only training needs."""

from pathlib import Path
from typing import Any

from jamflow.errors import UserError
from jamflow.loading.joint import joint_config, save_joint
from jamflow.train.checkpoint import load_checkpoint
from jamflow.weights.tensors import save_tensors


def export_joint(run: Path, out: Path) -> Path:
    """Write `joint.safetensors` of a run of `train_joint` in the folder `out`; returns the file.

    Raises:
        UserError: the run has no checkpoint, or the file cannot be written. The same holds below.
    """
    state, file = _state(run / "joint.pt"), out / "joint.safetensors"
    config = joint_config(state["config"])
    save_joint(file, _averaged(state), state["normaliser"], config, non_commercial=_marked(state))
    return file


def export_vocoder(run: Path, out: Path) -> Path:
    """The same of `train_vocoder`: `vocoder.safetensors`."""
    state, file = _state(run / "vocoder.pt"), out / "vocoder.safetensors"
    save_tensors(file, _averaged(state), state["config"], non_commercial=_marked(state))
    return file


def export_durations(run: Path, out: Path) -> Path:
    """The same of `train_durations`: `durations.safetensors`."""
    state, file = _state(run / "durations.pt"), out / "durations.safetensors"
    save_tensors(file, state["model"], state["config"], non_commercial=_marked(state))
    return file


def export_recogniser(run: Path, out: Path) -> Path:
    """The same of `train_recogniser`: `recogniser.safetensors`."""
    state, file = _state(run / "recogniser.pt"), out / "recogniser.safetensors"
    save_tensors(file, state["model"], state["config"], non_commercial=_marked(state))
    return file


def _state(checkpoint: Path) -> dict[str, Any]:
    state = load_checkpoint(checkpoint)
    if state is None:
        raise UserError(f"There is no checkpoint {checkpoint}.", "Train first, or check the folder of the run.")
    return state


def _averaged(state: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in state["ema"].items() if k != "updates"}


def _marked(state: dict[str, Any]) -> bool:
    return state.get("non_commercial", False)  # checkpoints of before the mark learnt from speech that may be used
