"""Reading foreign checkpoints: without running code from them, and with no more memory than the file is large.

The file itself is what is read, every time, so that `jamflow weights verify` speaks of it and not of a copy.
"""

import pickle
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from jamflow.errors import UserError

_DAMAGE = (SafetensorError, zipfile.BadZipFile, RuntimeError, OSError, ValueError, EOFError, KeyError, TypeError, IndexError)
_SHARED = 4  # times the file's size: weights that two layers share are few
_TRAINING = ("optimizer_state_dict", "scheduler_state_dict")  # not needed for inference


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """All tensors of a checkpoint, on the CPU; those of inner dictionaries are called "outer/name".

    The file is `.safetensors` or what `torch.save` writes.

    Raises:
        UserError: the file is missing, damaged, packed, or holds other objects than tensors and plain values.
    """
    if not path.is_file():
        raise UserError(f"The checkpoint {path} does not exist.", "Check the path.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        _refuse_packed(path)
        loaded = _flat(torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)))
        _refuse_blown_up(path, loaded.values())
        tensors = {name: value.clone().contiguous() for name, value in loaded.items()}  # no memory is shared
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} is damaged, or holds more than tensors, and was not loaded, because that could run foreign code.",
            "Get the official file.",
        ) from error
    except (
        SafetensorError,
        zipfile.BadZipFile,
        RuntimeError,
        OSError,
        ValueError,
        EOFError,
        KeyError,
        TypeError,
        IndexError,
    ) as error:
        raise UserError(f"The checkpoint {path} is damaged or no checkpoint.", "Get it again.") from error
    if not tensors:
        raise UserError(f"The checkpoint {path} holds no tensors.", "Get the official file.")
    return tensors


def _refuse_packed(path: Path) -> None:
    """`torch.save` packs nothing; a packed archive may hold a thousand times its size."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise UserError(f"The checkpoint {path} is packed, as PyTorch's files never are.", "Get the official file.")


def _refuse_blown_up(path: Path, tensors: Iterable[Tensor]) -> None:
    """Tensors may show the same numbers many times; together they must not be much larger than the file."""
    tensors = list(tensors)
    strange = any(x.is_meta or x.layout != torch.strided for x in tensors)
    if strange or sum(x.numel() * x.element_size() for x in tensors) > _SHARED * path.stat().st_size:
        raise UserError(f"The checkpoint {path} would take much more memory than it has bytes.", "Get the official file.")


def _flat(loaded: Any, prefix: str = "") -> dict[str, Tensor]:
    out = {}
    for name, value in loaded.items() if isinstance(loaded, dict) else ():
        if isinstance(value, Tensor):
            out[f"{prefix}{name}"] = value
        elif name not in _TRAINING:
            out |= _flat(value, f"{prefix}{name}/")
    return out
