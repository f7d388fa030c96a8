"""A model like `mini`, small enough for a test and in any mel format: random weights, its own durations and voice."""

from dataclasses import asdict
from pathlib import Path

import torch

from jamflow.loading.joint import save_joint
from jamflow.mel_format import MelFormat
from jamflow.model.config import MINI_MOUTH, AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.sampling.utterance import Lips, Voice
from jamflow.speech.vocoder import Vocos, VocosConfig
from jamflow.text.durations import DurationConfig, DurationPredictor
from jamflow.text.manner import KINDS
from jamflow.text.phonemes import symbols
from jamflow.voices.phonemes.voice_file import StoredVoice, save_voice
from jamflow.weights.tensors import save_tensors
from tiny_base import awake


def tiny_config(mel: MelFormat) -> JointConfig:
    audio = AudioConfig(2 * mel.bands, 32, 2, 2, 16, text_vocab=len(symbols()), text_dim=16, text_layers=1)
    motion = MotionConfig(18, 36, dim=16, mouth=MINI_MOUTH, space="mesh")
    return JointConfig(audio, motion, frames_per_token=2, mel=mel)


def make_mini(folder: Path, mel: MelFormat) -> Path:
    """What `JamFlow.load` takes: joint model, durations, voice and vocoder."""
    folder.mkdir()
    torch.manual_seed(0)
    config = tiny_config(mel)
    normaliser = Normaliser(mel.bands, 18, 36)
    save_joint(folder / "joint.safetensors", awake(JointModel(config)).state_dict(), normaliser.state_dict(), config)
    durations = DurationConfig(len(symbols()), dim=8, layers=1, manner=True)
    save_tensors(folder / "durations.safetensors", DurationPredictor(durations).state_dict(), asdict(durations))
    make_voice(folder, config)
    make_vocoder(folder, mel)
    return folder


def make_voice(folder: Path, config: JointConfig, mel: MelFormat | None = None) -> None:
    """Four blocks of noise. mel: what the file says its format is, if not the model's."""
    tokens = 4 * config.block_tokens
    frames = config.motion_frames(tokens)
    lips = Lips(0.1 * torch.randn(frames, config.motion.mouth_channels), torch.ones(frames, dtype=torch.bool))
    voice = Voice(torch.randn(tokens * config.frames_per_token, config.mel.bands), torch.zeros(tokens, dtype=torch.long), lips)
    save_voice(folder / "voice.safetensors", StoredVoice(voice, torch.zeros(len(KINDS))), mel or config.mel)


def make_vocoder(folder: Path, mel: MelFormat) -> None:
    config = VocosConfig(mel, dim=16, intermediate_dim=32, layers=1)
    save_tensors(folder / "vocoder.safetensors", Vocos(config).state_dict(), asdict(config))
