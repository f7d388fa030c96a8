"""Files of voices with names, for tests."""

from pathlib import Path

import torch

from jamflow.loading.joint import load_joint
from jamflow.sampling.utterance import Lips, Voice
from jamflow.text.manner import KINDS
from jamflow.voices.phonemes.voice_file import StoredVoice, save_voice

ABOUT = {"who": "woman", "accent": "American", "origin": "a test", "licence": "Apache-2.0"}


def add_voice(
    folder: Path, name: str, manner: float = 0.0, british: bool = False, accent: str = "American", kinds: int = len(KINDS)
) -> Path:
    """Write `folder`/voices/`name`, four blocks of noise, for the model in the folder."""
    config = load_joint(folder / "joint.safetensors")[0].config
    generator = torch.Generator().manual_seed(len(name))
    tokens = 4 * config.block_tokens
    frames = config.motion_frames(tokens)
    lips = Lips(torch.zeros(frames, config.motion.mouth_channels), torch.ones(frames, dtype=torch.bool))
    mel_fm = torch.randn(tokens * config.frames_per_token, config.mel.bands, generator=generator).half().float()
    stored = StoredVoice(Voice(mel_fm, torch.zeros(tokens, dtype=torch.long), lips), torch.full((kinds,), manner), british)
    path = folder / "voices" / f"{name}.safetensors"
    path.parent.mkdir(exist_ok=True)
    save_voice(path, stored, config.mel, ABOUT | {"accent": accent})
    return path
