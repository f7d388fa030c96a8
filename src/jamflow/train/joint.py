"""Train the joint model on a corpus of phonemes and face-mesh key points, as `mini` is trained: both streams, every regime."""

import logging
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from jamflow.data.batches import Packer
from jamflow.data.corpus import shards
from jamflow.data.features import Example, examples
from jamflow.data.statistics import statistics
from jamflow.flow.objective import flow_loss
from jamflow.mel_format import MelFormat
from jamflow.model.config import JointConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.train.checkpoint import load_checkpoint, save_checkpoint
from jamflow.train.ema import EMA
from jamflow.train.log import RunLog
from jamflow.train.regimes import Regimes, Row, assign

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class JointTraining:
    """How the joint model is trained.

    shapes, shape_shares: (rows, audio tokens) of a batch, and how often each is drawn.
    lr, warmup, decay_from: the learning rate (`rate`).
    clip: largest norm of the gradient of all weights together.
    motion_weight: the loss is speech + motion_weight * motion. The paper gives one loss a stream (equations 2 and 3) and does not
        say how they are added. 0.5 was set before the first training and not compared with other values.
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
    free_timing_from: float = 0.6  # share of the steps after which text without timing is mixed in
    free_timing: float = 0.15
    regimes: Regimes = field(default_factory=Regimes)
    freeze_audio: bool = False  # stage 1 of the paper (section 4.6): its loss still teaches the motion stream
    held_out_voices: tuple[str, ...] = ()
    # Voices drawn more often than their seconds say, by how their names begin: people, and not one voice's morphs.
    favour: tuple[tuple[str, float], ...] = (("kokoro", 2.5), ("mixed", 2.5), ("flite", 1.5))
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


def rate(step: int, config: JointTraining) -> float:
    """Share of the learning rate at a step: warm-up, plateau, linear fall to zero."""
    left = (config.steps - step) / max(1.0, config.steps * (1 - config.decay_from))
    return min(1.0, (step + 1) / config.warmup, max(left, 0.0))


def losses(model: nn.Module, row: Row) -> tuple[Tensor, Tensor]:
    """Flow-matching losses of speech and motion, in bfloat16 where PyTorch's autocast says so."""
    with torch.autocast(row.audio_data.device.type, torch.bfloat16):
        audio, motion = model(row.audio, row.motion, row.visibility)
    return (
        flow_loss(audio, row.audio_noise, row.audio_data, row.audio_generated),
        flow_loss(motion, row.motion_noise, row.motion_data, row.motion_generated),
    )


def load_examples(corpus: Path, mel_format: MelFormat, held_out_voices: tuple[str, ...]) -> list[Example]:
    """All utterances of a corpus but those of some voices."""
    return [e for s in shards(corpus) for e in examples(s, mel_format) if e.voice not in held_out_voices]


def train_joint(
    corpus: Path,
    run: Path,
    config: JointTraining,
    model_config: JointConfig,
    start: JointModel | None = None,
    scale: Normaliser | None = None,
) -> Path:
    """Train or resume; returns the checkpoint, whose `ema` and `normaliser` entries are the model to ship.

    Args:
        start: a model to go on with; None makes a new one.
        scale: the normaliser that `start` was trained with; None measures the corpus.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(config.seed)
    model = (JointModel(model_config) if start is None else start).to(device).train().requires_grad_(True)
    if config.freeze_audio:
        model.audio.requires_grad_(False)
    normaliser = Normaliser(model_config.mel.bands, model_config.motion.mouth_channels, model_config.motion.clue_channels)
    optims = optimizers(model, config)
    ema = EMA(model, config.ema_decay)
    log = RunLog(run)
    path = run / "joint.pt"
    step = 0
    data = load_examples(corpus, model_config.mel, config.held_out_voices)
    if state := load_checkpoint(path):
        model.load_state_dict(state["model"])
        normaliser.load_state_dict(state["normaliser"])
        ema.load_state_dict(state["ema"])
        for optim, saved in zip(optims, state["optimizers"], strict=True):
            optim.load_state_dict(saved)
        step = state["step"]
    elif scale is not None:
        normaliser.load_state_dict(scale.state_dict())
    else:
        normaliser.load_state_dict(statistics(data, model_config, np.random.default_rng(config.seed)))
    packer = Packer(data, model_config, np.random.default_rng([config.seed, step]), config.favour)
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    sums: dict[str, list[float]] = {}
    since = time.monotonic()
    for batch in packer.batches(list(config.shapes), list(config.shape_shares)):
        if step >= config.steps:
            break
        lr = config.lr * rate(step, config)
        for optim in optims:
            for group in optim.param_groups:
                group["lr"] = lr
        free = config.free_timing if step >= config.free_timing_from * config.steps else 0.0
        row = assign(batch, config.regimes, model_config, normaliser, free, generator).to(device)
        audio, motion = losses(model, row)
        (audio + config.motion_weight * motion).backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        for optim in optims:
            optim.step()
            optim.zero_grad(set_to_none=True)
        ema.update(model)
        step += 1
        for k, v in (("audio", audio), ("motion", motion), ("norm", norm)):
            sums.setdefault(k, []).append(float(v.detach()))
        if step % 25 == 0:
            means = {k: float(np.mean(v)) for k, v in sums.items()}
            logger.info(log.write(step, lr=lr, seconds_a_step=(time.monotonic() - since) / 25, **means))
            sums, since = {}, time.monotonic()
        if step % config.save_every == 0 or step == config.steps:
            save_checkpoint(
                path,
                {
                    "step": step,
                    "config": asdict(model_config),
                    "model": model.state_dict(),
                    "normaliser": normaliser.state_dict(),
                    "ema": ema.state_dict(),
                    "optimizers": [o.state_dict() for o in optims],
                },
            )
    return path
