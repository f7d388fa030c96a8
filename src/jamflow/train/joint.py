"""Train the joint model on a corpus of phonemes and face-mesh key points, as `mini` is trained: both streams, every regime."""

import logging
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from jamflow.data.batches import Packer
from jamflow.data.corpus import non_commercial, refuse_other, shards
from jamflow.data.features import Example, examples
from jamflow.data.lips import Lips, articulated
from jamflow.data.statistics import statistics
from jamflow.model.config import JointConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.train.checkpoint import load_checkpoint, save_checkpoint
from jamflow.train.ema import EMA
from jamflow.train.log import RunLog, Tally
from jamflow.train.losses import Losses, losses, motion_losses
from jamflow.train.phoneme_head import PhonemeHead
from jamflow.train.regimes import KINDS, Regimes, assign
from jamflow.train.start import Start

logger = logging.getLogger(__name__)

LOG_EVERY = 25  # steps


@dataclass(frozen=True)
class JointTraining:
    """How the joint model is trained.

    shapes, shape_shares: (rows, audio tokens) of a batch, and how often each is drawn.
    lr, warmup, decay_from: the learning rate (`rate`).
    clip: largest norm of the gradient of all weights together.
    motion_weight: the loss is speech + motion_weight * motion. The paper gives one loss a stream (equations 2 and 3) and does not
        say how they are added. 0.5 was set before the first training and not compared with other values.
    phoneme_weight: weight of the phoneme head's loss (`train.phoneme_head`); 0 is without a head.
    freeze_audio: stage 1 of the paper (section 4.6): the speech stream does not learn. Its loss still teaches the motion stream.
    motion_only: a cheaper stage for the motion stream: speech is given in all rows but the null ones, and its stream does not
        learn, has no loss, and runs no further than motion sees it.
    favour: voices drawn more often than their seconds say, by how their names begin: people, of whom there is less than of
        teachers. The factors were not compared with others.
    """

    steps: int = 8000
    shapes: tuple[tuple[int, int], ...] = ((12, 256), (5, 576))
    shape_shares: tuple[float, ...] = (0.7, 0.3)
    lr: float = 2e-3
    warmup: int = 100
    decay_from: float = 0.5  # share of the steps after which the rate falls linearly to zero
    weight_decay: float = 0.02
    clip: float = 1.0
    ema_decay: float = 0.998
    motion_weight: float = 0.5
    phoneme_weight: float = 0.1
    free_timing_from: float = 0.6  # share of the steps after which text without timing is mixed in
    free_timing: float = 0.15
    regimes: Regimes = field(default_factory=Regimes)
    freeze_audio: bool = False
    motion_only: bool = False
    held_out_voices: tuple[str, ...] = ()
    favour: tuple[tuple[str, float], ...] = (("grid_", 2.0), ("libri_", 1.5), ("vctk_", 3.0), ("flite", 1.5))
    save_every: int = 100
    seed: int = 0


