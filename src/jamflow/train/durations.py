"""Train the duration predictor on the corpus's phoneme times; this takes a few minutes on a CPU.

What is shown of a sentence's voice: nothing, the manner of other sentences, or that of its own beginning, which then has no loss.
So a manner may come from a whole corpus or from a recording of a few seconds, and a recording's pace is kept.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from jamflow.data.corpus import non_commercial, shards
from jamflow.text.durations import DurationConfig, DurationPredictor, duration_loss
from jamflow.text.manner import KINDS, measured
from jamflow.text.phonemes import symbols
from jamflow.train.checkpoint import save_checkpoint
from jamflow.train.log import RunLog

logger = logging.getLogger(__name__)

_NO_MANNER, _OTHER_SENTENCES = 0.1, 0.6  # of the rows; the others are shown their own beginning
_SENTENCES = 4, 24  # of the voice, at least and at most, that a manner is measured on
_BEGINNING = 0.3, 0.7  # share of a sentence's symbols


@dataclass(frozen=True)
class DurationTraining:
    """How the duration predictor is trained. `batch` is sentences a step; voices that are held out are not learnt from."""

    steps: int = 3000
    batch: int = 64
    lr: float = 2e-3
    seed: int = 0
    held_out_voices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sentence:
    """tokens, seconds: (N,)."""

    voice: str
    tokens: np.ndarray
    seconds: np.ndarray


def sentences(corpus: Path) -> list[Sentence]:
    """Every utterance whose text is known."""
    index = {s: i for i, s in enumerate(symbols())}
    out = []
    for shard in shards(corpus):
        for u in shard.utterances:
            if u.phones:
                tokens = np.array([index[s] for s, _, _ in u.phones])
                out.append(Sentence(u.voice, tokens, np.array([end - start for _, start, end in u.phones], np.float32)))
    return out


def usual_seconds(data: Sequence[Sentence]) -> np.ndarray:
    """(V,) how long each symbol lasts on average. A symbol that nobody says lasts as long as the mean of all."""
    tokens, seconds = np.concatenate([s.tokens for s in data]), np.concatenate([s.seconds for s in data])
    count = np.bincount(tokens, minlength=len(symbols()))
    total = np.bincount(tokens, seconds, minlength=len(symbols()))
    return np.where(count > 0, total / np.maximum(count, 1), seconds.mean()).astype(np.float32)


class Rows:
    """Draws sentences with what they are shown of their voices."""

    def __init__(self, data: Sequence[Sentence], usual_s_v: np.ndarray):
        self.data, self.usual_s_v = data, usual_s_v
        self._of_voice: dict[str, list[int]] = defaultdict(list)
        for i, sentence in enumerate(data):
            self._of_voice[sentence.voice].append(i)

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """`collate`d, and (B, N) which symbols have a loss."""
        rows = [self._row(int(i), rng) for i in rng.integers(len(self.data), size=count)]
        tokens, seconds, manners = collate([(s, manner) for s, manner, _ in rows])
        keep = torch.arange(tokens.shape[1]) >= torch.tensor([first for _, _, first in rows])[:, None]
        return tokens, seconds, manners, keep & (tokens >= 0)

    def _row(self, i: int, rng: np.random.Generator) -> tuple[Sentence, np.ndarray, int]:
        """A sentence, its manner, and its first symbol with a loss."""
        sentence, shown = self.data[i], rng.random()
        if shown < _NO_MANNER:
            return sentence, np.zeros(len(KINDS), np.float32), 0
        least, most = _SENTENCES
        if shown < _OTHER_SENTENCES and len(self._of_voice[sentence.voice]) > least:
            return sentence, self.of_voice(sentence.voice, i, int(rng.integers(least, most + 1)), rng), 0
        first = int(len(sentence.tokens) * rng.uniform(*_BEGINNING))
        return sentence, measured(sentence.tokens[:first], sentence.seconds[:first], self.usual_s_v), first

    def of_voice(self, voice: str, but: int | None, most: int, rng: np.random.Generator) -> np.ndarray:
        """(K,) the manner of some sentences of a voice, without the one that is asked about."""
        others = [self.data[k] for k in rng.permutation(self._of_voice[voice])[: most + 1] if k != but][:most]
        if not others:
            return np.zeros(len(KINDS), np.float32)
        return measured(np.concatenate([s.tokens for s in others]), np.concatenate([s.seconds for s in others]), self.usual_s_v)


def collate(rows: Sequence[tuple[Sentence, np.ndarray]]) -> tuple[Tensor, Tensor, Tensor]:
    """(B, N) tokens and seconds, padded to the longest with -1 and 0, and (B, K) manners."""
    n = max(len(s.tokens) for s, _ in rows)
    tokens = torch.full((len(rows), n), -1, dtype=torch.long)
    seconds = torch.zeros(len(rows), n)
    for b, (s, _) in enumerate(rows):
        tokens[b, : len(s.tokens)] = torch.from_numpy(s.tokens)
        seconds[b, : len(s.seconds)] = torch.from_numpy(s.seconds)
    return tokens, seconds, torch.from_numpy(np.stack([manner for _, manner in rows]))


def train_durations(corpus: Path, run: Path, config: DurationTraining) -> Path:
    """Train; returns the checkpoint's path. Every 50th sentence is held out, and the error on them is logged."""
    data = [s for s in sentences(corpus) if s.voice not in config.held_out_voices]
    held, data = data[::50], [s for i, s in enumerate(data) if i % 50]
    model = fitted(data, config, RunLog(run), held[:200])
    path = run / "durations.pt"
    marked = non_commercial(shards(corpus))
    save_checkpoint(path, {"config": asdict(model.config), "model": model.state_dict(), "non_commercial": marked})
    return path


def fitted(data: Sequence[Sentence], config: DurationTraining, log: RunLog, held: Sequence[Sentence]) -> DurationPredictor:
    """A predictor, trained on sentences. held: of the same voices, on which the error is logged."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    usual_s_v = usual_seconds(data)
    rows = Rows(data, usual_s_v)
    unseen = [(s, rows.of_voice(s.voice, None, _SENTENCES[1], rng)) for s in held]
    model = DurationPredictor(DurationConfig(vocab=len(symbols()), manner=True))
    model.usual_s.copy_(torch.from_numpy(usual_s_v))
    optimizer = torch.optim.AdamW(model.parameters(), config.lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.lr, config.steps)
    for step in range(1, config.steps + 1):
        tokens, seconds, manners, keep = rows.draw(config.batch, rng)
        loss = duration_loss(model.log_durations(tokens, manners), seconds, keep)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == config.steps:
            logger.info(log.write(step, loss=float(loss.detach()), **(errors(model, *collate(unseen)) if unseen else {})))
    return model


@torch.no_grad()
def errors(model: DurationPredictor, tokens_bn: Tensor, seconds_bn: Tensor, manner_bk: Tensor | None) -> dict[str, float]:
    """Mean absolute error a symbol in ms, and predicted over true length of all sentences."""
    keep = tokens_bn >= 0
    predicted = model(tokens_bn, manner_bk) * keep
    off_s = (predicted - seconds_bn).abs().sum() / keep.sum()
    return {"off_ms": 1000 * float(off_s), "total": float(predicted.sum() / seconds_bn.sum())}
