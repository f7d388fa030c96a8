"""What a training step minimises, and the same numbers for every kind of row.

Shapes: B rows, T tokens of a stream.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from jamflow.flow.objective import flow_error, mean_where
from jamflow.model.joint import JointModel
from jamflow.train.phoneme_head import Listener, PhonemeHead
from jamflow.train.regimes import KINDS, Row


@dataclass
class Losses:
    """Of one step. None: not computed.

    audio, motion: flow-matching losses of the streams.
    phonemes: cross-entropy of the phoneme head.
    by_kind: stream to (kinds, 2): sum of the error and how many tokens it is of, for every kind of row, without gradient.
    """

    audio: Tensor | None
    motion: Tensor
    phonemes: Tensor | None
    by_kind: dict[str, Tensor]


def losses(model: JointModel, row: Row, head: PhonemeHead | None = None) -> Losses:
    """Losses of both streams and, if there is a head, of phonemes; in bfloat16 where PyTorch's autocast says so."""
    listener = None if head is None else Listener(model)
    with torch.autocast(row.audio_data.device.type, torch.bfloat16):
        plan = None if listener is None else model.plan(row.audio, row.motion, row.visibility, code=listener.code)
        audio, motion = model(row.audio, row.motion, row.visibility, plan=plan)
    made = flow_losses(audio, motion, row)
    if head is not None and listener is not None and listener.hidden_bad is not None:
        made.phonemes = head.loss(listener.hidden_bad, row.phonemes_ba)
    return made


def flow_losses(audio: Tensor, motion: Tensor, row: Row) -> Losses:
    """Losses of the velocities (B, T, C) of both streams."""
    audio_bt = flow_error(audio, row.audio_noise, row.audio_data, row.audio_known)
    motion_bt = flow_error(motion, row.motion_noise, row.motion_data)
    by_kind = {
        "audio": _by_kind(audio_bt, row.audio_generated, row.kind_b),
        "motion": _by_kind(motion_bt, row.motion_generated, row.kind_b),
    }
    return Losses(mean_where(audio_bt, row.audio_generated), mean_where(motion_bt, row.motion_generated), None, by_kind)


def motion_losses(model: JointModel, row: Row) -> Losses:
    """The motion stream's loss alone: the speech stream runs without gradients, and no further than motion sees it."""
    with torch.autocast(row.audio_data.device.type, torch.bfloat16):
        with torch.no_grad():
            speech = model.freeze_audio(row.audio)
        _, motion = model(speech, row.motion, row.visibility)
    motion_bt = flow_error(motion, row.motion_noise, row.motion_data)
    by_kind = {"motion": _by_kind(motion_bt, row.motion_generated, row.kind_b)}
    return Losses(None, mean_where(motion_bt, row.motion_generated), None, by_kind)


def _by_kind(error_bt: Tensor, counts_bt: Tensor, kind_b: Tensor) -> Tensor:
    """(kinds, 2): sum of the errors that count and their number, for every kind of row."""
    rows = torch.stack([(error_bt.detach() * counts_bt).sum(1), counts_bt.sum(1).float()], dim=1)
    return torch.zeros(len(KINDS), 2, device=rows.device).index_add_(0, kind_b, rows)
