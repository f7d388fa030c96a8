"""Train the lip model on filmed people: phoneme times in, tracked lips out.

A style is read off each clip's own lips while training (a variational encoder with few numbers), so that the network need not
average people who open wide and people who hardly do; at run time it is drawn, or 0, the mean.
"""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.face.lip_model import LipModel, LipModelConfig, Phones, phoneme_features
from jamflow.train.checkpoint import save_checkpoint
from jamflow.train.log import RunLog

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LipClip:
    """A filmed sentence. mouth_tc: (T, 18) centimetres from the person's shut mouth, at 25 frames a second."""

    person: str
    phones: Phones
    mouth_tc: np.ndarray


@dataclass(frozen=True)
class LipTraining:
    """How the lip model is trained.

    frames: length of a row. style_cost: weight of the styles' distance from the normal distribution. slope: weight of the error of
    the frame-to-frame change. time_shift_s: phoneme times are moved by up to this much, each edge on its own: those of other
    voices are not exact either.
    """

    steps: int = 1500
    batch: int = 32
    frames: int = 64
    lr: float = 3e-3
    weight_decay: float = 0.05
    style_cost: float = 0.02
    slope: float = 1.0
    time_shift_s: float = 0.01
    seed: int = 0


class StyleReader(nn.Module):
    """Lips (B, T, C) and features (B, S, P) to the mean and the log variance of the clip's style, each (B, Z)."""

    def __init__(self, config: LipModelConfig, per_frame: int):
        super().__init__()
        self.per_frame = per_frame
        self.enter = nn.Conv1d(config.channels + config.features, 64, 5, padding=2)
        self.mix = nn.Conv1d(64, 64, 5, padding=4, dilation=2)
        self.out = nn.Linear(64, 2 * config.style)

    def forward(self, lips_btc: Tensor, features_bsp: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.cat([lips_btc, features_bsp[:, :: self.per_frame]], -1).transpose(1, 2)
        x = F.gelu(self.mix(F.gelu(self.enter(x)))).mean(-1)
        mean, log_var = self.out(x).chunk(2, -1)
        return mean, log_var.clamp(-6, 2)


class LipRows:
    """Draws stretches of clips."""

    def __init__(self, clips: list[LipClip], config: LipTraining, fps: float = 25.0):
        self.clips, self.config, self.fps = clips, config, fps

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """(B, S, P) features and (B, T, C) lips."""
        n = self.config.frames
        rows = []
        for _ in range(self.config.batch):
            clip = self.clips[int(rng.integers(len(self.clips)))]
            phones = self._shaken(clip.phones, rng)
            x, y = phoneme_features(phones, len(clip.mouth_tc), self.fps), clip.mouth_tc
            first = int(rng.integers(max(1, len(y) - n + 1)))
            per = len(x) // len(y)
            rows.append((x[first * per : (first + n) * per], y[first : first + n]))
        features, lips = zip(*rows, strict=True)
        return torch.from_numpy(np.stack(features)), torch.from_numpy(np.stack(lips).astype(np.float32))

    def _shaken(self, phones: Phones, rng: np.random.Generator) -> Phones:
        edges = np.array([phones[0][1], *(end for _, _, end in phones)])
        edges[1:-1] += rng.uniform(-1, 1, len(edges) - 2) * self.config.time_shift_s
        edges = np.maximum.accumulate(edges)
        return [(s, a, b) for (s, _, _), a, b in zip(phones, edges[:-1], edges[1:], strict=True)]


def train_lips(
    clips: list[LipClip], run: Path, config: LipTraining, held: list[LipClip], model_config: LipModelConfig | None = None
) -> Path:
    """Train; returns the checkpoint. The error on `held` clips with the mean style is logged. It takes some minutes on a CPU."""
    torch.manual_seed(config.seed)
    model = LipModel(model_config or LipModelConfig())
    every = np.concatenate([c.mouth_tc for c in clips])
    model.spread_c.copy_(torch.from_numpy(np.maximum(every.std(0), 0.03)))
    rows = LipRows(clips, config)
    per = phoneme_features(clips[0].phones, 1, 25.0).shape[0]
    reader = StyleReader(model.config, per)
    optimizer = torch.optim.AdamW([*model.parameters(), *reader.parameters()], config.lr, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.lr, config.steps)
    log, sums = RunLog(run), []
    for step in range(1, config.steps + 1):
        features, lips = rows.draw(np.random.default_rng([config.seed, step]))
        target = lips / model.spread_c
        mean, log_var = reader(target, features)
        style = mean + torch.randn_like(mean) * (log_var / 2).exp()
        made = model(features, style) / model.spread_c
        error = F.mse_loss(made, target) + config.slope * F.mse_loss(made.diff(dim=1), target.diff(dim=1))
        cost = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1).mean()
        optimizer.zero_grad(set_to_none=True)
        (error + config.style_cost * cost).backward()
        optimizer.step()
        schedule.step()
        sums.append((float(error.detach()), float(cost.detach())))
        if step % 100 == 0 or step == config.steps:
            error_mean, cost_mean = np.mean(sums, 0)
            sums = []
            r = held_r(model, held)
            logger.info(log.write(step, error=error_mean, cost=cost_mean, opening_r=r[0], width_r=r[1], forward_r=r[2]))
    path = run / "lips.pt"
    save_checkpoint(path, {"config": asdict(model.config), "model": model.state_dict()})
    return path


def held_r(model: LipModel, clips: list[LipClip]) -> tuple[float, float, float]:
    """Mean correlation of opening, width and protrusion with the filmed ones, with the mean style."""
    rows = []
    for clip in clips:
        made = model.lips(clip.phones, len(clip.mouth_tc), 25.0)
        rows.append([_r(f(made), f(clip.mouth_tc.reshape(-1, 6, 3))) for f in (opening, width, forward)])
    return tuple(np.nanmean(rows, 0).tolist()) if rows else (float("nan"),) * 3


def opening(e_tm3: np.ndarray) -> np.ndarray:
    """(T,) distance of the inner lips more than at rest, cm."""
    return e_tm3[:, 2, 1] - e_tm3[:, 3, 1]


def width(e_tm3: np.ndarray) -> np.ndarray:
    """(T,) distance of the corners more than at rest, cm."""
    return e_tm3[:, 1, 0] - e_tm3[:, 0, 0]


def forward(e_tm3: np.ndarray) -> np.ndarray:
    """(T,) how far the outer lips are pushed forward, cm."""
    return (e_tm3[:, 4, 2] + e_tm3[:, 5, 2]) / 2


def _r(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 1e-6 and b.std() > 1e-6 else float("nan")


