"""Train the duration predictor on the corpus's phoneme times; this takes a minute on a CPU."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from jamflow.data.corpus import non_commercial, shards
from jamflow.text.durations import DurationConfig, DurationPredictor, duration_loss
from jamflow.text.phonemes import symbols
from jamflow.train.checkpoint import save_checkpoint
from jamflow.train.log import RunLog

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DurationTraining:
    """How the duration predictor is trained. `batch` is sentences a step."""

    steps: int = 1500
    batch: int = 64
    lr: float = 2e-3
    seed: int = 0


def sentences(corpus: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """(N,) tokens and (N,) seconds of every utterance whose text is known."""
    index = {s: i for i, s in enumerate(symbols())}
    out = []
    for shard in shards(corpus):
        for u in (u for u in shard.utterances if u.phones):
            tokens = np.array([index[s] for s, _, _ in u.phones])
            out.append((tokens, np.array([end - start for _, start, end in u.phones], np.float32)))
    return out


def collate(rows: list[tuple[np.ndarray, np.ndarray]]) -> tuple[Tensor, Tensor]:
    """Pad to the longest with -1 and 0."""
    n = max(len(t) for t, _ in rows)
    tokens = torch.full((len(rows), n), -1, dtype=torch.long)
    seconds = torch.zeros(len(rows), n)
    for b, (t, s) in enumerate(rows):
        tokens[b, : len(t)] = torch.from_numpy(t)
        seconds[b, : len(s)] = torch.from_numpy(s)
    return tokens, seconds


def train_durations(corpus: Path, run: Path, config: DurationTraining) -> Path:
    """Train; returns the checkpoint's path. Every 50th sentence is held out, and the error on them is logged."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    data = sentences(corpus)
    held, data = data[::50], [d for i, d in enumerate(data) if i % 50]
    model_config = DurationConfig(vocab=len(symbols()))
    model = DurationPredictor(model_config)
    optimizer = torch.optim.AdamW(model.parameters(), config.lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.lr, config.steps)
    log = RunLog(run)
    for step in range(1, config.steps + 1):
        tokens, seconds = collate([data[i] for i in rng.integers(len(data), size=config.batch)])
        loss = duration_loss(model.log_durations(tokens), seconds, tokens >= 0)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            tokens, seconds = collate(held[:200])
            with torch.no_grad():
                predicted = model(tokens) * (tokens >= 0)
            off = (predicted - seconds).abs().sum() / (tokens >= 0).sum()
            total = predicted.sum() / seconds.sum()
            logger.info(log.write(step, loss=float(loss.detach()), off_ms=1000 * float(off), total=float(total)))
    path = run / "durations.pt"
    marked = non_commercial(shards(corpus))
    save_checkpoint(path, {"config": asdict(model_config), "model": model.state_dict(), "non_commercial": marked})
    return path
