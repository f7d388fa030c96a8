"""One stage of a run: the loop over steps."""

import logging
import math
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict
from torch.utils.checkpoint import checkpoint

from jamflow.errors import UserError
from jamflow.model.block import DiTBlock
from jamflow.model.joint import BlockCode, JointModel
from jamflow.model.normalise import Normaliser
from jamflow.train.base import state
from jamflow.train.base.clips import ClipReader
from jamflow.train.base.feed import Fed, Feed, feed
from jamflow.train.base.parallel import Ranks, spread, whole, without_sync
from jamflow.train.base.recipe import Machine, Recipe, Stage
from jamflow.train.base.trackers import Trackers
from jamflow.train.ema import EMA
from jamflow.train.joint import count, rate
from jamflow.train.log import RunLog, Tally
from jamflow.train.losses import flow_losses
from jamflow.train.regimes import Row

logger = logging.getLogger(__name__)

LOG_EVERY = 25  # steps
MOST_BROKEN = 10  # steps one after the other


class Stopped(Exception):
    """The process was asked to end (SIGTERM); a checkpoint was saved."""


@dataclass
class Course:
    """What a stage works with.

    sample: called with the stage's name, the step and the averaged weights, on the first process, every `sample_every` steps.
    """

    recipe: Recipe
    number: int
    reader: ClipReader
    normaliser: Normaliser
    ranks: Ranks
    sample: Callable[[str, int, dict[str, Tensor]], None] | None = None

    @property
    def stage(self) -> Stage:
        return self.recipe.stages[self.number]

    @property
    def folder(self) -> Path:
        return self.recipe.run / self.stage.name


def train_stage(course: Course, model: JointModel) -> dict[str, Tensor]:
    """Train or resume; returns the averaged weights.

    Raises:
        UserError: the checkpoint is of another recipe or lacks files, the disk is full, or ten steps in a row were no numbers.
        Stopped: SIGTERM came.
    """
    recipe, stage, ranks = course.recipe, course.stage, course.ranks
    if stage.batches % ranks.world:
        raise UserError(
            f"{stage.batches} batches a step cannot be shared evenly by {ranks.world} processes.",
            f"Start another number of processes, or change `batches` of the stage {stage.name}.",
        )
    model.to(ranks.device).train().requires_grad_(True)
    if stage.freeze_audio:
        model.audio.requires_grad_(False)
    called = spread(model, ranks, recipe.machine.parallel)
    learning = [p for p in model.parameters() if p.requires_grad]
    optim = torch.optim.AdamW(learning, stage.lr, betas=(0.9, 0.999), weight_decay=stage.weight_decay)
    ema = EMA(model, stage.ema_decay)
    step, facts = 0, state.facts_of(recipe, course.number)
    if (last := state.newest(course.folder)) is not None:
        step = state.refuse_other_recipe(last, facts)
        _restore(last, model, ema, optim, ranks)
        logger.info(f"{stage.name} goes on from step {step}")
    if step >= stage.steps:
        return _averaged(ema)
    loop = _Loop(course, model, called, optim, learning, block_code(recipe.machine))
    log = RunLog(course.folder, step) if ranks.first else None
    trackers = Trackers(recipe, stage.name) if ranks.first else None
    seed = recipe.seed + 10_007 * course.number
    rows = Feed(course.reader, stage.rows, course.normaliser, recipe, seed, step * stage.batches, ranks)
    fed = feed(rows, recipe.machine.workers, ranks)
    asked_to_stop = _StopSignal()
    since, steps = time.monotonic(), 0
    with asked_to_stop:
        while step < stage.steps:
            loop.step(fed, stage.lr * rate(step, stage))
            ema.update(model)
            step, steps = step + 1, steps + 1
            stop = ranks.any(asked_to_stop.came)
            if step % LOG_EVERY == 0 or step == stage.steps:
                numbers = loop.numbers((time.monotonic() - since) / steps)
                if log is not None and trackers is not None:
                    logger.info(f"{stage.name}: {log.write(step, **numbers)}")
                    trackers.write(step, numbers)
                since, steps = time.monotonic(), 0
            if step % stage.save_every == 0 or step == stage.steps or stop:
                state.save(course.folder, step, _state(model, ema, optim), facts, ranks)
            if course.sample is not None and (step % stage.sample_every == 0 or step == stage.steps):
                averaged = _averaged(ema)
                if ranks.first:
                    course.sample(stage.name, step, averaged)
                ranks.wait()
            if stop:
                raise Stopped(f"Stopped at step {step} of {stage.name}; the same command goes on from there.")
    if trackers is not None:
        trackers.close()
    return _averaged(ema)


