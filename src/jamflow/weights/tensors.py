"""Model files: safetensors with the configuration inside, usually stored in half precision and used in single precision."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from jamflow.errors import UserError
from jamflow.media.files import replacing

Network = TypeVar("Network", bound=nn.Module)
_MOST = 1_000_000  # of any number in a configuration: sizes, rates in Hz
_MARK = "non_commercial"  # in the file's metadata


def save_tensors(
    path: Path, tensors: dict[str, Tensor], config: dict[str, Any], half: bool = True, non_commercial: bool = False
) -> None:
    """Write tensors, in half precision or as they are, and a JSON configuration, whole or not at all.

    non_commercial: marks what learnt from recordings that may not be used commercially (`is_non_commercial`).

    Raises:
        UserError: the file cannot be written.
    """
    if half:
        tensors = {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
    metadata = {"config": json.dumps(config)} | ({_MARK: "true"} if non_commercial else {})
    try:
        with replacing(path) as partial:
            save_file({k: v.contiguous() for k, v in tensors.items()}, partial, metadata=metadata)
    except SafetensorError as error:  # what it makes of a full disk or a folder that is not there
        raise UserError(f"The model file {path} cannot be written.", f"Check folder and disk: {error}") from error


def load_tensors(path: Path, without: dict[str, Any] | None = None) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors in single precision, and the configuration.

    Args:
        without: the configuration of a file that has none; None refuses such a file.

    Raises:
        UserError: the file is missing, or is not a model file of this project.
    """
    if not path.is_file():
        raise UserError(f"The model file {path} is missing.", "Reinstall jamflow, or run `jamflow doctor`.")
    try:
        with safe_open(path, "pt") as f:
            metadata = f.metadata() or {}
            config = json.loads(metadata["config"]) if without is None or "config" in metadata else without
            _refuse_absurd(config, len(f.keys()))
            tensors = {k: f.get_tensor(k) for k in f.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise UserError(f"{path} is not a model file of JAM-Flow, or it is damaged.", "Get it again.") from error
    return {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}, config


def _refuse_absurd(config: Any, tensors: int) -> None:
    """Raises ValueError for a configuration that no model has, and that would take the memory or the time of a thousand.

    tensors: how many the file holds; a model has no more layers.
    """
    if not isinstance(config, dict):
        raise ValueError("the configuration is no object")
    for key, value in config.items():
        for one in value if isinstance(value, list) else (value,):
            most = tensors if key.endswith(("depth", "layers")) else _MOST
            if isinstance(one, dict):
                _refuse_absurd(one, tensors)
            elif isinstance(one, int | float) and not -_MOST <= one <= most:
                raise ValueError(f"{key} is {one}")


def is_non_commercial(path: Path) -> bool:
    """Whether a model file is marked: it learnt from recordings that may not be used commercially. Other files are not."""
    try:
        with safe_open(path, "pt") as f:
            return _MARK in (f.metadata() or {})
    except (SafetensorError, OSError):
        return False


def filled(make: Callable[[], Network], state: dict[str, Tensor], file: str | Path, name: str) -> Network:
    """The module that `make` makes, with a state dict, see `load_strictly`.

    Nothing is allocated for a module that the state does not fit: what a file says of itself may be anything.
    """
    with torch.device("meta"):
        load_strictly(make(), state, file, name)
    module = make()
    module.load_state_dict(state)
    return module


def load_strictly(module: nn.Module, state: dict[str, Tensor], file: str | Path, name: str) -> None:
    """Load a state dict that must have exactly the module's keys and shapes.

    Args:
        module: if it was made on the device "meta", it takes the state's own tensors. Only those that are not aligned in memory
            are copied.
        file: where the state came from, for messages.
        name: what messages call the module.

    Raises:
        UserError: keys are missing or unknown, or shapes differ; says how many, and names one.
    """
    own = module.state_dict()
    wrong = [k for k in own.keys() & state.keys() if own[k].shape != state[k].shape]
    for what, names in (
        ("lacks", own.keys() - state.keys()),
        ("has unknown", state.keys() - own.keys()),
        ("has other shapes of", wrong),
    ):
        if names:
            raise UserError(
                f"{file} is not a checkpoint of {name}: it {what} {len(names)} tensors, {min(names)} among them.",
                "Check which model the file is of, or get it again.",
            )
    taken = any(p.is_meta for p in module.parameters())
    module.load_state_dict({k: _aligned(v) for k, v in state.items()} if taken else state, assign=taken)


def _aligned(x: Tensor) -> Tensor:
    """The same numbers at an address that vector instructions like.

    Where a tensor lies in a mapped file depends on the length of the file's header, and the last bit of some sums on that.
    """
    return x if x.device.type != "cpu" or x.data_ptr() % 64 == 0 else x.clone()
