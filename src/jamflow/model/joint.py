"""The MM-DiT: two streams that share attention in their first blocks (JAM-Flow sections 4.1 to 4.5).

A stream that is entirely given is *frozen*: it enters clean at flow time 1 and does not look at the stream
that is being generated, so its keys and values are the same at every solver step and are computed once.

Shapes: B batch, Ta audio tokens, Tm motion frames, C channels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from jamflow.model.attention import Stream, attention_mask, dense_attention, own_frame, own_instant_attention
from jamflow.model.block import Heads
from jamflow.model.config import JointConfig
from jamflow.model.streams import AudioDiT, AudioInput, DiT, MotionDiT, MotionInput


@dataclass
class Frozen:
    """Keys and values of a given stream in every joint block."""

    keys: list[tuple[Tensor, Tensor]]
    valid_bt: Tensor | None


@dataclass
class Sight:
    """Per row of the batch: does the audio stream see motion, does the motion stream see audio? (B,) bool."""

    audio_sees_motion_b: Tensor
    motion_sees_audio_b: Tensor


class JointModel(nn.Module):
    def __init__(self, config: JointConfig, audio: AudioDiT | None = None, with_motion: bool = True):
        """audio: a speech stream that exists already; with_motion: False makes a model of speech alone."""
        super().__init__()
        self.config = config
        self.audio = AudioDiT(config.audio) if audio is None else audio
        self.motion = MotionDiT(config.motion, config.audio) if with_motion else None

    def audio_times(self, n: int, device: torch.device | None = None) -> Tensor:
        """(n,) seconds at which audio tokens lie."""
        return torch.arange(n, device=device, dtype=torch.float32) / self.config.token_rate_hz

    def motion_times(self, n: int, device: torch.device | None = None) -> Tensor:
        """(n,) seconds at which motion frames lie."""
        return torch.arange(n, device=device, dtype=torch.float32) / self.config.motion_fps

    def freeze_audio(self, inputs: AudioInput) -> Frozen:
        """Run the given speech once, alone."""
        keep = _key_mask(inputs.valid_bt, self.config.audio.attn_mask_enabled)
        return self._freeze(self._enter_audio(inputs, None), None if keep is None else keep[:, None, None])

    def freeze_motion(self, inputs: MotionInput) -> Frozen:
        """Run the given motion once, alone."""
        stream = self._enter_motion(inputs)
        times = self.motion_times(stream.hidden.shape[1], stream.hidden.device)
        return self._freeze(stream, self._motion_mask(times, times[:0], inputs.valid_bt, None, None))

    def forward(
        self,
        audio: AudioInput | Frozen | None,
        motion: MotionInput | Frozen | None,
        sight: Sight | None = None,
        text_btd: Tensor | None = None,
    ) -> tuple[Tensor | None, Tensor | None]:
        """Velocities (B, Ta, C) and (B, Tm, C) of the streams that are being generated.

        A stream that is None is absent, one that is Frozen gives only keys; neither has a velocity. `sight`
        None lets both see each other. `text_btd` is `audio.embed_text` computed ahead, once per call.
        """
        a = self._enter_audio(audio, text_btd) if isinstance(audio, AudioInput) else None
        m = self._enter_motion(motion) if isinstance(motion, MotionInput) else None
        plan = self._plan(audio, motion, sight)  # pyright: ignore[reportCallIssue]  # torch leaves the decorator untyped
        for i in range(self.config.audio.depth):
            joint = i < self.config.joint_depth
            a_heads = None if a is None else a.project(i)
            m_heads = None if m is None else m.project(i)
            a_keys = _keys(a_heads, audio, i) if joint else None
            m_keys = _keys(m_heads, motion, i) if joint else None
            if a is not None and a_heads is not None:
                a.finish(i, a_heads, plan.audio(a_heads, m_keys))
            if m is not None and m_heads is not None:
                m.finish(i, m_heads, plan.motion(m_heads, a_keys))
        return None if a is None else a.velocity(), None if m is None else m.velocity()

    def _enter_audio(self, inputs: AudioInput, text_btd: Tensor | None) -> "_Running":
        hidden, time = self.audio.embed(inputs, text_btd)
        rotary = self.audio.rotary_embed(torch.arange(hidden.shape[1], device=hidden.device))
        return _Running(self.audio, hidden, time, rotary, inputs.valid_bt)

    def _enter_motion(self, inputs: MotionInput) -> "_Running":
        assert self.motion is not None, "a model of speech alone"
        hidden, time = self.motion.embed(inputs)
        # One time axis: a motion frame's position is its time in units of audio tokens. With equal spans this is
        # the paper's p / L * L_ref (section 4.4).
        times = self.motion_times(hidden.shape[1], hidden.device)
        return _Running(self.motion, hidden, time, self.motion.rotary_embed(times * self.config.token_rate_hz), inputs.valid_bt)

    def _freeze(self, stream: "_Running", mask: Tensor | None) -> Frozen:
        keys = []
        for i in range(self.config.joint_depth):
            heads = stream.project(i)
            keys.append((heads.k, heads.v))
            stream.finish(i, heads, dense_attention(heads.q, heads.k, heads.v, mask))
        return Frozen(keys, stream.valid_bt)

    def _motion_mask(
        self, motion_s: Tensor, audio_s: Tensor, motion_valid: Tensor | None, audio_valid: Tensor | None, see: Tensor | None
    ) -> Tensor:  # fmt: skip
        """(Tm, Ta + Tm) or (B, 1, Tm, Ta + Tm) bool, audio keys first."""
        c = self.config
        mask = attention_mask(Stream.MOTION, motion_s, audio_s, motion_s, c.window_s, c.motion_fps)
        n_audio = len(audio_s)
        if motion_valid is None and audio_valid is None and see is None:
            return mask
        batch = next(x for x in (motion_valid, audio_valid, see) if x is not None).shape[0]
        keep = torch.ones(batch, n_audio + len(motion_s), dtype=torch.bool, device=motion_s.device)
        if audio_valid is not None:
            keep[:, :n_audio] &= audio_valid
        if see is not None:
            keep[:, :n_audio] &= see[:, None]
        if motion_valid is not None:
            keep[:, n_audio:] &= motion_valid
        mask = mask[None] & keep[:, None]
        # A padded frame past the end has nothing in its window; it sees itself, so that softmax stays finite.
        own = torch.zeros_like(mask[0])
        own[:, n_audio:] = torch.eye(len(motion_s), dtype=torch.bool, device=own.device)
        return (mask | own)[:, None]

    @torch.compiler.disable  # a few small index tensors a call: not worth a graph
    def _plan(self, audio: AudioInput | Frozen | None, motion: MotionInput | Frozen | None, sight: Sight | None) -> "_Plan":
        n_audio, audio_valid = _size(audio)
        n_motion, motion_valid = _size(motion)
        device = next(self.parameters()).device
        audio_s, motion_s = self.audio_times(n_audio, device), self.motion_times(n_motion, device)
        plan = _Plan(None, None, None, None, None)
        if isinstance(audio, AudioInput):
            plan.audio_keys = _key_mask(audio_valid, self.config.audio.attn_mask_enabled)
            if n_motion:
                own = own_frame(audio_s, self.config.motion_fps).long()
                exists = own < n_motion
                plan.own = own.clamp(max=n_motion - 1)
                see = exists[None]
                if motion_valid is not None:
                    see = see & motion_valid[:, plan.own]
                if sight is not None:
                    see = see & sight.audio_sees_motion_b[:, None]
                plan.see_own = see
        if isinstance(motion, MotionInput):
            see = None if sight is None else sight.motion_sees_audio_b
            plan.motion_joint = self._motion_mask(motion_s, audio_s, motion_valid, audio_valid, see)
            plan.motion_alone = self._motion_mask(motion_s, audio_s[:0], motion_valid, None, None)
        return plan


@dataclass
class _Running:
    """A stream on its way through the blocks of its DiT."""

    dit: DiT
    hidden: Tensor
    time: Tensor
    rotary: tuple[Tensor, Tensor]
    valid_bt: Tensor | None

    def project(self, i: int) -> Heads:
        return self.dit.block(i).project(self.hidden, self.time, self.rotary)

    def finish(self, i: int, heads: Heads, attended: Tensor) -> None:
        self.hidden = self.dit.block(i).finish(self.hidden, heads, attended, self.valid_bt)

    def velocity(self) -> Tensor:
        return self.dit.velocity(self.hidden, self.time)


@dataclass
class _Plan:
    """Masks and indices of one call, the same in every block."""

    audio_keys: Tensor | None
    own: Tensor | None
    see_own: Tensor | None
    motion_joint: Tensor | None
    motion_alone: Tensor | None

    def audio(self, a: Heads, motion_keys: tuple[Tensor, Tensor] | None) -> Tensor:
        if motion_keys is None or self.own is None:
            mask = None if self.audio_keys is None else self.audio_keys[:, None, None]
            return dense_attention(a.q, a.k, a.v, mask)
        return own_instant_attention(a.q, a.k, a.v, *motion_keys, self.own, self.see_own, self.audio_keys)

    def motion(self, m: Heads, audio_keys: tuple[Tensor, Tensor] | None) -> Tensor:
        if audio_keys is None:
            return dense_attention(m.q, m.k, m.v, self.motion_alone)
        k = torch.cat([audio_keys[0], m.k], dim=2)
        v = torch.cat([audio_keys[1], m.v], dim=2)
        return dense_attention(m.q, k, v, self.motion_joint)


def _keys(
    heads: Heads | None, stream: AudioInput | MotionInput | Frozen | None, block: int
) -> tuple[Tensor, Tensor] | None:
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


def _key_mask(valid_bt: Tensor | None, enabled: bool) -> Tensor | None:
    """F5-TTS lets padded frames take part as keys unless its attention mask is switched on."""
    return valid_bt if enabled else None
