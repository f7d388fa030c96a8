"""Model files: safetensors with the configuration inside, stored in half precision, used in single."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from jamflow.errors import UserError
from jamflow.model.config import AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser


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


def save_joint(path: Path, model: dict[str, Tensor], normaliser: dict[str, Tensor], config: JointConfig) -> None:
    """The joint model and its normaliser in one file."""
    tensors = {f"model.{k}": v for k, v in model.items()} | {f"normaliser.{k}": v for k, v in normaliser.items()}
    save_tensors(path, tensors, asdict(config))


def load_joint(path: Path) -> tuple[JointModel, Normaliser]:
    """Read what `save_joint` wrote, ready for inference."""
    tensors, raw = load_tensors(path)
    config = joint_config(raw)
    model = JointModel(config)
    normaliser = Normaliser(
        config.audio.channels // config.frames_per_token, config.motion.mouth_channels, config.motion.clue_channels
    )
    for name, module in (("model.", model), ("normaliser.", normaliser)):
        module.load_state_dict({k.removeprefix(name): v for k, v in tensors.items() if k.startswith(name)})
    return model.eval().requires_grad_(False), normaliser


def joint_config(raw: dict[str, Any]) -> JointConfig:
    """A configuration from its JSON form."""
    return JointConfig(**(raw | {"audio": AudioConfig(**raw["audio"]), "motion": MotionConfig(**raw["motion"])}))


