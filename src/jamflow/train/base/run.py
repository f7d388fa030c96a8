"""A whole run: clips, statistics, stages one after the other, and the trained model."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from jamflow.data.corpus import Shard, non_commercial, refuse_other, shards
from jamflow.data.stream import Clips, list_clips
from jamflow.errors import UserError
from jamflow.loading.joint import load_joint, save_joint
from jamflow.loading.model import VOCABULARY_FILE, VOCODER_FILE
from jamflow.model.config import JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.text.f5_text import load_vocabulary
from jamflow.train.base.clips import ClipReader
from jamflow.train.base.parallel import Ranks
from jamflow.train.base.recipe import Model, Recipe
from jamflow.train.base.samples import Samples
from jamflow.train.base.stage import Course, train_stage
from jamflow.weights.shipped import JOINT_FILE, asset
from jamflow.weights.tensors import is_non_commercial

logger = logging.getLogger(__name__)

_MEASURED = 512  # clips that the statistics of key points are taken from
_LEAST_SPREAD = 0.1  # of the widest channel: what hardly moves is not scaled up


def train_base(recipe: Recipe, ranks: Ranks) -> Path:
    """Train or resume all stages; returns the folder of the trained model, which `JamFlow.load` takes.

    Raises:
        UserError: no clips, shards or a start of another kind; and what `train_stage` raises.
        Stopped: see there.
    """
    model, normaliser = _start(recipe.model, recipe.seed)
    config = model.config
    own = _own_file(recipe.model, VOCABULARY_FILE)
    vocabulary = load_vocabulary(own or asset("base/vocab.txt"), config.audio.text_vocab)
    parts = _shards(recipe.data.shards)
    refuse_other(parts, config.mel, config.motion.space)
    data = recipe.data
    clips = list_clips(parts, data.shortest_s, data.longest_s, data.held_out)
    _say(clips, ranks)
    reader = ClipReader(parts, clips, config, vocabulary)
    if not model.moves:
        measure_motion(reader, normaliser)
    marked = non_commercial(parts) or (recipe.model.start is not None and is_non_commercial(recipe.model.start / JOINT_FILE))

    def write_model(folder: Path, averaged: dict[str, Tensor]) -> None:
        folder.mkdir(exist_ok=True)
        for name in (VOCABULARY_FILE, VOCODER_FILE):
            if there := _own_file(recipe.model, name):
                shutil.copyfile(there, folder / name)
        save_joint(folder / JOINT_FILE, averaged, normaliser.state_dict(), config, non_commercial=marked)

    shown = list_clips(parts, data.shortest_s, data.longest_s, only=data.held_out) if data.held_out else clips
    to_show = ClipReader(parts, shown if len(shown) else clips, config, vocabulary)
    sample = Samples(recipe.run, to_show, normaliser, write_model, ranks.device)
    averaged = model.state_dict()
    for number in range(len(recipe.stages)):
        averaged = train_stage(Course(recipe, number, reader, normaliser, ranks, sample), model)
        model = JointModel(config)
        model.load_state_dict(averaged)
    folder = recipe.run / "model"
    if ranks.first:
        write_model(folder, averaged)
    ranks.wait()
    return folder


def _start(choice: Model, seed: int) -> tuple[JointModel, Normaliser]:
    """The model to go on with, with the recipe's switches; or a new one."""
    if choice.start is not None:
        model, normaliser = load_joint(choice.start / JOINT_FILE)
        config = model.config
        if config.text != "f5" or config.motion.space != "liveportrait":
            raise UserError(f"The model in {choice.start} is not of `base`'s kind.", "Make one with: jamflow init FOLDER")
        model.config = _switched(config, choice)
        return model, normaliser
    assert choice.audio is not None
    motion = MotionConfig() if choice.motion_dim is None else MotionConfig(dim=choice.motion_dim)
    config = _switched(JointConfig(choice.audio, motion, text="f5"), choice)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = JointModel(config)
    return model, Normaliser(config.mel.bands, motion.mouth_channels, motion.clue_channels)


def _switched(config: JointConfig, choice: Model) -> JointConfig:
    asked = {name: getattr(choice, name) for name in ("joint", "window_s", "mask", "aligned")}
    return replace(config, **{name: value for name, value in asked.items() if value is not None})


def _own_file(choice: Model, name: str) -> Path | None:
    """A file beside the model to start from; None if there is none."""
    if choice.start is None:
        return None
    return path if (path := choice.start / name).is_file() else None


def _shards(folders: tuple[Path, ...]) -> list[Shard]:
    """Of all folders, in their order.

    Raises:
        UserError: there are none in one of them.
    """
    parts: list[Shard] = []
    for folder in folders:
        found = list(shards(folder))
        if not found:
            raise UserError(f"There are no shards in {folder}.", "Make them with: jamflow prepare ... --motion liveportrait")
        parts += found
    return parts


def _say(clips: Clips, ranks: Ranks) -> None:
    left_out = ", ".join(f"{n} {reason}" for reason, n in clips.left_out.items())
    if not len(clips):
        raise UserError(f"No clip is left to learn from ({left_out}).", "Change shortest_s and longest_s, or prepare more.")
    if ranks.first:
        hours = clips.seconds_n.sum() / 3600
        logger.info(f"{len(clips)} clips, {hours:.2f} hours" + (f"; left out: {left_out}" if left_out else ""))


def measure_motion(reader: ClipReader, normaliser: Normaliser) -> None:
    """Set the mean and spread of key points to those of the first clips. Mels stay as F5-TTS has them.

    Raises:
        UserError: no face was filmed in any of them, or one is not numbers.
    """
    mouths, clues = [], []
    with_face = [i for i in range(len(reader.clips)) if reader.filmed(i)]
    if not with_face:
        raise UserError("No clip has a filmed face.", "Prepare videos, with --motion liveportrait.")
    step = max(1, len(with_face) // _MEASURED)
    for i in with_face[::step]:
        batch = reader.batch(0, np.array([i]))
        if batch.broken():
            raise UserError(f"The key points or the sound of {batch.names[0]} are not numbers.", "Prepare that shard again.")
        mouths.append(batch.mouth_btc[0])
        clues.append(batch.clue_btc[0])
    for name, frames in (("mouth", torch.cat(mouths)), ("clue", torch.cat(clues))):
        spread = frames.std(0, correction=0)
        getattr(normaliser, f"{name}_mean").copy_(frames.mean(0))
        getattr(normaliser, f"{name}_std").copy_(spread.clamp(min=_LEAST_SPREAD * float(spread.max())))
