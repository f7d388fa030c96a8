"""The MM-DiT: two streams with joint attention in their first blocks (JAM-Flow sections 4.1 to 4.5).

A stream that is entirely given is *frozen*: it enters clean at flow time 1 and does not attend to the stream that is generated.
Its keys and values are then the same at every solver step and are computed once a call.

Shapes: B batch, Ta audio tokens, Tm motion frames, C channels.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from jamflow.model.block import DiTBlock, Heads
from jamflow.model.config import JointConfig
from jamflow.model.plan import AttentionKind, AttentionPlan, Rotary, Visibility, plan_attention
from jamflow.model.streams import AudioDiT, AudioInput, DiT, MotionDiT, MotionInput
from jamflow.model.view import Axis


@dataclass
class Frozen:
    """Keys and values of a given stream in every joint block."""

    keys: list[tuple[Tensor, Tensor]]
    valid_bt: Tensor | None


@dataclass(frozen=True)
class BlockCode:
    """What runs of a block before and after attention; `compiled.compiled_blocks` has another."""

    project: Callable[..., Heads] = DiTBlock.project
    finish: Callable[..., Tensor] = DiTBlock.finish


@dataclass(frozen=True)
class Plan:
    """What is the same in every block and at every solver step of a call; `JointModel.plan` makes it.

    audio_rotary, motion_rotary: cosine and sine of the positions, each (T, head size / 2).
    """

    audio_rotary: Rotary
    motion_rotary: Rotary
    attention: AttentionPlan
    code: BlockCode = BlockCode()


class JointModel(nn.Module):
    """Audio-DiT and Motion-DiT, block by block side by side."""

    def __init__(self, config: JointConfig, audio: AudioDiT | None = None, with_motion: bool = True):
        """audio: an Audio-DiT to use; None makes one. with_motion: False makes a model of speech alone."""
        super().__init__()
        self.config = config
        self.audio = AudioDiT(config.audio) if audio is None else audio
        self.motion = MotionDiT(config.motion, config.audio) if with_motion else None

    @property
    def moves(self) -> bool:
        """Whether there is a trained Motion-DiT. Its output weights are zero before training."""
        return self.motion is not None and bool(self.motion.proj_out.weight.any())

    def axis(self, n_audio: int, n_motion: int) -> Axis:
        """The tokens of both streams in time."""
        c = self.config
        device = self.audio.proj_out.weight.device
        return Axis(n_audio, n_motion, c.token_rate_hz, c.motion_fps, c.window_s, device, c.mask)

    def motion_positions(self, axis: Axis) -> Tensor:
        """(Tm,) rotary positions of motion frames.

        One time axis: the position of a frame is its time in units of audio tokens. For streams that last equally long this is
        the paper's p / L * L_ref (section 4.4). Not aligned: its number.
        """
        unit_hz = self.config.token_rate_hz if self.config.aligned else self.config.motion_fps
        return axis.motion_s() * unit_hz

    def freeze_audio(self, inputs: AudioInput, text_btd: Tensor | None = None, hide_padding: bool = False) -> Frozen:
        """Run the given speech once, alone. `text_btd`, `hide_padding`: see `forward` and `plan`."""
        plan = self.plan(inputs, None, None, hide_padding)
        return self._freeze(self._enter_audio(inputs, text_btd, plan), plan)

    def freeze_motion(self, inputs: MotionInput) -> Frozen:
        """Run the given motion once, alone."""
        plan = self.plan(None, inputs, None)
        return self._freeze(self._enter_motion(inputs, plan), plan)

    def forward(
        self,
        audio: AudioInput | Frozen | None,
        motion: MotionInput | Frozen | None,
        visibility: Visibility | None = None,
        text_btd: Tensor | None = None,
        plan: Plan | None = None,
    ) -> tuple[Tensor | None, Tensor | None]:
        """Velocities (B, Ta, C) and (B, Tm, C) of the streams that are being generated.

        A stream that is None is absent; one that is Frozen gives keys and values only. Neither has a velocity.

        Args:
            visibility: which streams see each other; None: both do. A plan holds it already.
            text_btd: (B, Ta, text_dim) what `audio.embed_text` gives, if it was computed ahead, once a call.
            plan: what `self.plan` gives, if it was computed ahead, once a call.
        """
        if plan is None:
            plan = self.plan(audio, motion, visibility)
        a = self._enter_audio(audio, text_btd, plan) if isinstance(audio, AudioInput) else None
        m = self._enter_motion(motion, plan) if isinstance(motion, MotionInput) else None
        for i in range(self.config.audio.depth):
            joint = i < self.config.joint_depth
            a_heads = None if a is None else a.project(i)
            m_heads = None if m is None else m.project(i)
            a_keys = _keys(a_heads, audio, i) if joint else None
            m_keys = _keys(m_heads, motion, i) if joint else None
            if a is not None and a_heads is not None:
                a.finish(i, a_heads, plan.attention.audio(a_heads.q, (a_heads.k, a_heads.v), m_keys))
            if m is not None and m_heads is not None:
                m.finish(i, m_heads, plan.attention.motion(m_heads.q, (m_heads.k, m_heads.v), a_keys))
        return None if a is None else a.velocity(), None if m is None else m.velocity()

    def _enter_audio(self, inputs: AudioInput, text_btd: Tensor | None, plan: Plan) -> "_Running":
        hidden, time = self.audio.embed(inputs, text_btd)
        return _Running(self.audio, hidden, time, plan.audio_rotary, inputs.valid_bt, plan.code)

    def _enter_motion(self, inputs: MotionInput, plan: Plan) -> "_Running":
        assert self.motion is not None, "a model of speech alone"
        hidden, time = self.motion.embed(inputs)
        return _Running(self.motion, hidden, time, plan.motion_rotary, inputs.valid_bt, plan.code)

    def _freeze(self, stream: "_Running", plan: Plan) -> Frozen:
        attend = plan.attention.audio if stream.dit is self.audio else plan.attention.motion
        keys = []
        for i in range(self.config.joint_depth):
            heads = stream.project(i)
            keys.append((heads.k, heads.v))
            stream.finish(i, heads, attend(heads.q, (heads.k, heads.v), None))
        return Frozen(keys, stream.valid_bt)

    def plan(
        self,
        audio: AudioInput | Frozen | None,
        motion: MotionInput | Frozen | None,
        visibility: Visibility | None,
        hide_padding: bool = False,
        kind: AttentionKind | None = None,
        code: BlockCode = BlockCode(),
    ) -> Plan:
        """What is the same at every solver step of a call with inputs of these sizes.

        hide_padding: audio does not see padding either, though F5-TTS lets it: the result is that without padding.
        kind: how attention is computed, by default what is best on the device without compiling.
        code: how blocks are computed.
        """
        n_audio, audio_valid = _size(audio)
        n_motion, motion_valid = _size(motion)
        axis = self.axis(n_audio, n_motion)
        if kind is None:
            on_cpu = "gathered" if torch.is_grad_enabled() else "banded"
            kind = on_cpu if axis.device.type == "cpu" else "dense"
        keys = audio_valid if hide_padding or self.config.audio.attn_mask_enabled else None
        return Plan(
            self.audio.rotary_embed(torch.arange(n_audio, device=axis.device)),
            self.audio.rotary_embed(self.motion_positions(axis)),
            plan_attention(axis, visibility, audio_valid, motion_valid, keys, kind),
            code,
        )


@dataclass
class _Running:
    """A stream between two blocks of its DiT."""

    dit: DiT
    hidden: Tensor
    time: Tensor
    rotary: Rotary
    valid_bt: Tensor | None
    code: BlockCode

    def __post_init__(self) -> None:
        self.entry = self.hidden

    def project(self, i: int) -> Heads:
        return self.code.project(self.dit.block(i), self.hidden, self.time, self.rotary)

    def finish(self, i: int, heads: Heads, attended_bhtk: Tensor) -> None:
        attended = attended_bhtk.transpose(1, 2).flatten(2)
        self.hidden = self.code.finish(self.dit.block(i), self.hidden, heads, attended, self.valid_bt)

    def velocity(self) -> Tensor:
        return self.dit.velocity(self.hidden, self.time, self.entry)


def _keys(heads: Heads | None, stream: AudioInput | MotionInput | Frozen | None, block: int) -> tuple[Tensor, Tensor] | None:
    if heads is not None:
        return heads.k, heads.v
    return stream.keys[block] if isinstance(stream, Frozen) else None


def _size(stream: AudioInput | MotionInput | Frozen | None) -> tuple[int, Tensor | None]:
    """Number of tokens and which are valid."""
    if stream is None or (isinstance(stream, Frozen) and not stream.keys):
        return 0, None
    if isinstance(stream, Frozen):
        return stream.keys[0][0].shape[2], stream.valid_bt
    return stream.x_btc.shape[1], stream.valid_bt
