"""From conditions to streams: flow matching in both at once, with classifier-free guidance.

A batch has two rows: one with the conditions, and the null row without them. Training shows null rows too (`train.regimes`).

Shapes: A audio tokens, F mel frames, T motion frames, C channels; a leading 2 is the two rows.
"""

import math
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor

from jamflow.compute.compiling import Backend
from jamflow.flow.schedule import time_grid
from jamflow.flow.solver import Method, State, integrate
from jamflow.model.compiled import Bucket, compiled_blocks
from jamflow.model.joint import BlockCode, Frozen, JointModel, Visibility
from jamflow.model.normalise import Normaliser
from jamflow.model.streams import AudioInput, MotionInput
from jamflow.sampling.conditions import Conditions, MotionCondition


@dataclass(frozen=True)
class Sampling:
    """How to solve and how to guide.

    steps: number of solver steps; NFE with Euler.
    sway: F5-TTS's sway coefficient (`flow.schedule`); None for none.
    speech_guidance, motion_guidance: the velocity is v + strength * (v - v of the null row), counted as F5-TTS does; 0 is none.
        The null row sees no text, no given context, no clue and no other stream.
    speech_temperature, motion_temperature: size of the noise that a stream starts from. 1 is that of the training; less is nearer
        to the mean of what it could be, as Glow-TTS calls it (arXiv 2005.11129).
    keep_beginning: the null row hears what is given of the speech. Guidance then strengthens what text and lips say, but not the
        voice.
    compile: the model's blocks are compiled (`model.compiled`), and a GPU uses FlexAttention. The first call of every bucket of
        lengths then takes seconds to minutes longer: for processes that make many calls.
    """

    steps: int = 16
    method: Method = "euler"
    sway: float | None = -1.0
    speech_guidance: float = 1.0  # F5-TTS uses 2; for `mini` see docs/decisions.md
    motion_guidance: float = 0.5
    speech_temperature: float = 1.0
    motion_temperature: float = 1.0
    keep_beginning: bool = False
    compile: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be solved."""
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or self.steps < 1:
            raise ValueError(f"the number of solver steps is {self.steps}, but it must be a whole number of at least 1")
        if self.method not in get_args(Method):
            raise ValueError(f"there is no solver {self.method!r}, only {' and '.join(get_args(Method))}")
        for name in ("speech_guidance", "motion_guidance"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} is {getattr(self, name)}, but it must be a finite number")
        for name in ("speech_temperature", "motion_temperature"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}, but it must be a finite number of at least 0")


@dataclass(frozen=True)
class Streams:
    """(F, mel bands) log mel and (T, mouth channels) key points in cm; None where a stream is absent."""

    mel_fm: Tensor | None
    mouth_tc: Tensor | None


@torch.inference_mode()
def generate(
    model: JointModel,
    normaliser: Normaliser,
    conditions: Conditions,
    sampling: Sampling,
    generator: torch.Generator,
    motion_noise_tc: Tensor | None = None,
) -> Streams:
    """Generate whatever is not given. What is given comes back as it was.

    Args:
        generator: of the noise, on the CPU: the same on every device.
        motion_noise_tc: (T, mouth channels), noise to use for motion instead (`windows.frame_noise`).

    Raises:
        ValueError: the conditions lack what they say is given, or do not fit the model (`Conditions.check`).
    """
    conditions.check(model.config)
    call = _Call(model, normaliser, conditions, sampling, generator, motion_noise_tc=motion_noise_tc)
    # On the device before the loop, like everything else: in the loop neither host nor device waits for the other.
    grid = time_grid(sampling.steps, sampling.sway).to(call.mel.device)
    state = integrate(call.velocity, call.noise, grid, sampling.method)
    return call.finish(state)


class _Call:
    """Everything that stays the same over the solver's steps of one call."""

    def __init__(
        self,
        model: JointModel,
        normaliser: Normaliser,
        conditions: Conditions,
        sampling: Sampling,
        generator: torch.Generator,
        backend: Backend | None = None,
        motion_noise_tc: Tensor | None = None,
    ):
        """backend: what compiles the blocks; by default PyTorch's own where `sampling` asks for it, else none."""
        self.model, self.normaliser, self.conditions, self.sampling = model, normaliser, conditions, sampling
        config = model.config
        device = next(model.parameters()).device
        speech, motion, a = conditions.speech, conditions.motion, conditions.tokens
        t = config.motion_frames(a)
        if motion.role == "absent":
            motion, t = MotionCondition("absent"), 0
        self.drop = torch.tensor([False, True], device=device)
        # Drawn in a fixed order, and speech always, so that one stream's noise does not depend on the other's role.
        noise_a = sampling.speech_temperature * torch.randn(1, a, config.audio.channels, generator=generator).to(device)
        noise_m = torch.randn(1, t, config.motion.mouth_channels, generator=generator)
        noise_m = sampling.motion_temperature * (noise_m if motion_noise_tc is None else motion_noise_tc[None]).to(device)
        self.noise: State = tuple(x for x, role in ((noise_a, speech.role), (noise_m, motion.role)) if role == "generated")
        if backend is None and sampling.compile:
            backend = "inductor"
        self.bucket = None if backend is None else Bucket(a, t, config, device)
        self.drop_beginning = torch.zeros_like(self.drop) if sampling.keep_beginning else self.drop
        self.given_a = _flags(speech.given_a, speech.role, a, device)
        self.given_t = _flags(motion.given_t, motion.role, t, device)
        per = config.frames_per_token
        mel = torch.zeros(1, a, config.audio.channels, device=device)
        if speech.mel_fm is not None:
            given = _fit(speech.mel_fm.to(device), a * per).reshape(1, a, -1)
            mel = normaliser.mel(given)
        self.mel = mel.masked_fill(~self.given_a[None, :, None], 0)
        mouth = torch.zeros(1, t, config.motion.mouth_channels, device=device)
        if motion.mouth_tc is not None:
            mouth = normaliser.mouth(_fit(motion.mouth_tc.to(device), t)[None])
        self.mouth = mouth.masked_fill(~self.given_t[None, :, None], 0)
        clue = torch.zeros(1, t, config.motion.clue_channels, device=device)
        self.has_clue = motion.clue_tc is not None
        if motion.clue_tc is not None:
            clue = normaliser.clue(_fit(motion.clue_tc.to(device), t)[None])
        self.clue = clue
        text = speech.text_n if speech.text_n is not None else torch.full((1,), -1)
        self.text = text.to(device)[None]
        self.visibility = Visibility(~self.drop, ~self.drop)
        self.frozen_audio = self.frozen_motion = None
        self.text_btd: Tensor | None = None
        if speech.role != "absent":
            # Of the true length even in a bucket: its GRN sees all frames.
            text = model.audio.text_embed(self.text.expand(2, -1), a, self.drop)
            self.text_btd = text if self.bucket is None else self.bucket.fill_audio(text)
        if speech.role == "given":
            given = self._audio(self.mel, torch.ones(1, device=device))
            self.frozen_audio = model.freeze_audio(given, self.text_btd, self.bucket is not None)
        if motion.role == "given":
            self.frozen_motion = model.freeze_motion(self._motion(self.mouth, torch.ones(1, device=device)))
        start = self._inputs(torch.zeros((), device=device), self.noise)
        code = BlockCode() if backend is None else compiled_blocks(backend)
        kind = "flex" if backend is not None and device.type == "cuda" else None
        self.plan = model.plan(*start, self.visibility, self.bucket is not None, kind, code)

    def velocity(self, time: Tensor, state: State) -> State:
        """Guided velocity of the generated streams, in single precision whatever the model is kept in."""
        out = self.model(*self._inputs(time, state), None, self.text_btd, self.plan)
        if self.bucket is not None:
            out = self.bucket.cut(*out)
        strengths = (self.sampling.speech_guidance, self.sampling.motion_guidance)
        rows = [(v.float(), strength) for v, strength in zip(out, strengths, strict=True) if v is not None]
        return tuple(v[:1] + (v[:1] - v[1:]) * strength for v, strength in rows)

    def _inputs(self, time: Tensor, state: State) -> tuple[AudioInput | Frozen | None, MotionInput | Frozen | None]:
        speech, motion = self.conditions.speech.role, self.conditions.motion.role
        parts = list(state)
        time_1 = time[None]
        audio: AudioInput | Frozen | None = self.frozen_audio
        if speech == "generated":
            audio = self._audio(parts.pop(0), time_1)
        mouth: MotionInput | Frozen | None = self.frozen_motion
        if motion == "generated":
            mouth = self._motion(parts.pop(0), time_1)
        return audio, mouth

    def finish(self, state: State) -> Streams:
        """In the units of the conditions, and exactly as given where something was given."""
        parts = list(state)
        mel = mouth = None
        per = self.model.config.frames_per_token
        if self.conditions.speech.role == "generated":
            mel = self.normaliser.mel_back(parts.pop(0))[0].reshape(self.conditions.tokens * per, -1)
            if self.conditions.speech.mel_fm is not None:
                given = _fit(self.conditions.speech.mel_fm.to(mel.device), len(mel))
                mel = torch.where(self.given_a.repeat_interleave(per)[:, None], given, mel)
        elif self.conditions.speech.role == "given":
            mel = self.conditions.speech.mel_fm
        if self.conditions.motion.role == "generated":
            mouth = self.normaliser.mouth_back(parts.pop(0))[0]
            if self.conditions.motion.mouth_tc is not None:
                given = _fit(self.conditions.motion.mouth_tc.to(mouth.device), len(mouth))
                mouth = torch.where(self.given_t[:, None], given, mouth)
        elif self.conditions.motion.role == "given":
            mouth = self.conditions.motion.mouth_tc
        return Streams(mel, mouth)

    def _audio(self, x: Tensor, time_1: Tensor) -> AudioInput:
        two = (2, -1, -1)
        inputs = AudioInput(
            x_btc=x.expand(*two),
            context_btc=self.mel.expand(*two),
            time_b=time_1,
            tokens_bn=self.text.expand(2, -1),
            drop_text_b=self.drop,
            drop_context_b=self.drop_beginning,
        )
        return inputs if self.bucket is None else self.bucket.audio(inputs)

    def _motion(self, x: Tensor, time_1: Tensor) -> MotionInput:
        two = (2, -1, -1)
        drop_clue = self.drop if self.has_clue else torch.ones_like(self.drop)
        inputs = MotionInput(
            x_btc=x.expand(*two),
            context_btc=self.mouth.expand(*two),
            given_bt=self.given_t[None].expand(2, -1),
            clue_btc=self.clue.expand(*two),
            time_b=time_1,
            drop_clue_b=drop_clue,
            drop_context_b=self.drop,
        )
        return inputs if self.bucket is None else self.bucket.motion(inputs)


def _flags(given: Tensor | None, role: str, n: int, device: torch.device) -> Tensor:
    if role == "given":
        return torch.ones(n, dtype=torch.bool, device=device)
    if given is None:
        return torch.zeros(n, dtype=torch.bool, device=device)
    return given.to(device)


def _fit(x_tc: Tensor, n: int) -> Tensor:
    """Cut, or pad with zeros, to n rows."""
    return torch.nn.functional.pad(x_tc[:n], (0, 0, 0, max(0, n - len(x_tc))))
