"""The lips that a recogniser of speech hears: a small network from the encoder states of Whisper base to facial motion.

Whisper has heard 680,000 hours of people, so its states say what is spoken and hardly who speaks and in which room. A network
that saw one person's face with these states moves the lips of strangers (docs/decisions.md, "Lips are taught by what Whisper
hears"). It teaches `mini` while that trains, and is not needed afterwards.

Shapes: N states (50 a second), T motion frames (25 a second), C mouth channels, D width.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.data.corpus import MOTION_FPS, Shard
from jamflow.data.features import lips_frames
from jamflow.speech.dilated import DilatedBlock
from jamflow.speech.whisper import Whisper

STATE, STATES_A_SECOND = 512, 50
AROUND = (-1, 0, 1, 2)  # which states a motion frame reads, from the one at its own time

LEAD_S = 0.04
"""Lips are laid out this much earlier than the teacher saw them. GRID's people read commands, word by word; in running speech the
lips of others are about a frame further ahead of the sound."""


@dataclass(frozen=True)
class LipTeacherConfig:
    """dilations: one block each, at the motion frame rate; they see 0.64 s to either side."""

    channels: int = 18
    dim: int = 112
    kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 4, 1)
    dropout: float = 0.3


class LipTeacher(nn.Module):
    """States around each frame (B, T, 4 * 512), as `around` gives them, to mouth channels (B, T, C) in units of their spread."""

    spread_c: Tensor

    def __init__(self, config: LipTeacherConfig):
        super().__init__()
        self.config = config
        self.enter = nn.Linear(len(AROUND) * STATE, config.dim)
        self.drop = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(DilatedBlock(config.dim, config.kernel, d, config.dropout) for d in config.dilations)
        self.out = nn.Linear(config.dim, config.channels)
        self.register_buffer("spread_c", torch.ones(config.channels))

    def forward(self, states_btd: Tensor) -> Tensor:
        x = self.drop(self.enter(states_btd))
        for block in self.blocks:
            x = block(x)
        return self.out(x)

    @torch.no_grad()
    def lips(self, states_nd: np.ndarray, frames: int, lead_s: float = LEAD_S) -> np.ndarray:
        """(T, C) the lips that are heard, cm, frame k at k / 25 s."""
        return (self(around(states_nd, frames, lead_s)[None])[0] * self.spread_c).numpy()


def around(states_nd: np.ndarray, frames: int, lead_s: float = 0.0) -> Tensor:
    """(T, 4 * 512) the states around each motion frame, or around a moment `lead_s` later."""
    states = F.layer_norm(torch.from_numpy(states_nd.astype(np.float32)), (STATE,))
    at = ((torch.arange(frames) / MOTION_FPS + lead_s) * STATES_A_SECOND + 0.01).long()  # whole numbers stay whole
    near = (at[:, None] + torch.tensor(AROUND)).clamp(0, len(states) - 1)
    return states[near].flatten(1)


def teach_lips(shard: Shard, teacher: LipTeacher, whisper: Whisper) -> Path | None:
    """Write `lips.npy` beside a shard's sound, if it is not there: what the teacher hears in each utterance.

    Returns:
        The file; None if everybody in the shard was filmed.
    """
    path = shard.folder / "lips.npy"
    if all(u.motion is not None for u in shard.utterances):
        return None
    if path.exists():
        return path
    rate_hz = shard.facts.mel.sample_rate_hz
    states = whisper.states([shard.samples(u) for u in shard.utterances], rate_hz)
    frames = [lips_frames(u.samples, rate_hz) for u in shard.utterances]
    lips = [teacher.lips(s, n) for s, n in zip(states, frames, strict=True)]
    partial = path.with_suffix(".part.npy")
    np.save(partial, np.concatenate(lips).astype(np.float32))
    partial.rename(path)
    return path


def load_lip_teacher(path: Path) -> LipTeacher:
    """A teacher from the checkpoint of its training."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = LipTeacher(LipTeacherConfig(**{**state["config"], "dilations": tuple(state["config"]["dilations"])}))
    model.load_state_dict(state["model"])
    return model.eval().requires_grad_(False)
