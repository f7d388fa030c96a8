"""A model like `base`, small enough for a test: random weights, F5-TTS's vocabulary and keys."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from jamflow import JamFlow
from jamflow.face.liveportrait.renderer import LivePortraitRenderer
from jamflow.face.liveportrait.space import liveportrait_space
from jamflow.face.liveportrait.tracker import LivePortraitTracker
from jamflow.face.tracker import FaceTracker
from jamflow.loading.joint import save_joint
from jamflow.loading.model import assemble
from jamflow.loading.renderers import Faces
from jamflow.mel_format import MelFormat
from jamflow.model.config import AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.speech.vocoder import Vocos, VocosConfig
from jamflow.speech.waveform import write_wave
from jamflow.weights.tensors import save_tensors
from liveportrait_networks import stand_ins

MEL = MelFormat()

AUDIO = AudioConfig(dim=32, depth=2, heads=2, head_dim=16, text_dim=16, text_layers=1)
TINY = JointConfig(AUDIO, MotionConfig(dim=16), text="f5")
SAID = "This is how I sound."


def awake(module: nn.Module, seed: int = 0) -> nn.Module:
    """Random numbers where training would start from zero, so that every path counts."""
    generator = torch.Generator().manual_seed(seed)
    for p in module.parameters():
        if not p.detach().any():
            p.data.copy_(torch.randn(p.shape, generator=generator) * 0.1)
    return module.eval().requires_grad_(False)


def make_folder(folder: Path) -> Path:
    """What `JamFlow.load` takes: joint model and vocoder."""
    torch.manual_seed(0)
    folder.mkdir()
    model = JointModel(TINY)
    awake(model.audio)  # motion stays untrained
    save_joint(folder / "joint.safetensors", model.state_dict(), Normaliser(100, 12, 51).state_dict(), TINY, half=False)
    save_tensors(folder / "vocoder.safetensors", *make_vocoder())
    return folder


def make_trained(
    folder: Path, mouth: tuple[int, ...], mouth_std: float = 0.01, depth: int = AUDIO.depth, window_s: float = TINY.window_s
) -> Path:
    """Motion is awake, too, and moves these key points about so far, half crops."""
    make_folder(folder)
    channels = 3 * len(mouth), 3 * (21 - len(mouth))
    audio = replace(AUDIO, depth=depth)
    config = JointConfig(audio, MotionConfig(*channels, dim=16, mouth=mouth), window_s=window_s, text="f5")
    torch.manual_seed(1)
    model = awake(JointModel(config))
    normaliser = Normaliser(100, *channels)
    normaliser.mouth_std.fill_(mouth_std)
    save_joint(folder / "joint.safetensors", model.state_dict(), normaliser.state_dict(), config, half=False)
    return folder


def load_trained(folder: Path, mouth: tuple[int, ...]) -> JamFlow:
    """With stand-ins for LivePortrait's networks."""
    networks, space = stand_ins(), liveportrait_space(mouth)
    faces = Faces(LivePortraitRenderer(networks, space=space), LivePortraitTracker(networks, space=space), FaceTracker())
    return JamFlow(assemble(folder, torch.device("cpu")), faces)


def make_vocoder() -> tuple[dict[str, torch.Tensor], dict]:
    config = VocosConfig(dim=16, intermediate_dim=32, layers=1)
    return Vocos(config).state_dict(), asdict(config)


def make_voice(path: Path, seconds: float = 2.0, level: float = 0.05) -> Path:
    """Noise that swells four times a second, like syllables."""
    n = int(seconds * MEL.sample_rate_hz)
    swell = 0.55 + 0.45 * np.sin(8 * np.pi * np.arange(n) / MEL.sample_rate_hz)
    write_wave(path, level * swell * np.random.default_rng(0).standard_normal(n).clip(-3, 3), 24_000)
    return path
