"""The MM-DiT: two streams that share attention in their first blocks (JAM-Flow sections 4.1 to 4.5).

A stream that is entirely given is *frozen*: it enters clean at flow time 1 and does not look at the stream
that is being generated, so its keys and values are the same at every solver step and are computed once.

Shapes: B batch, Ta audio tokens, Tm motion frames, C channels.
"""

# nn.ModuleList hides the type of its members from pyright.
# pyright: reportCallIssue=false, reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from jamflow.model.attention import Stream, attention_mask, dense_attention, own_frame, own_instant_attention
from jamflow.model.block import Heads
from jamflow.model.config import JointConfig
from jamflow.model.streams import AudioDiT, AudioInput, MotionDiT, MotionInput


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
    def __init__(self, config: JointConfig):
        super().__init__()
        self.config = config
        self.audio = AudioDiT(config.audio)
        self.motion = MotionDiT(config.motion, config.audio)

    def audio_times(self, n: int, device: torch.device | None = None) -> Tensor:
        """(n,) seconds at which audio tokens lie."""
        return torch.arange(n, device=device, dtype=torch.float32) / self.config.token_rate_hz

    def motion_times(self, n: int, device: torch.device | None = None) -> Tensor:
        """(n,) seconds at which motion frames lie."""
        return torch.arange(n, device=device, dtype=torch.float32) / self.config.motion_fps

    def freeze_audio(self, inputs: AudioInput) -> Frozen:
        """Run the given speech once, alone."""
        hidden, time = self.audio.embed(inputs)
        keep = _key_mask(inputs.valid_bt, self.config.audio.attn_mask_enabled)
        mask = None if keep is None else keep[:, None, None]
        rotary = self._audio_rotary(hidden.shape[1], hidden.device)
        keys = []
        for block in self.audio.transformer_blocks[: self.config.joint_depth]:
            heads = block.project(hidden, time, rotary)
            keys.append((heads.k, heads.v))
            hidden = block.finish(hidden, heads, dense_attention(heads.q, heads.k, heads.v, mask), inputs.valid_bt)
        return Frozen(keys, inputs.valid_bt)

    def freeze_motion(self, inputs: MotionInput) -> Frozen:
        """Run the given motion once, alone."""
        hidden, time = self.motion.embed(inputs)
        times = self.motion_times(hidden.shape[1], hidden.device)
        mask = self._motion_mask(times, times[:0], inputs.valid_bt, None, None)
        rotary = self._motion_rotary(hidden.shape[1], hidden.device)
        keys = []
        for block in self.motion.transformer_blocks[: self.config.joint_depth]:
            heads = block.project(hidden, time, rotary)
            keys.append((heads.k, heads.v))
            hidden = block.finish(hidden, heads, dense_attention(heads.q, heads.k, heads.v, mask), inputs.valid_bt)
        return Frozen(keys, inputs.valid_bt)

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
        a_hidden = a_time = m_hidden = m_time = None
        a_rotary = m_rotary = None
        if isinstance(audio, AudioInput):
            a_hidden, a_time = self.audio.embed(audio, text_btd)
            a_rotary = self._audio_rotary(a_hidden.shape[1], a_hidden.device)
        if isinstance(motion, MotionInput):
            m_hidden, m_time = self.motion.embed(motion)
            m_rotary = self._motion_rotary(m_hidden.shape[1], m_hidden.device)
        plan = self._plan(audio, motion, sight)
        for i in range(self.config.audio.depth):
            joint = i < self.config.joint_depth
            a = m = None
            if a_hidden is not None:
                a = self.audio.transformer_blocks[i].project(a_hidden, a_time, a_rotary)
            if m_hidden is not None:
                m = self.motion.transformer_blocks[i].project(m_hidden, m_time, m_rotary)
            a_keys = _keys(a, audio, i, joint)
            m_keys = _keys(m, motion, i, joint)
            if a is not None:
                out = plan.audio(a, m_keys if joint else None)
                a_hidden = self.audio.transformer_blocks[i].finish(a_hidden, a, out, audio.valid_bt)
            if m is not None:
                out = plan.motion(m, a_keys if joint else None)
                m_hidden = self.motion.transformer_blocks[i].finish(m_hidden, m, out, motion.valid_bt)
        return (
            None if a_hidden is None else self.audio.velocity(a_hidden, a_time),
            None if m_hidden is None else self.motion.velocity(m_hidden, m_time),
        )

    def _audio_rotary(self, n: int, device: torch.device) -> tuple[Tensor, Tensor]:
        return self.audio.rotary_embed(torch.arange(n, device=device))

    def _motion_rotary(self, n: int, device: torch.device) -> tuple[Tensor, Tensor]:
        # One time axis: a motion frame's position is its time in units of audio tokens. With equal spans this is
        # the paper's p / L * L_ref (section 4.4).
        return self.motion.rotary_embed(self.motion_times(n, device) * self.config.token_rate_hz)

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
    heads: Heads | None, stream: AudioInput | MotionInput | Frozen | None, block: int, joint: bool
) -> tuple[Tensor, Tensor] | None:
    if not joint:
        return None
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
