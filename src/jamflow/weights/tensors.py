"""Model files: safetensors with the configuration inside, stored in half precision, used in single."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from jamflow.errors import UserError


def save_tensors(path: Path, tensors: dict[str, Tensor], config: dict[str, Any]) -> None:
    """Write half-precision tensors and a JSON configuration, whole or not at all."""
    half = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in tensors.items()}
    partial = path.with_suffix(".part")
    save_file(half, partial, metadata={"config": json.dumps(config)})
    partial.replace(path)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors in single precision, and the configuration.

    Raises:
        UserError: the file is not there, or is no model file of ours.
    """
    if not path.is_file():
        raise UserError(f"The model file {path} is missing.", "Reinstall jamflow, or run `jamflow doctor`.")
    try:
        with safe_open(path, "pt") as f:
            config = json.loads((f.metadata() or {})["config"])
            tensors = {k: f.get_tensor(k) for k in f.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is not a model file of JAM-Flow, or it is damaged.", "Get it again.") from error
    return {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}, config
