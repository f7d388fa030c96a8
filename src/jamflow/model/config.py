"""Sizes and switches of the MM-DiT. `mini` and `base` are two values of the same classes."""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from jamflow.mel_format import MelFormat

JointLayers = Literal["none", "half", "full"]
TextKind = Literal["phonemes", "f5"]
SpaceName = Literal["mesh", "liveportrait"]
MaskRule = Literal["both", "motion", "audio", "none"]
MINI_MOUTH = tuple(range(6))  # the face mesh's (face/mesh/space.py)


@dataclass(frozen=True)
class AudioConfig:
    """Audio-DiT: F5-TTS's DiT, key for key. Defaults are F5TTS_v1_Base.

    `channels` is mel bands times frames per token. `text_mask_padding` and `pe_attn_head` tell v1 (True,
    None) from v0 (False, 1); the two have the same keys. `pe_attn_head` is the number of heads that rotate, None for all;
    `qk_norm` norms queries and keys. Both hold for the motion stream too, whose queries and keys meet those of audio. No
    published checkpoint has the last three switches, but F5-TTS can be trained with them: `qk_norm`, text spread evenly over all
    frames, the input shown again to the last layer.
    """

    channels: int = 100
    dim: int = 1024
    depth: int = 22
    heads: int = 16
    head_dim: int = 64
    ff_mult: int = 2
    text_vocab: int = 2545
    text_dim: int = 512
    text_layers: int = 4
    text_mask_padding: bool = True
    pe_attn_head: int | None = None
    attn_mask_enabled: bool = False
    qk_norm: bool = False
    average_upsampling: bool = False
    long_skip: bool = False


@dataclass(frozen=True)
class MotionConfig:
    """Motion-DiT: depth and attention width (heads times head size) are Audio-DiT's, the hidden width `dim` is its own.

    Pooled tokens need the attention width, shared blocks the depth. The paper does not give the size of Motion-DiT. `dim` is half
    of Audio-DiT's in `base` (512 of 1024) and 160 of 256 in `mini`, because motion has few numbers a frame; other widths were not
    compared.

    Defaults are LivePortrait's: 4 mouth key points are generated, the other 17 are the clue (JAM-Flow section 4.2). `space` names
    the motion space, `mouth` says which of its key points are generated, in the order of the channels.
    """

    mouth_channels: int = 12
    clue_channels: int = 51
    dim: int = 512
    ff_mult: int = 2
    mouth: tuple[int, ...] = (14, 17, 19, 20)
    space: SpaceName = "liveportrait"


@dataclass(frozen=True)
class JointConfig:
    """The two streams and how they meet.

    joint: which blocks have joint attention: none, the first half, or all. The paper joins half of the layers (sections 1 and
        4.4) and does not say which. In the first half, a stream that is entirely given has to run through that half only.
    window_s: a motion frame sees motion, and in joint blocks audio, at most this many seconds before and after it. The paper has
        such a window (section 4.5, N_window) and gives no value. Motion is masked by it in every block, also in those that are
        not joint (`plan.plan_attention`).
    mask: whose queries are masked (`attention.may_attend`). The paper masks both; its Table 4 has a variant without the mask.
        Motion that is not masked depends on all of a window, so that motion of any length in windows is then an approximation.
    aligned: motion frames have the rotary positions of their times on the audio's axis (section 4.4); otherwise their numbers.
    frames_per_token: mel frames that make one audio token; `audio.channels` is that many times `mel.bands`.
    mel: the format of the sound and of its mel frames.
    text: what text tokens are: phonemes laid out in time, or F5-TTS's characters and pinyin from the start.
    """

    audio: AudioConfig = field(default_factory=AudioConfig)
    motion: MotionConfig = field(default_factory=MotionConfig)
    joint: JointLayers = "half"
    window_s: float = 0.4
    mask: MaskRule = "both"
    aligned: bool = True
    frames_per_token: int = 1
    mel: MelFormat = field(default_factory=MelFormat)
    motion_fps: float = 25.0
    text: TextKind = "phonemes"

    @property
    def joint_depth(self) -> int:
        """How many blocks have joint attention: these first ones."""
        return {"none": 0, "half": self.audio.depth // 2, "full": self.audio.depth}[self.joint]

    @property
    def token_rate_hz(self) -> float:
        """Audio tokens per second: the unit of all rotary positions."""
        return self.mel.frame_rate_hz / self.frames_per_token

    @property
    def exact_token_rate_hz(self) -> Fraction:
        """The same, for clocks that must not drift."""
        return Fraction(self.mel.sample_rate_hz, self.mel.hop * self.frames_per_token)

    @property
    def exact_motion_fps(self) -> Fraction:
        """Motion frames per second, for clocks that must not drift."""
        return Fraction(self.motion_fps).limit_denominator(1001)

    @property
    def block_tokens(self) -> int:
        """Audio tokens in the shortest span that is whole in tokens and in motion frames."""
        return (self.exact_motion_fps / self.exact_token_rate_hz).denominator

    def motion_frames(self, tokens: int) -> int:
        """Motion frames that begin before so many audio tokens end."""
        return math.ceil(tokens / self.token_rate_hz * self.motion_fps - 1e-6)


def base() -> JointConfig:
    """The paper's size: F5-TTS v1 Base and LivePortrait's key points."""
    return JointConfig(text="f5")


def mini(vocab: int) -> JointConfig:
    """The model that ships: phonemes, two mel frames a token, the face mesh's key points."""
    return JointConfig(
        audio=AudioConfig(
            channels=200,
            dim=256,
            depth=8,
            heads=4,
            text_vocab=vocab,
            text_dim=128,
            text_layers=3,
            attn_mask_enabled=True,
        ),
        motion=MotionConfig(mouth_channels=18, clue_channels=36, dim=160, mouth=MINI_MOUTH, space="mesh"),
        frames_per_token=2,
    )
