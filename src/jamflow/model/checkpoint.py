"""The joint model as a file."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from jamflow.model.config import AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.weights.tensors import load_tensors, save_tensors


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


