"""Loads F5-TTS checkpoints in any of their published forms into the audio stream, strictly.

F5TTS_Base and F5TTS_v1_Base have the same state-dict names and shapes. They differ in how text padding is masked and in which
heads get rotary positions, so the caller must name the architecture.
"""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from jamflow.errors import UserError
from jamflow.model.config import AudioConfig
from jamflow.model.streams import AudioDiT
from jamflow.weights.foreign import read_checkpoint
from jamflow.weights.tensors import load_strictly

F5Name = Literal["F5TTS_v1_Base", "F5TTS_Base", "F5TTS_v1_Small"]
_PREFIX, _AVERAGED = "transformer.", "ema_model_state_dict"
# Official files also hold these: counters of the averaged weights, and the mel front end's buffers.
_BESIDE = {
    "initted",
    "step",
    "update",
    "mel_spec.mel_stft.mel_scale.fb",
    "mel_spec.mel_stft.spectrogram.window",
}


def f5_config(name: F5Name) -> AudioConfig:
    """The architecture of a published checkpoint."""
    small = name == "F5TTS_v1_Small"
    first = name == "F5TTS_Base"
    return AudioConfig(
        channels=100,
        dim=768 if small else 1024,
        depth=18 if small else 22,
        heads=12 if small else 16,
        head_dim=64,
        ff_mult=2,
        text_vocab=2545,
        text_dim=512,
        text_layers=4,
        text_mask_padding=not first,
        pe_attn_head=1 if first else None,
    )


def load_f5(path: Path, name: F5Name) -> AudioDiT:
    """The audio stream with the averaged weights (EMA) of a published or self-trained F5-TTS checkpoint, in float32.

    Args:
        path: `.safetensors` or `.pt`.
        name: architecture of the file.

    Raises:
        UserError: the file cannot be read, holds objects other than tensors, or is of another model.

    The vocabulary is as large as the file's.
    """
    tensors = _network(read_checkpoint(path), path)
    config = f5_config(name)
    if (rows := tensors.get("text_embed.text_embed.weight")) is not None and rows.dim() == 2:
        config = replace(config, text_vocab=len(rows) - 1)  # a fine-tuned model may have a vocabulary of its own
    with torch.device("meta"):  # saves drawing 337 million random weights that are overwritten
        stream = AudioDiT(config)
    load_strictly(stream, tensors, path, name)
    return stream.eval().requires_grad_(False)


def _network(loaded: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The tensors of the network under our names."""
    kinds = {name.partition("/")[0] for name in loaded if "/" in name}
    if kinds:
        if _AVERAGED not in kinds:
            raise UserError(f"{path} has no entry {_AVERAGED}.", "Use a checkpoint with averaged weights.")
        loaded = {name.partition("/")[2]: value for name, value in loaded.items() if name.startswith(f"{_AVERAGED}/")}
    own = {name.replace("ema_model.", ""): value for name, value in loaded.items()}
    return {name.removeprefix(_PREFIX): value.float() for name, value in own.items() if name not in _BESIDE}
