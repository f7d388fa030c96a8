"""Train the teacher of lips on filmed people: what Whisper hears in, the tracked lips out. It takes two minutes on a CPU."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from jamflow.data.corpus import Shard
from jamflow.data.lip_teacher import LipTeacher, LipTeacherConfig, around
from jamflow.evaluate.lips import correlation
from jamflow.face.mesh.space import MESH_SPACE, lip_opening_cm
from jamflow.speech.whisper import Whisper
from jamflow.train.checkpoint import save_checkpoint
from jamflow.train.log import RunLog

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LipClip:
    """A filmed utterance: (N, 512) states of Whisper and (T, C) mouth channels, cm."""

    voice: str
    states_nd: np.ndarray
    lips_tc: np.ndarray


@dataclass(frozen=True)
class LipTeacherTraining:
    """How the teacher is trained.

    batch, frames: rows a step, and their length in motion frames.
    noise: added to the states, whose spread is 1: one face and one room must not be learnt by heart.
    slope: weight of the error of the change from frame to frame, beside that of the lips; both in units of their spread.
    held: every so manieth clip is held out; the correlation of its opening is logged.
    """

    steps: int = 700
    batch: int = 24
    frames: int = 72
    lr: float = 1.5e-3
    weight_decay: float = 0.1
    noise: float = 0.1
    slope: float = 1.0
    held: int = 16
    seed: int = 0


def filmed_clips(parts: Sequence[Shard], whisper: Whisper) -> list[LipClip]:
    """The utterances of shards whose face was filmed."""
    out = []
    for shard in parts:
        filmed = [(u, motion[0]) for u in shard.utterances if (motion := shard.motion(u)) is not None]
        states = whisper.states([shard.samples(u) for u, _ in filmed], shard.facts.mel.sample_rate_hz)
        for (u, motion_tk3), heard in zip(filmed, states, strict=True):
            out.append(LipClip(u.voice, heard, motion_tk3[:, list(MESH_SPACE.mouth)].reshape(len(motion_tk3), -1)))
    return out


def train_lip_teacher(clips: Sequence[LipClip], run: Path, config: LipTeacherTraining) -> Path:
    """Train; returns the checkpoint. Every person is drawn equally often, up to a factor of eight."""
    torch.manual_seed(config.seed)
    held = list(clips[:: config.held])
    data = [c for i, c in enumerate(clips) if i % config.held and len(c.lips_tc) >= config.frames]
    model = LipTeacher(LipTeacherConfig(channels=clips[0].lips_tc.shape[1])).train()
    model.spread_c.copy_(torch.from_numpy(np.concatenate([c.lips_tc for c in data]).std(0)).clamp(min=0.03))
    voices = [c.voice for c in data]
    most = max(voices.count(v) for v in set(voices))
    shares = np.array([min(8.0, most / voices.count(v)) for v in voices])
    shares /= shares.sum()
    read = [around(c.states_nd, len(c.lips_tc)) for c in data]
    optimizer = torch.optim.AdamW(model.parameters(), config.lr, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.lr, config.steps)
    log, errors = RunLog(run, 0), []
    for step in range(1, config.steps + 1):
        rng = np.random.default_rng([config.seed, step])
        states, lips = _rows(data, read, rng.choice(len(data), config.batch, p=shares), config.frames, rng)
        target = lips / model.spread_c
        made = model(states + config.noise * torch.randn_like(states))
        error = F.mse_loss(made, target) + config.slope * F.mse_loss(made.diff(dim=1), target.diff(dim=1))
        optimizer.zero_grad(set_to_none=True)
        error.backward()
        optimizer.step()
        schedule.step()
        errors.append(float(error.detach()))
        if step % 100 == 0 or step == config.steps:
            logger.info(log.write(step, error=float(np.mean(errors)), opening_r=held_r(model, held)))
            errors = []
    path = run / "lip_teacher.pt"
    save_checkpoint(path, {"config": asdict(model.config), "model": model.state_dict()})
    return path


def _rows(
    data: Sequence[LipClip], read: Sequence[Tensor], chosen: np.ndarray, frames: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """A stretch of each chosen clip: (B, T, 4 * 512) states and (B, T, C) lips."""
    states, lips = [], []
    for i in chosen:
        first = int(rng.integers(len(data[i].lips_tc) - frames + 1))
        states.append(read[i][first : first + frames])
        lips.append(torch.from_numpy(data[i].lips_tc[first : first + frames].astype(np.float32)))
    return torch.stack(states), torch.stack(lips)


def held_r(model: LipTeacher, clips: Sequence[LipClip]) -> float:
    """Mean correlation of the heard with the filmed opening."""
    model.eval()
    made = [model.lips(c.states_nd, len(c.lips_tc), lead_s=0.0) for c in clips]
    model.train()
    return float(np.nanmean([correlation(_opening(m), _opening(c.lips_tc)) for m, c in zip(made, clips, strict=True)]))


def _opening(lips_tc: np.ndarray) -> np.ndarray:
    return lip_opening_cm(lips_tc.reshape(len(lips_tc), -1, 3))
