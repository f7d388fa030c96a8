"""Loads a model by name or folder. Only this module knows the parts of each model."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import torch

from jamflow.errors import UserError, listed
from jamflow.loading.f5 import F5Name, f5_config, load_f5
from jamflow.loading.joint import load_joint
from jamflow.model.config import JointConfig, TextKind
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.model.precision import blocks_in_bfloat16
from jamflow.sampling.generate import Sampling
from jamflow.speech.vocoder import Vocoder, load_official_vocos, load_vocoder
from jamflow.text.durations import load_durations
from jamflow.text.f5_text import Vocabulary, load_vocabulary
from jamflow.text.frontend import TextFrontend
from jamflow.text.phonemes import Phonemizer
from jamflow.voices.adaptation import Adapter, Lesson
from jamflow.voices.f5.reader import F5Reader
from jamflow.voices.named import OWN, NamedVoice, named_voices
from jamflow.voices.phonemes.reader import PhonemeReader
from jamflow.voices.phonemes.voice_file import load_voice
from jamflow.voices.reader import Reader
from jamflow.weights.fetch import require
from jamflow.weights.shipped import JOINT_FILE, asset, model_folder
from jamflow.weights.tensors import is_non_commercial

Precision = Literal["float32", "bfloat16"]
VOCODER_FILE, VOCABULARY_FILE = "vocoder.safetensors", "vocab.txt"
# Published F5-TTS checkpoints that are complete models: architecture, then group and checkpoint in the registry.
_OFFICIAL: dict[str, tuple[F5Name, str, str]] = {
    "base": ("F5TTS_v1_Base", "f5", "f5-v1-base"),
    "base-v0": ("F5TTS_Base", "f5-v0", "f5-base"),
}
_SAMPLING: dict[TextKind, Sampling] = {
    "phonemes": Sampling(speech_temperature=0.8, motion_temperature=0.5),
    "f5": Sampling(steps=32, speech_guidance=2.0),
}


@dataclass(frozen=True)
class LoadedModel:
    """A model, ready for inference on one device.

    sampling: its default settings. warnings: what the user of anything that it makes should know. named: its voices with names.
    """

    joint: JointModel
    normaliser: Normaliser
    reader: Reader
    sampling: Sampling
    device: torch.device
    warnings: tuple[str, ...] = ()
    named: Mapping[str, NamedVoice] = field(default_factory=dict)

    @property
    def moves(self) -> bool:
        """Whether the model has a trained Motion-DiT."""
        return self.joint.moves

    def in_voice(self, adapter: Adapter, lesson: Lesson | None) -> "LoadedModel":
        """This model with its speech stream adapted to a voice; None changes nothing."""
        return replace(self, joint=adapter(self.joint, self.normaliser, lesson))

    @cached_property
    def ruler(self) -> "LoadedModel":
        """The model for word timing: this one if it reads phonemes, else `mini`."""
        return self if self.joint.config.text == "phonemes" else assemble("mini", self.device)


def assemble(
    model: str | Path,
    device: torch.device,
    dtype: Precision = "float32",
    vocoder: Vocoder | None = None,
    phonemizer: Phonemizer | None = None,
) -> LoadedModel:
    """A model by name (`mini`, `base`, `base-v0`) or by the folder that holds its `joint.safetensors`.

    Args:
        vocoder, phonemizer: take the place of the model's own.

    Raises:
        UserError: there is no such model, or its files are missing (the message says how to get them) or of another model,
            or `dtype` is unknown.
    """
    if dtype not in get_args(Precision):
        raise UserError(f"There is no dtype {dtype!r} here.", f"Use {listed(get_args(Precision), 'or')}.")
    if model in _OFFICIAL:
        name, group, checkpoint = _OFFICIAL[str(model)]
        paths = require(group)
        joint = JointModel(JointConfig(audio=f5_config(name), text="f5"), load_f5(paths[checkpoint], name), with_motion=False)
        normaliser = Normaliser(joint.config.mel.bands, 0, 0)
        return _loaded(joint, normaliser, vocoder or load_official_vocos(paths["vocos"]), None, device, dtype, phonemizer)
    folder = model_folder(model)
    if not (folder / JOINT_FILE).is_file():
        raise UserError(
            f"There is no model called {str(model)!r} here.",
            f"Known are mini, {', '.join(_OFFICIAL)}; or give a folder that holds {JOINT_FILE}.",
        )
    joint, normaliser = load_joint(folder / JOINT_FILE)
    own = folder / VOCODER_FILE
    if vocoder is None:
        vocoder = load_vocoder(own) if own.is_file() else load_official_vocos(require("vocos")["vocos"])
    return _loaded(joint, normaliser, vocoder, folder, device, dtype, phonemizer)


def _loaded(
    joint: JointModel,
    normaliser: Normaliser,
    vocoder: Vocoder,
    folder: Path | None,
    device: torch.device,
    dtype: Precision,
    phonemizer: Phonemizer | None,
) -> LoadedModel:
    config = joint.config
    config.mel.refuse_other("The vocoder", vocoder.mel_format)
    if dtype == "bfloat16":
        blocks_in_bfloat16(joint)
    joint.to(device)
    normaliser.to(device)
    vocoder.to(device)
    named: dict[str, NamedVoice] = {}
    if config.text == "f5" or folder is None:
        reader: Reader = F5Reader(vocoder, config, _vocabulary(folder, config.audio.text_vocab))
    else:
        durations = load_durations(folder / "durations.safetensors", config.audio.text_vocab)
        text = TextFrontend(durations, config, phonemizer)
        reader = PhonemeReader(text, load_voice(folder / OWN, config), vocoder, config)
        named = named_voices(folder)
    return LoadedModel(joint, normaliser, reader, _SAMPLING[config.text], device, _warnings(folder), named)


def _warnings(folder: Path | None) -> tuple[str, ...]:
    """About the files of a model."""
    if folder is not None and any(is_non_commercial(file) for file in folder.glob("*.safetensors")):
        return ("This model learnt from recordings that may not be used commercially; nor may what it makes.",)
    return ()


def _vocabulary(folder: Path | None, size: int) -> Vocabulary:
    """F5-TTS's own, or that of a fine-tuned model, which lies beside it."""
    own = None if folder is None else folder / VOCABULARY_FILE
    return load_vocabulary(asset("base/vocab.txt") if own is None or not own.is_file() else own, size)
