"""The two streams: their inputs, blocks and velocities.

Shapes: B batch, T tokens of the stream, C channels of the stream, N text tokens, D width.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from jamflow.compute.linear import Linear
from jamflow.model.block import DiTBlock, FinalAdaLayerNorm
from jamflow.model.config import AudioConfig, MotionConfig
from jamflow.model.embedding import ConvPositionEmbedding, RotaryEmbedding, TextEmbedding, TimeEmbedding

MOTION_KERNEL = 15  # of the motion stream's two convolutions, in frames


@dataclass
class AudioInput:
    """The speech stream at one solver step.

    x_btc: noisy mel tokens.
    context_btc: given mel tokens, zero where they are to be generated.
    time_b: flow time in [0, 1], one for all rows or one for each.
    tokens_bn: text, -1 for none.
    drop_text_b, drop_context_b: (B,) bool, rows that do not see them.
    valid_bt: (B, T) bool, tokens inside the row; None when all are.
    """

    x_btc: Tensor
    context_btc: Tensor
    time_b: Tensor
    tokens_bn: Tensor
    drop_text_b: Tensor
    drop_context_b: Tensor
    valid_bt: Tensor | None = None


@dataclass
class MotionInput:
    """The motion stream at one solver step.

    x_btc: noisy mouth key points.
    context_btc: given mouth key points, zero where they are to be generated.
    given_bt: (B, T) bool or 0 and 1, where they are given. Key points at rest are zero too.
    clue_btc: the other key points (the paper's e_rest).
    time_b: flow time in [0, 1], one for all rows or one for each.
    drop_clue_b, drop_context_b: (B,) bool, rows that do not see them.
    valid_bt: (B, T) bool, frames inside the row; None when all are.
    """

    x_btc: Tensor
    context_btc: Tensor
    given_bt: Tensor
    clue_btc: Tensor
    time_b: Tensor
    drop_clue_b: Tensor
    drop_context_b: Tensor
    valid_bt: Tensor | None = None


class AudioInputEmbedding(nn.Module):
    """Noisy mel, context and text to the hidden state (B, T, D)."""

    def __init__(self, config: AudioConfig):
        super().__init__()
        self.proj = Linear(config.channels * 2 + config.text_dim, config.dim)
        self.conv_pos_embed = ConvPositionEmbedding(config.dim)

    def forward(self, x: Tensor, context: Tensor, text: Tensor, valid_bt: Tensor | None) -> Tensor:
        x = self.proj(torch.cat([x, context, text], dim=-1))
        return self.conv_pos_embed(x, valid_bt) + x


class DiT(nn.Module):
    """What both streams have: blocks, and an output that is zero before training."""

    rotary_embed: RotaryEmbedding
    transformer_blocks: nn.ModuleList
    norm_out: FinalAdaLayerNorm
    proj_out: Linear
    long_skip_connection: Linear | None

    def block(self, i: int) -> DiTBlock:
        return cast(DiTBlock, self.transformer_blocks[i])

    def velocity(self, hidden_btd: Tensor, time_bd: Tensor, entry_btd: Tensor) -> Tensor:
        """(B, T, C) from the hidden state after the blocks; `entry_btd` is the hidden state before them."""
        if self.long_skip_connection is not None:
            hidden_btd = self.long_skip_connection(torch.cat([hidden_btd, entry_btd], dim=-1))
        return self.proj_out(self.norm_out(hidden_btd, time_bd))

    def start_as_identity(self) -> None:
        """Zero the gates and the output, so that training starts from the identity (as F5-TTS does)."""
        blocks = [self.block(i).attn_norm.linear for i in range(len(self.transformer_blocks))]
        for linear in (*blocks, self.norm_out.linear, self.proj_out):
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)


class AudioDiT(DiT):
    """F5-TTS's DiT; its state dict is the official one without the prefix `transformer.`."""

    def __init__(self, config: AudioConfig):
        super().__init__()
        self.config = config
        self.time_embed = TimeEmbedding(config.dim)
        self.text_embed = TextEmbedding(
            config.text_vocab, config.text_dim, config.text_layers, config.text_mask_padding, config.average_upsampling
        )
        self.input_embed = AudioInputEmbedding(config)
        self.rotary_embed = RotaryEmbedding(config.head_dim)
        self.transformer_blocks = nn.ModuleList(
            DiTBlock(config.dim, config.heads, config.head_dim, config.ff_mult, config.pe_attn_head, config.qk_norm)
            for _ in range(config.depth)
        )
        self.norm_out = FinalAdaLayerNorm(config.dim)
        self.proj_out = Linear(config.dim, config.channels)
        self.long_skip_connection = Linear(2 * config.dim, config.dim, bias=False) if config.long_skip else None
        self.start_as_identity()

    def embed_text(self, inputs: AudioInput) -> Tensor:
        """(B, T, text_dim), the same at every solver step."""
        length = inputs.x_btc.shape[1]
        return self.text_embed(inputs.tokens_bn, length, inputs.drop_text_b, inputs.valid_bt)

    def embed(self, inputs: AudioInput, text_btd: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(B, T, D) hidden state and (B, D) time embedding."""
        text = self.embed_text(inputs) if text_btd is None else text_btd
        context = inputs.context_btc * ~inputs.drop_context_b[:, None, None]
        kind = self.proj_out.weight.dtype
        hidden = self.input_embed(inputs.x_btc.to(kind), context.to(kind), text, inputs.valid_bt)
        return hidden, self.time_embed(inputs.time_b)


class MotionDiT(DiT):
    """A DiT for facial motion, with the same blocks (JAM-Flow section 4.2). `MotionConfig` says how wide it is and why."""

    def __init__(self, config: MotionConfig, audio: AudioConfig):
        super().__init__()
        self.config = config
        self.time_embed = TimeEmbedding(config.dim)
        channels = config.mouth_channels * 2 + 1 + config.clue_channels + 1
        self.proj = Linear(channels, config.dim)
        self.conv_pos_embed = ConvPositionEmbedding(config.dim, kernel=MOTION_KERNEL)
        self.rotary_embed = RotaryEmbedding(audio.head_dim)
        self.transformer_blocks = nn.ModuleList(
            # Queries and keys of the two streams meet: the same heads rotate, and norms are on or off, in both.
            DiTBlock(config.dim, audio.heads, audio.head_dim, config.ff_mult, audio.pe_attn_head, audio.qk_norm)
            for _ in range(audio.depth)
        )
        self.norm_out = FinalAdaLayerNorm(config.dim)
        self.proj_out = Linear(config.dim, config.mouth_channels)
        self.long_skip_connection = None
        self.start_as_identity()

    def embed(self, inputs: MotionInput) -> tuple[Tensor, Tensor]:
        """(B, T, D) hidden state and (B, D) time embedding."""
        keep_context = ~inputs.drop_context_b[:, None, None]
        keep_clue = (~inputs.drop_clue_b[:, None, None]).expand(-1, inputs.x_btc.shape[1], 1)
        parts = [
            inputs.x_btc,
            inputs.context_btc * keep_context,
            inputs.given_bt[..., None].to(inputs.x_btc.dtype) * keep_context,
            inputs.clue_btc * keep_clue,
            keep_clue.to(inputs.x_btc.dtype),
        ]
        hidden = self.proj(torch.cat(parts, dim=-1).to(self.proj_out.weight.dtype))
        hidden = self.conv_pos_embed(hidden, inputs.valid_bt) + hidden
        return hidden, self.time_embed(inputs.time_b)
