"""What is given and what is to be generated: the one description of a call that every task shares.

Shapes: A audio tokens, F mel frames (A times frames per token), T motion frames, C channels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from jamflow.model.config import JointConfig
from jamflow.sampling.roles import Role


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

    def check(self, config: JointConfig) -> None:
        """That a model of this configuration can do it: what is said to be given is there, of the right size, and finite.

        Raises:
            ValueError: in one sentence, what is missing or does not fit.
        """
        if self.tokens < 1:
            raise ValueError(f"a call is at least one audio token long, not {self.tokens}")
        frames, tokens, speech, motion = config.motion_frames(self.tokens), self.tokens, self.speech, self.motion
        _check_stream("speech", speech.role, speech.mel_fm, speech.given_a, tokens, config.frames_per_token)
        _check_stream("motion", motion.role, motion.mouth_tc, motion.given_t, frames, 1)
        for name, x, width in (
            ("mel", speech.mel_fm, config.audio.channels // config.frames_per_token),
            ("mouth", motion.mouth_tc, config.motion.mouth_channels),
            ("clue", motion.clue_tc, config.motion.clue_channels),
        ):
            if x is not None and (x.dim() != 2 or x.shape[1] != width):
                raise ValueError(f"{name} has the shape {tuple(x.shape)}, but the model's has {width} columns")
        if motion.clue_tc is not None and not torch.isfinite(motion.clue_tc).all():
            raise ValueError("the clue has values that are not finite")


def _check_stream(name: str, role: Role, x: Tensor | None, given: Tensor | None, length: int, per: int) -> None:
    """`x` has `per` rows for each of `length` places; its last place may be filled in part, as recordings end anywhere."""
    if given is not None and given.shape != (length,):
        raise ValueError(f"{name} marks {len(given)} places as given, and the call has {length}")
    places = torch.full((length,), role == "given") if given is None or role == "given" else given.cpu()
    if role == "absent" or not places.any():
        return
    if x is None:
        raise ValueError(f"{name} is given, but its values are missing")
    needed = (int(places.nonzero().max()) + 1) * per
    if len(x) <= needed - per:
        raise ValueError(f"{name} is given for {needed} rows, and there are {len(x)}")
    if not torch.isfinite(x[: length * per][places.repeat_interleave(per)[: len(x)].to(x.device)]).all():
        raise ValueError(f"{name} has values that are not finite where it is given")
