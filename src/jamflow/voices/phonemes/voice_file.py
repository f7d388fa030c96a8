"""A voice as a file, such as the one that ships with `mini`."""

from dataclasses import asdict
from pathlib import Path

import torch

from jamflow.errors import UserError
from jamflow.mel_format import MelFormat
from jamflow.model.config import JointConfig
from jamflow.sampling.utterance import Lips, Voice
from jamflow.weights.tensors import load_tensors, save_tensors


def save_voice(path: Path, voice: Voice, mel_format: MelFormat) -> None:
    """Write a voice whose lips are known, and the format of its mel."""
    assert voice.lips is not None
    tensors = {"mel": voice.mel_fm, "text": voice.text_a.int(), "mouth": voice.lips.mouth_tc}
    save_tensors(path, tensors, {"mel": asdict(mel_format)})


def load_voice(path: Path, config: JointConfig) -> Voice:
    """Read what `save_voice` wrote.

    Args:
        config: of the model that speaks with the voice.

    Raises:
        UserError: the file is missing or damaged, or the voice was made for another model.
    """
    tensors, raw = load_tensors(path, without={})
    config.mel.refuse_other(f"The voice in {path}", MelFormat(**raw.get("mel", {})))
    try:
        mel_fm, text_a, mouth_tc = tensors["mel"], tensors["text"].long(), tensors["mouth"]
    except KeyError as error:
        raise UserError(f"{path} is not the file of a voice.", "Check which file it is.") from error
    tokens = len(text_a)
    frames = config.motion_frames(tokens)
    wanted = (tokens * config.frames_per_token, config.mel.bands), (frames, config.motion.mouth_channels)
    if tokens % config.block_tokens or (tuple(mel_fm.shape), tuple(mouth_tc.shape)) != wanted:
        raise UserError(f"The voice in {path} is not of this model: its sizes differ.", "Use files that were made together.")
    return Voice(mel_fm, text_a, Lips(mouth_tc, torch.ones(frames, dtype=torch.bool)))
