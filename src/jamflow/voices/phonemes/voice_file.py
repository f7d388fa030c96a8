"""A voice as a file, such as those that ship with `mini`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from jamflow.errors import UserError
from jamflow.mel_format import MelFormat
from jamflow.model.config import JointConfig
from jamflow.sampling.utterance import Lips, Voice
from jamflow.text.manner import KINDS
from jamflow.weights.tensors import load_tensors, save_tensors

_LEARNT = "learnt."


@dataclass(frozen=True)
class StoredVoice:
    """A voice, and how it reads.

    Attributes:
        voice: with its lips.
        manner_k: (K,) how it times what it says (`text.manner`); zeros are an average voice.
        british: whether it reads the British pronunciation.
        learnt: what the model has learnt of it (`voices.low_rank`), or None.
    """

    voice: Voice
    manner_k: Tensor
    british: bool = False
    learnt: Mapping[str, Tensor] | None = None


def save_voice(path: Path, stored: StoredVoice, mel_format: MelFormat, about: dict[str, Any] | None = None) -> None:
    """Write a voice whose lips are known, the format of its mel, and for a voice with a name what `NamedVoice` has to say."""
    voice = stored.voice
    assert voice.lips is not None
    tensors = {"mel": voice.mel_fm, "text": voice.text_a.int(), "mouth": voice.lips.mouth_tc, "manner": stored.manner_k}
    tensors |= {_LEARNT + name: value for name, value in (stored.learnt or {}).items()}
    config = {"mel": asdict(mel_format), "british": stored.british} | ({"about": about} if about else {})
    save_tensors(path, tensors, config)


def load_voice(path: Path, config: JointConfig) -> StoredVoice:
    """Read what `save_voice` wrote.

    Args:
        config: of the model that speaks with the voice.

    Raises:
        UserError: the file is missing or damaged, or the voice was made for another model.
    """
    tensors, raw = load_tensors(path, without={})
    try:
        mel_format = MelFormat(**raw.get("mel", {}))
        mel_fm, text_a, mouth_tc = tensors["mel"], tensors["text"].long().flatten(), tensors["mouth"]
    except (KeyError, TypeError) as error:
        raise UserError(f"{path} is not the file of a voice.", "Check which file it is.") from error
    config.mel.refuse_other(f"The voice in {path}", mel_format)
    manner_k = tensors.get("manner", torch.zeros(len(KINDS)))  # early files lack it
    tokens = len(text_a)
    frames = config.motion_frames(tokens)
    wanted = (tokens * config.frames_per_token, config.mel.bands), (frames, config.motion.mouth_channels)
    shapes = tuple(mel_fm.shape), tuple(mouth_tc.shape)
    if tokens % config.block_tokens or shapes != wanted or manner_k.shape != (len(KINDS),):
        raise UserError(f"The voice in {path} is not of this model: its sizes differ.", "Use files that were made together.")
    known = ((text_a >= -1) & (text_a < config.audio.text_vocab)).all()
    if not known or not all(bool(x.isfinite().all()) for x in tensors.values()):
        raise UserError(f"The voice in {path} holds numbers that no voice has.", "Get it again.")
    voice = Voice(mel_fm, text_a, Lips(mouth_tc, torch.ones(frames, dtype=torch.bool)))
    learnt = {name.removeprefix(_LEARNT): value for name, value in tensors.items() if name.startswith(_LEARNT)}
    return StoredVoice(voice, manner_k, raw.get("british", False), learnt or None)
