"""Train the recogniser of phonemes on the corpus's phoneme times."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from jamflow.alignment.recogniser import Recogniser, RecogniserConfig, sound_of
from jamflow.data.augment import another_voice
from jamflow.data.features import Example
from jamflow.mel_format import MelFormat
from jamflow.train.checkpoint import load_checkpoint, save_checkpoint
from jamflow.train.log import RunLog

logger = logging.getLogger(__name__)
_UNKNOWN = -100  # a frame without a label


@dataclass(frozen=True)
class RecogniserTraining:
    """How the recogniser is trained. `batch` is rows a step, `frames` their length in mel frames."""

    steps: int = 2000
    batch: int = 16
    frames: int = 376
    lr: float = 2e-3
    warmup: int = 100
    heard: float = 0.7  # share of rows that are degraded
    changed: float = 0.5  # share of rows with a changed voice
    hidden_bands: int = 20  # most bands that are blanked in a row, and frames likewise: nothing alone may decide
    weight_decay: float = 0.02
    save_every: int = 200
    seed: int = 0


def labels(phones: list[tuple[str, float, float]], frames: int, rate_hz: float) -> np.ndarray:
    """(F,) the sound in the middle of each frame. A space between words is shared by its neighbours; behind the last phone is
    nothing known (-100)."""
    sounds, ends = [], []
    for symbol, start, end in phones:
        sound = sound_of(symbol)
        if sound is None:
            if ends:
                ends[-1] = (start + end) / 2
            continue
        sounds.append(sound)
        ends.append(end)
    middle_s = (np.arange(frames) + 0.5) / rate_hz
    return np.array([*sounds, _UNKNOWN])[np.searchsorted(np.array(ends), middle_s, side="right")]


class Rows:
    """Draws rows: a stretch of one utterance, degraded, in a changed voice, with blanked bands and moments."""

    def __init__(self, examples: list[Example], mel_format: MelFormat, config: RecogniserTraining):
        self.examples = [e for e in examples if e.phones]
        self.format, self.config = mel_format, config
        seconds = np.array([len(e.mel_fm) for e in self.examples], float)
        self._shares = seconds / seconds.sum()

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """(B, F, M) log mel and (B, F) labels."""
        made = [self._row(rng) for _ in range(self.config.batch)]
        mels, sounds = zip(*made, strict=True)
        return torch.from_numpy(np.stack(mels)), torch.from_numpy(np.stack(sounds))

    def _row(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        c = self.config
        e = self.examples[int(rng.choice(len(self.examples), p=self._shares))]
        source = e.heard_fm if rng.random() < c.heard else e.mel_fm
        first = int(rng.integers(max(1, len(source) - c.frames + 1)))
        mel = np.asarray(source[first : first + c.frames], np.float32)
        sounds = labels(e.phones, len(source), self.format.frame_rate_hz)[first : first + c.frames]
        if rng.random() < c.changed:
            (mel,) = another_voice([mel], self.format, rng)
        missing = c.frames - len(mel)
        mel = np.pad(mel, ((0, missing), (0, 0)), mode="edge")
        sounds = np.pad(sounds, (0, missing), constant_values=_UNKNOWN)
        for axis in (0, 1):
            width = int(rng.integers(c.hidden_bands))
            at = int(rng.integers(mel.shape[axis] - width))
            mel[(slice(None),) * axis + (slice(at, at + width),)] = mel.mean()
        return mel.astype(np.float32), sounds


def train_recogniser(
    examples: list[Example], run: Path, config: RecogniserTraining, mel_format: MelFormat, held: list[Example] | None = None
) -> Path:
    """Train or resume; returns the checkpoint. The share of right frames of `held` is logged."""
    model = Recogniser(RecogniserConfig(bands=mel_format.bands))
    torch.manual_seed(config.seed)
    optimizer = torch.optim.AdamW(model.parameters(), config.lr, weight_decay=config.weight_decay)
    rows, log, path, step = Rows(examples, mel_format, config), RunLog(run), run / "recogniser.pt", 0
    if state := load_checkpoint(path):
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    losses: list[float] = []
    while step < config.steps:
        mel, sounds = rows.draw(np.random.default_rng([config.seed, step]))
        for group in optimizer.param_groups:
            group["lr"] = config.lr * min((step + 1) / config.warmup, (config.steps - step) / config.steps)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(mel)
        loss = F.cross_entropy(logits.float().flatten(0, 1), sounds.flatten(), ignore_index=_UNKNOWN, label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        step += 1
        if step % 50 == 0:
            extra = {"right": accuracy(model, held, mel_format)} if held and step % 200 == 0 else {}
            logger.info(log.write(step, loss=float(np.mean(losses)), **extra))
            losses = []
        if step % config.save_every == 0 or step == config.steps:
            state = {"step": step, "config": asdict(model.config), "model": model.state_dict()}
            save_checkpoint(path, {**state, "optimizer": optimizer.state_dict()})
    return path


@torch.no_grad()
def accuracy(model: Recogniser, examples: list[Example], mel_format: MelFormat) -> float:
    """Share of frames whose sound is recognised."""
    right = total = 0
    for e in examples:
        sounds = labels(e.phones, len(e.mel_fm), mel_format.frame_rate_hz)
        heard = model(torch.from_numpy(np.asarray(e.mel_fm, np.float32))[None])[0].argmax(-1).numpy()
        known = sounds != _UNKNOWN
        right, total = right + int((heard == sounds)[known].sum()), total + int(known.sum())
    return right / max(1, total)
