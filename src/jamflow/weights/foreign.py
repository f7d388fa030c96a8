"""Reading foreign checkpoints without running code from them. Pickled ones are converted to safetensors once."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from jamflow.errors import UserError

_TRAINING = ("optimizer_state_dict", "scheduler_state_dict")  # not needed for inference


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """All tensors of a checkpoint, on the CPU; those of inner dictionaries are called "outer/name".

    The file is `.safetensors` or what `torch.save` writes. The latter is copied to a safetensors file beside it, which is read
    from then on, unless the folder cannot be written.

    Raises:
        UserError: the file is missing, damaged, or holds other objects than tensors and plain values.
    """
    if not path.is_file():
        raise UserError(f"The checkpoint {path} does not exist.", "Check the path.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        copy = path.with_name(path.name + ".safetensors")
        if copy.is_file() and copy.stat().st_mtime >= path.stat().st_mtime:
            return load_file(copy)
        tensors = _flat(torch.load(path, map_location="cpu", weights_only=True))
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} is damaged, or holds more than tensors, and was not loaded, because that could run foreign code.",
            "Get the official file.",
        ) from error
    except (SafetensorError, zipfile.BadZipFile, RuntimeError, OSError, ValueError, EOFError, KeyError) as error:
        raise UserError(f"The checkpoint {path} is damaged or no checkpoint.", "Get it again.") from error
    if not tensors:
        raise UserError(f"The checkpoint {path} holds no tensors.", "Get the official file.")
    _keep(tensors, copy)
    return tensors


def _flat(loaded: Any, prefix: str = "") -> dict[str, Tensor]:
    out = {}
    for name, value in loaded.items() if isinstance(loaded, dict) else ():
        if isinstance(value, Tensor):
            out[f"{prefix}{name}"] = value.clone().contiguous()  # safetensors takes no shared memory
        elif name not in _TRAINING:
            out |= _flat(value, f"{prefix}{name}/")
    return out


def _keep(tensors: dict[str, Tensor], copy: Path) -> None:
    part = copy.with_name(copy.name + ".part")
    try:
        save_file(tensors, part)
        part.replace(copy)
    except (OSError, SafetensorError):
        part.unlink(missing_ok=True)  # a read-only folder or a full disk: next time it is converted again
