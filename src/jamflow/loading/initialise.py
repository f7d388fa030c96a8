"""`base` before its training: the official Audio-DiT unchanged, Motion-DiT new (JAM-Flow section 4.6).

The resulting model speaks as F5-TTS does and does not move the lips, because Motion-DiT is untrained. Stage 1 of the paper
starts from such a model (`train/base`).
"""

import shutil
from collections.abc import Collection
from pathlib import Path

import torch

from jamflow.errors import UserError
from jamflow.face.liveportrait.keypoints import KEY_POINTS, LIP_POINTS
from jamflow.loading.f5 import F5Name, load_f5
from jamflow.loading.joint import save_joint
from jamflow.loading.model import VOCABULARY_FILE
from jamflow.media.files import existing_file, replacing
from jamflow.model.config import JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.text.f5_text import load_vocabulary
from jamflow.weights.fetch import require
from jamflow.weights.registry import may_be_sold
from jamflow.weights.shipped import JOINT_FILE, asset

MOUTH = MotionConfig().mouth


def init_base(
    folder: Path,
    checkpoint: Path | None = None,
    kind: F5Name | None = None,
    mouth: Collection[int] = MOUTH,
    seed: int = 0,
    vocabulary: Path | None = None,
) -> Path:
    """Writes `folder`/joint.safetensors, completely or not at all; returns its path.

    Args:
        folder: created if missing.
        checkpoint: an F5-TTS checkpoint; None is the installed official F5TTS_v1_Base.
        kind: architecture of `checkpoint`; two of them have the same names and shapes.
        mouth: the LivePortrait lip key points that the model generates; the other key points are its clue.
        seed: for the new weights.
        vocabulary: the vocab.txt of a fine-tuned checkpoint that has its own; it is copied into the folder.

    Raises:
        UserError: the checkpoint is missing or of another model, the folder already holds a model, or the disk is full.
    """
    points = tuple(sorted(set(mouth)))
    if not points or not set(points) <= set(LIP_POINTS):
        lips = ", ".join(map(str, LIP_POINTS))
        raise UserError(f"The mouth cannot be the key points {list(mouth)}.", f"Choose some of {lips}.")
    if checkpoint is None:
        checkpoint, kind = require("f5-v1-base")["f5-v1-base"], "F5TTS_v1_Base"
    if kind is None:
        raise UserError(
            f"The contents of {checkpoint} do not tell its kind.", "Give F5TTS_v1_Base, F5TTS_Base or F5TTS_v1_Small."
        )
    path = folder / JOINT_FILE
    if path.exists():
        raise UserError(f"There is a model in {folder} already.", "Choose another folder, or remove that one.")
    tokens = existing_file(vocabulary, "vocabulary") if vocabulary else asset("base/vocab.txt")
    if vocabulary and (folder / VOCABULARY_FILE).exists():
        raise UserError(f"There is a {VOCABULARY_FILE} in {folder} already.", "Choose another folder.")
    if not (folder if folder.is_dir() else folder.parent).is_dir() or folder.is_file():
        raise UserError(f"The folder {folder} cannot be made.", "Check the path.")
    audio = load_f5(checkpoint, kind)
    load_vocabulary(tokens, audio.config.text_vocab)
    motion = MotionConfig(mouth_channels=3 * len(points), clue_channels=3 * (KEY_POINTS - len(points)), mouth=points)
    config = JointConfig(audio.config, motion, text="f5")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = JointModel(config, audio)
    normaliser = Normaliser(config.audio.channels, motion.mouth_channels, motion.clue_channels)
    fresh = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
        if vocabulary:
            with replacing(folder / VOCABULARY_FILE) as temporary:
                shutil.copyfile(tokens, temporary)
        # In float32: rounded weights would differ from F5-TTS's.
        marked = not may_be_sold(checkpoint)
        save_joint(path, model.state_dict(), normaliser.state_dict(), config, half=False, non_commercial=marked)
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be made.", f"The system says: {error.strerror}.") from error
    finally:
        if folder.is_dir() and not path.exists():
            if vocabulary:
                (folder / VOCABULARY_FILE).unlink(missing_ok=True)
            if fresh:
                folder.rmdir()
    return path