class _Loop:
    """What the steps of a stage have in common."""

    def __init__(
        self,
        course: Course,
        model: JointModel,
        called: nn.Module,
        optim: torch.optim.Optimizer,
        learning: list[nn.Parameter],
        code: BlockCode,
    ):
        self.course, self.model, self.called, self.optim, self.learning, self.code = course, model, called, optim, learning, code
        self.tally, self.left_out = Tally(), 0
        self._seconds, self._broken_in_a_row, self._lr = 0.0, 0, 0.0

    def step(self, fed: Iterator[Fed], lr: float) -> None:
        """The batches of this process, then the optimiser. A step that is no number is left out and counted."""
        stage, ranks = self.course.stage, self.course.ranks
        mine = stage.batches // ranks.world
        names: list[str] = []
        broken: list[str] = []
        for i in range(mine):
            batch = next(fed)
            names += batch.names
            broken += batch.broken
            self._seconds += batch.tokens / self.model.config.token_rate_hz
            with without_sync(self.called, hold=i + 1 < mine):
                self._batch(batch.row.to(ranks.device), mine)
        norm = whole(nn.utils.clip_grad_norm_(self.learning, stage.clip))
        for group in self.optim.param_groups:
            group["lr"] = self._lr = lr
        if math.isfinite(float(norm)):
            self._broken_in_a_row = 0
            self.optim.step()
            self.tally.add("norm", norm)
        else:
            self._leave_out(names, broken)
        self.optim.zero_grad(set_to_none=True)

    def _batch(self, row: Row, mine: int) -> None:
        machine, stage = self.course.recipe.machine, self.course.stage
        plan = self.model.plan(row.audio, row.motion, row.visibility, code=self.code)
        with torch.autocast(row.audio_data.device.type, torch.bfloat16, enabled=machine.bf16):
            audio, motion = self.called(row.audio, row.motion, row.visibility, plan=plan)
        made = flow_losses(audio, motion, row)
        assert made.audio is not None
        loss = made.audio + stage.motion_weight * made.motion
        (loss / mine).backward()
        if torch.isfinite(loss):
            count(self.tally, made, row.phonemes_ba)

    def _leave_out(self, names: list[str], broken: list[str]) -> None:
        """names: of the clips of this process; broken: of those that are not finite numbers."""
        self.left_out += 1
        self._broken_in_a_row += 1
        names = self.course.ranks.gathered(broken) or self.course.ranks.gathered(names)
        logger.warning(f"A step is left out: its gradient is not a number. Clips: {'; '.join(names[:8])}")
        if self._broken_in_a_row >= MOST_BROKEN:
            raise UserError(
                f"{MOST_BROKEN} steps in a row had gradients that are not numbers. The last clips: {'; '.join(names[:8])}.",
                "Look at those clips, or lower `lr`; the last checkpoint is from before.",
            )

    def numbers(self, seconds_a_step: float) -> dict[str, float]:
        """Of all processes since the last call."""
        ranks = self.course.ranks
        nothing = torch.zeros(2)
        for name in sorted(set(ranks.gathered(list(self.tally.sums)))):  # a process may have seen no number of a kind
            self.tally.sums[name] = ranks.sum(self.tally.sums.get(name, nothing))
        sound = float(ranks.sum(torch.tensor(self._seconds)))
        out = {
            "lr": self._lr,
            "seconds_a_step": seconds_a_step,
            "sound_s": sound,
            "left_out": float(self.left_out),
            **self.tally.means(),
        }
        self.tally, self._seconds = Tally(), 0.0
        return out


def block_code(machine: Machine) -> BlockCode:
    """How blocks are computed: activations are kept, or computed again in the backward pass."""
    if not machine.checkpointing:
        return BlockCode()
    again = partial(checkpoint, use_reentrant=False)
    return BlockCode(partial(again, DiTBlock.project), partial(again, DiTBlock.finish))


def _state(model: JointModel, ema: EMA, optim: torch.optim.Optimizer) -> dict[str, Any]:
    return {
        "model": model.state_dict(),
        "ema": ema.average,
        "updates": torch.tensor(ema.updates),
        "optimizer": get_optimizer_state_dict(model, optim),
    }


def _restore(checkpoint: Path, model: JointModel, ema: EMA, optim: torch.optim.Optimizer, ranks: Ranks) -> None:
    there = _state(model, ema, optim)
    state.load(checkpoint, there, ranks)
    model.load_state_dict(there["model"])
    ema.updates = int(there["updates"])
    set_optimizer_state_dict(model, optim, there["optimizer"])


def _averaged(ema: EMA) -> dict[str, Tensor]:
    """Whole tensors on the CPU, in every process."""
    return {name: whole(x).cpu() for name, x in ema.average.items()}


class _StopSignal:
    """SIGTERM while a stage trains."""

    def __init__(self) -> None:
        self.came = False

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGTERM, self._note)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)

    def _note(self, *_: object) -> None:
        self.came = True
