"""Saves and loads the joint model."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from jamflow.errors import UserError
from jamflow.mel_format import MelFormat
from jamflow.model.config import MINI_MOUTH, AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.weights.tensors import load_strictly, load_tensors, save_tensors


def save_joint(
    path: Path,
    model: dict[str, Tensor],
    normaliser: dict[str, Tensor],
    config: JointConfig,
    half: bool = True,
    non_commercial: bool = False,
) -> None:
    """Saves the joint model and its normaliser in one file.

    half: in half precision, which is enough for inference. non_commercial: see `save_tensors`.
    """
    tensors = {f"model.{k}": v for k, v in model.items()} | {f"normaliser.{k}": v for k, v in normaliser.items()}
    save_tensors(path, tensors, asdict(config), half, non_commercial)


def load_joint(path: Path) -> tuple[JointModel, Normaliser]:
    """Loads a file of `save_joint`, ready for inference.

    Raises:
        UserError: the file is missing, damaged, or of another model.
    """
    tensors, raw = load_tensors(path)
    try:
        config = joint_config(raw)
        with torch.device("meta"):
            model = JointModel(config)
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError, ZeroDivisionError, AssertionError) as error:
        raise UserError(f"{path} is a model file of JAM-Flow, but not of a joint model.", "Check which file it is.") from error
    if config.audio.channels != config.mel.bands * config.frames_per_token:
        raise UserError(
            f"{path} contradicts itself: {config.audio.channels} channels are not {config.frames_per_token} x "
            f"{config.mel.bands} mel bands.",
            "Write its configuration anew.",
        )
    normaliser = Normaliser(config.mel.bands, config.motion.mouth_channels, config.motion.clue_channels)
    for name, module in (("model.", model), ("normaliser.", normaliser)):
        state = {k.removeprefix(name): v for k, v in tensors.items() if k.startswith(name)}
        load_strictly(module, state, path, "the joint model")
    return model.eval().requires_grad_(False), normaliser


def joint_config(raw: dict[str, Any]) -> JointConfig:
    """The configuration that a parsed JSON object describes."""
    motion: dict[str, Any] = {"mouth": MINI_MOUTH, "space": "mesh"} | raw["motion"]  # early files of `mini` lack these keys
    motion["mouth"] = tuple(motion["mouth"])
    rest = {name: value for name, value in raw.items() if name != "mel_rate_hz"}  # the first files: 93.75, as the default is
    parts = {"audio": AudioConfig(**raw["audio"]), "motion": MotionConfig(**motion), "mel": MelFormat(**raw.get("mel", {}))}
    return JointConfig(**(rest | parts))
