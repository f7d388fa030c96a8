"""What is given and what is to be generated: the one description of a call that every task shares.

Shapes: A audio tokens, F mel frames (A times frames per token), T motion frames, C channels.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Role = Literal["absent", "given", "generated"]


@dataclass(frozen=True)
class SpeechCondition:
    """The speech stream of a call.

    role: "given" entirely, "generated" (except where `given_a`), or "absent".
    mel_fm: (F, mel bands) log mel, read only where given; None if nothing is.
    given_a: (A,) bool, audio tokens that are given when the role is "generated".
    text_n: (N,) tokens, -1 for none: as many as audio tokens when they are laid out in time, else from the start.
    """

    role: Role
    mel_fm: Tensor | None = None
    given_a: Tensor | None = None
    text_n: Tensor | None = None


@dataclass(frozen=True)
class MotionCondition:
    """The motion stream of a call.

    mouth_tc: (T, mouth channels) in cm, read only where given. given_t: (T,) bool, frames given when the role is
    "generated". clue_tc: (T, clue channels) in cm, the other key points, or None.
    """

    role: Role
    mouth_tc: Tensor | None = None
    given_t: Tensor | None = None
    clue_tc: Tensor | None = None


@dataclass(frozen=True)
class Conditions:
    """One call: `tokens` audio tokens long, on one time axis."""

    tokens: int
    speech: SpeechCondition
    motion: MotionCondition
