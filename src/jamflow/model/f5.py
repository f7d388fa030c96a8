"""Official F5-TTS checkpoints to our audio stream: strict, any of the published forms.

The state dicts of F5TTS_Base and F5TTS_v1_Base cannot be told apart; the two differ in how text padding is masked and
in which heads rotate, so the caller must say which one a file is.
"""

import pickle
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from jamflow.errors import UserError
from jamflow.model.config import AudioConfig
from jamflow.model.streams import AudioDiT
from jamflow.weights.tensors import load_strictly

F5Name = Literal["F5TTS_v1_Base", "F5TTS_Base", "F5TTS_v1_Small"]
_PREFIX = "transformer."
# What official files hold beside the network: counters of the average, the mel front end's buffers.
_BESIDE = {"initted", "step", "update"}
_MEL_BUFFERS = {"mel_spec.mel_stft.mel_scale.fb", "mel_spec.mel_stft.spectrogram.window"}


def f5_config(name: F5Name, text_vocab: int = 2545) -> AudioConfig:
    """The architecture of a published checkpoint."""
    small = name == "F5TTS_v1_Small"
    first = name == "F5TTS_Base"
    return AudioConfig(
        channels=100, dim=768 if small else 1024, depth=18 if small else 22, heads=12 if small else 16, head_dim=64,
        ff_mult=2, text_vocab=text_vocab, text_dim=512, text_layers=4, text_mask_padding=not first,
        pe_attn_head=1 if first else None,
    )  # fmt: skip


def load_f5(path: Path, name: F5Name, average: bool = True) -> AudioDiT:
    """The audio stream with the weights of a published or self-trained F5-TTS checkpoint, in single precision.

    Args:
        path: `.safetensors` or `.pt`.
        name: which architecture the file is of.
        average: the averaged weights (what is published and what inference uses), else the raw ones.

    Raises:
        UserError: the file cannot be read, holds other objects than tensors, or is of another model.
    """
    state = _network(_read(path), path, average)
    stream = AudioDiT(f5_config(name))
    load_strictly(stream, state, path, name)
    return stream.eval().requires_grad_(False)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UserError(f"The checkpoint {path} does not exist.", "Check the path.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} holds more than tensors, and was not loaded, because that could run foreign code.",
            "Get the official file.",
        ) from error
    except (SafetensorError, RuntimeError, OSError, ValueError, EOFError) as error:
        raise UserError(f"The checkpoint {path} is damaged or no checkpoint.", "Get it again.") from error
    if not isinstance(loaded, dict):
        raise UserError(f"{path} is not an F5-TTS checkpoint.", "Get the official file.")
    return loaded


def _network(loaded: dict[str, Any], path: Path, average: bool) -> dict[str, Tensor]:
    """The tensors of the network under our names."""
    key = "ema_model_state_dict" if average else "model_state_dict"
    if "ema_model_state_dict" in loaded or "model_state_dict" in loaded:
        if key not in loaded:
            raise UserError(f"{path} has no entry {key}.", "It holds the other kind of weights; ask for those.")
        loaded = loaded[key]
    out = {}
    for name, value in loaded.items():
        name = name.replace("ema_model.", "")
        if name in _BESIDE or name in _MEL_BUFFERS:
            continue
        out[name.removeprefix(_PREFIX)] = value.float()
    return out
