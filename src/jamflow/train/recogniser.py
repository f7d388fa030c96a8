"""Train the recogniser on the corpus's phoneme times, and on the lips that were filmed or that a teacher heard."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from jamflow.alignment.recogniser import Recogniser, RecogniserConfig, sound_of
from jamflow.data.augment import another_voice
from jamflow.data.batches import PITCH
from jamflow.data.features import Example, lips_between
from jamflow.face.mesh.space import lip_opening_cm
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
    lips_weight: float = 3.0  # of the squared error of the opening in cm, beside the cross-entropy in nats
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


def opening(e: Example, frames: int, rate_hz: float) -> np.ndarray:
    """(F,) lip opening in cm in the middle of each mel frame; NaN if the lips are unknown."""
    lips = e.lips_tc
    if e.motion_tk3 is not None:
        lips = e.motion_tk3[:, :6].reshape(len(e.motion_tk3), -1)
    if lips is None or not len(lips):
        return np.full(frames, np.nan, np.float32)
    at = lips_between(lips, (np.arange(frames) + 0.5) / rate_hz).reshape(frames, -1, 3)
    return lip_opening_cm(at).astype(np.float32)


class Rows:
    """Draws rows: a stretch of one utterance, degraded, in a changed voice, with blanked bands and moments."""

    def __init__(self, examples: list[Example], mel_format: MelFormat, config: RecogniserTraining):
        self.examples = [e for e in examples if e.phones or e.lips_tc is not None]
        self.format, self.config = mel_format, config
        seconds = np.array([len(e.mel_fm) for e in self.examples], float)
        self._shares = seconds / seconds.sum()

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """(B, F, M) log mel, (B, F) labels and (B, F) lip opening in cm, NaN where it is unknown."""
        made = [self._row(rng) for _ in range(self.config.batch)]
        mels, sounds, open_cm = (torch.from_numpy(np.stack(column)) for column in zip(*made, strict=True))
        return mels, sounds, open_cm

    def _row(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        c = self.config
        e = self.examples[int(rng.choice(len(self.examples), p=self._shares))]
        source = e.heard_fm if rng.random() < c.heard else e.mel_fm
        first = int(rng.integers(max(1, len(source) - c.frames + 1)))
        mel = np.asarray(source[first : first + c.frames], np.float32)
        shown, rate_hz = slice(first, first + c.frames), self.format.frame_rate_hz
        sounds = labels(e.phones, len(source), rate_hz)[shown]
        open_cm = opening(e, len(source), rate_hz)[shown]
        if rng.random() < c.changed:
            (mel,) = another_voice([mel], self.format, rng.uniform(*PITCH), rng)
        missing = c.frames - len(mel)
        mel = np.pad(mel, ((0, missing), (0, 0)), mode="edge")
        sounds = np.pad(sounds, (0, missing), constant_values=_UNKNOWN)
        open_cm = np.pad(open_cm, (0, missing), constant_values=np.nan)
        for axis in (0, 1):
            width = int(rng.integers(c.hidden_bands))
            at = int(rng.integers(mel.shape[axis] - width))
            mel[(slice(None),) * axis + (slice(at, at + width),)] = mel.mean()
        return mel.astype(np.float32), sounds, open_cm


def train_recogniser(
    examples: list[Example], run: Path, config: RecogniserTraining, mel_format: MelFormat, held: list[Example] | None = None
) -> Path:
    """Train or resume; returns the checkpoint. The share of right frames of `held` is logged."""
    model = Recogniser(RecogniserConfig(mel_format.bands, mel_format.frame_rate_hz))
    torch.manual_seed(config.seed)
    optimizer = torch.optim.AdamW(model.parameters(), config.lr, weight_decay=config.weight_decay)
    rows, path, step = Rows(examples, mel_format, config), run / "recogniser.pt", 0
    if state := load_checkpoint(path):
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    log = RunLog(run, step)
    losses: list[tuple[float, float]] = []
    while step < config.steps:
        mel, sounds, open_cm = rows.draw(np.random.default_rng([config.seed, step]))
        for group in optimizer.param_groups:
            group["lr"] = config.lr * min((step + 1) / config.warmup, (config.steps - step) / config.steps)
        with torch.autocast("cpu", torch.bfloat16):
            logits, lips = model(mel)
        seen = ~open_cm.isnan()
        lip_error = torch.where(seen, lips.float() - open_cm.nan_to_num(), 0.0).square().sum() / seen.sum().clamp(min=1)
        loss = F.cross_entropy(logits.float().flatten(0, 1), sounds.flatten(), ignore_index=_UNKNOWN, label_smoothing=0.05)
        loss = loss + config.lips_weight * lip_error
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append((float(loss.detach()), float(lip_error.detach())))
        step += 1
        if step % 50 == 0 or step == config.steps:
            extra = {"right": accuracy(model, held, mel_format)} if held and step % 200 == 0 else {}
            loss_mean, lips_mean = np.mean(losses, 0)
            logger.info(log.write(step, loss=loss_mean, lips=lips_mean, **extra))
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
        heard = model.log_probabilities(torch.from_numpy(np.asarray(e.mel_fm, np.float32))).argmax(-1).numpy()
        known = sounds != _UNKNOWN
        right, total = right + int((heard == sounds)[known].sum()), total + int(known.sum())
    return right / max(1, total)