def optimizers(model: nn.Module, config: JointTraining) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for everything else.

    Chosen from experience with short runs; not compared here (docs/decisions.md).
    """
    inside = [
        p
        for n, p in model.named_parameters()
        if p.requires_grad and p.dim() == 2 and "transformer_blocks" in n and "attn_norm" not in n
    ]
    chosen = {id(p) for p in inside}
    rest = [p for p in model.parameters() if p.requires_grad and id(p) not in chosen]
    return [
        torch.optim.Muon(inside, config.lr, weight_decay=config.weight_decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, config.lr, betas=(0.9, 0.98), weight_decay=0.0),
    ]


class Schedule(Protocol):
    """See `JointTraining` and `train.base.recipe.Stage`."""

    @property
    def steps(self) -> int: ...
    @property
    def warmup(self) -> int: ...
    @property
    def decay_from(self) -> float: ...


def rate(step: int, config: Schedule) -> float:
    """Share of the learning rate at a step: warm-up, plateau, linear fall to zero."""
    left = (config.steps - step) / max(1.0, config.steps * (1 - config.decay_from))
    return min(1.0, (step + 1) / config.warmup, max(left, 0.0))


def load_examples(corpus: Path, model_config: JointConfig, held_out_voices: tuple[str, ...]) -> tuple[list[Example], bool]:
    """All utterances of a corpus but those of some voices, and whether a model that learns from them is non-commercial.

    Raises:
        UserError: a shard was made for another model.
    """
    parts = list(shards(corpus))
    refuse_other(parts, model_config.mel, model_config.motion.space)
    data = [e for shard in parts for e in examples(shard, model_config.mel) if e.voice not in held_out_voices]
    return data, non_commercial(parts)


def train_joint(
    corpus: Path,
    run: Path,
    config: JointTraining,
    model_config: JointConfig,
    start: Start | None = None,
    lips: Lips = articulated,
) -> Path:
    """Train or resume; returns the checkpoint, whose `ema` and `normaliser` entries are the model to ship.

    A run that was stopped goes on with the numbers that it would have had: every step draws from its own random generators.

    Args:
        start: a model to go on with; None makes a new one and measures the corpus.
        lips: makes lips from phonemes where no face was filmed.

    Raises:
        UserError: a shard was made for another model.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(config.seed)
    model = (JointModel(model_config) if start is None else start.model).to(device).train().requires_grad_(True)
    regimes = config.regimes
    if config.motion_only:
        regimes = replace(regimes, drop_other=0.0, together=0.0, animate=1.0, dub=0.0)
    if config.freeze_audio or config.motion_only:
        model.audio.requires_grad_(False)
    normaliser = Normaliser(model_config.mel.bands, model_config.motion.mouth_channels, model_config.motion.clue_channels)
    optims = optimizers(model, config)
    head = None
    if config.phoneme_weight and not config.freeze_audio and not config.motion_only:
        head = PhonemeHead(model_config.audio).to(device)
        optims.append(torch.optim.AdamW(head.parameters(), config.lr))
    ema = EMA(model, config.ema_decay)
    tally = Tally()
    path = run / "joint.pt"
    step = 0
    data, marked = load_examples(corpus, model_config, config.held_out_voices)
    if state := load_checkpoint(path):
        model.load_state_dict(state["model"])
        normaliser.load_state_dict(state["normaliser"])
        ema.load_state_dict(state["ema"])
        if head is not None:
            head.load_state_dict(state["phoneme_head"])
        for optim, saved in zip(optims, state["optimizers"], strict=True):
            optim.load_state_dict(saved)
        tally.sums = state["tally"]
        step = state["step"]
    elif start is not None:
        normaliser.load_state_dict(start.normaliser.state_dict())
    else:
        normaliser.load_state_dict(statistics(data, model_config, np.random.default_rng(config.seed), lips))
    log = RunLog(run, step)
    packer = Packer(data, model_config, np.random.default_rng(), config.favour, lips)
    since, steps, rows = time.monotonic(), 0, 0
    for batch in packer.batches(list(config.shapes), list(config.shape_shares), config.seed, step):
        if step >= config.steps:
            break
        lr = config.lr * rate(step, config)
        for optim in optims:
            for group in optim.param_groups:
                group["lr"] = lr
        free = config.free_timing if step >= config.free_timing_from * config.steps else 0.0
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
        row = assign(batch, regimes, model_config, normaliser, free, generator).to(device)
        made = motion_losses(model, row) if config.motion_only else losses(model, row, head)
        total(made, config).backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        for optim in optims:
            optim.step()
            optim.zero_grad(set_to_none=True)
        ema.update(model)
        step, steps, rows = step + 1, steps + 1, rows + len(row.kind_b)
        count(tally, made, row.phonemes_ba)
        tally.add("norm", norm)
        if step % LOG_EVERY == 0 or step == config.steps:
            took_s = time.monotonic() - since
            speed = {"lr": lr, "seconds_a_step": took_s / steps, "rows_a_second": rows / took_s}
            logger.info(log.write(step, **speed, **tally.means()))
            tally, since, steps, rows = Tally(), time.monotonic(), 0, 0
        if step % config.save_every == 0 or step == config.steps:
            save_checkpoint(
                path,
                {
                    "step": step,
                    "config": asdict(model_config),
                    "model": model.state_dict(),
                    "normaliser": normaliser.state_dict(),
                    "ema": ema.state_dict(),
                    "phoneme_head": {} if head is None else head.state_dict(),
                    "optimizers": [o.state_dict() for o in optims],
                    "tally": tally.sums,
                    "non_commercial": marked or (start is not None and start.non_commercial),
                },
            )
    return path


def total(made: Losses, config: JointTraining) -> Tensor:
    """What a step minimises."""
    out = config.motion_weight * made.motion
    if made.audio is not None:
        out = made.audio + out
    if made.phonemes is not None:
        out = out + config.phoneme_weight * made.phonemes
    return out


def count(tally: Tally, made: Losses, phonemes_ba: Tensor) -> None:
    """A step's losses: of each stream, of each stream in each kind of row, and of the phoneme head."""
    if made.audio is not None:
        tally.add("audio", made.audio)
    tally.add("motion", made.motion)
    for stream, by_kind in made.by_kind.items():
        for name, (error, tokens) in zip(KINDS, by_kind, strict=True):
            tally.add(f"{stream}_{name}", error, tokens)
    if made.phonemes is not None:
        asked = (phonemes_ba >= 0).sum()
        tally.add("phonemes", made.phonemes * asked, asked)
