"""What enters a DiT: flow time, text, positions. Key names and arithmetic are F5-TTS's.

Shapes: B batch, T time, D width, N text tokens.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TEXT_POSITIONS = 8192


class TimeEmbedding(nn.Module):
    """Flow time (B,) in [0, 1] to (B, D)."""

    def __init__(self, dim: int, frequencies: int = 256):
        super().__init__()
        self.frequencies = frequencies
        self.time_mlp = nn.Sequential(nn.Linear(frequencies, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, time_b: Tensor) -> Tensor:
        half = self.frequencies // 2
        steps = torch.arange(half, device=time_b.device).float()
        rate = torch.exp(steps * -(math.log(10000) / (half - 1)))
        # (1000 t) f, in this order: at 1000 rad float32 resolves 6e-5, and the official code rounds here.
        angle = (1000.0 * time_b.float())[:, None] * rate[None]
        waves = torch.cat([angle.sin(), angle.cos()], dim=-1)
        return self.time_mlp(waves.to(next(self.time_mlp.parameters()).dtype))


class GRN(nn.Module):
    """Global response normalisation over time (ConvNeXt V2)."""

    def __init__(self, dim: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, dim))
        self.beta = nn.Parameter(torch.zeros(1, 1, dim))

    def forward(self, x_btd: Tensor) -> Tensor:
        size = torch.norm(x_btd, p=2, dim=1, keepdim=True)
        relative = size / (size.mean(dim=-1, keepdim=True) + 1e-6)
        return self.gamma * (x_btd * relative) + self.beta + x_btd


class ConvNeXtV2Block(nn.Module):
    def __init__(self, dim: int, intermediate_dim: int):
        super().__init__()
        self.dwconv = nn.Conv1d(dim, dim, kernel_size=7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = nn.Linear(dim, intermediate_dim)
        self.grn = GRN(intermediate_dim)
        self.pwconv2 = nn.Linear(intermediate_dim, dim)

    def forward(self, x_btd: Tensor) -> Tensor:
        y = self.dwconv(x_btd.transpose(1, 2)).transpose(1, 2)
        return x_btd + self.pwconv2(self.grn(F.gelu(self.pwconv1(self.norm(y)))))


class TextEmbedding(nn.Module):
    """Tokens (B, N), -1 for none, to (B, T, text_dim), one per audio token.

    Either F5-TTS's scheme (the text from the start, then nothing: the model finds the timing) or tokens
    already laid out in time (N = T, each repeated for as long as it lasts): the same call.
    """

    positions: Tensor

    def __init__(self, vocab: int, dim: int, layers: int, mask_padding: bool):
        super().__init__()
        self.mask_padding = mask_padding
        self.text_embed = nn.Embedding(vocab + 1, dim)  # row 0 is the filler
        self.text_blocks = nn.Sequential(*[ConvNeXtV2Block(dim, dim * 2) for _ in range(layers)])
        with torch.device("cpu"):  # in no file: real numbers even where the weights are yet to be loaded
            rate = 1.0 / (10000.0 ** (torch.arange(0, dim, 2)[: dim // 2].float() / dim))
            angle = torch.outer(torch.arange(TEXT_POSITIONS).float(), rate)
            self.register_buffer("positions", torch.cat([angle.cos(), angle.sin()], dim=-1), persistent=False)

    def forward(self, tokens_bn: Tensor, length: int, drop_b: Tensor, valid_bt: Tensor | None = None) -> Tensor:
        """drop_b: (B,) bool, rows whose text is withheld. valid_bt: (B, T) bool, frames inside the row."""
        tokens = F.pad(tokens_bn[:, :length] + 1, (0, max(0, length - tokens_bn.shape[1])))
        if valid_bt is not None:
            tokens = tokens.masked_fill(~valid_bt, 0)
        # Taken before dropping: a dropped text still shows how many tokens it had (as in F5-TTS v1).
        has_text = (tokens != 0)[..., None]
        tokens = tokens.masked_fill(drop_b[:, None], 0)
        x = self.text_embed(tokens)
        place = self.positions[torch.arange(length, device=tokens.device).clamp(max=TEXT_POSITIONS - 1)]
        x = x + place
        if valid_bt is not None:
            x = x * valid_bt[..., None]
        if not self.mask_padding:
            return self.text_blocks(x)
        x = x * has_text
        for block in self.text_blocks:
            x = block(x) * has_text
        return x


class ConvPositionEmbedding(nn.Module):
    """Two grouped convolutions that tell a frame where it is among its neighbours."""

    def __init__(self, dim: int, kernel: int = 31, groups: int = 16):
        super().__init__()
        convs = [nn.Conv1d(dim, dim, kernel, groups=groups, padding=kernel // 2) for _ in range(2)]
        self.conv1d = nn.Sequential(convs[0], nn.Mish(), convs[1], nn.Mish())

    def forward(self, x_btd: Tensor, valid_bt: Tensor | None) -> Tensor:
        keep = None if valid_bt is None else valid_bt[:, None].to(x_btd.dtype)
        y = x_btd.transpose(1, 2)
        if keep is not None:
            y = y * keep
        for layer in self.conv1d:
            y = layer(y)
            if keep is not None:
                y = y * keep
        return y.transpose(1, 2)


class RotaryEmbedding(nn.Module):
    """Rotary positions for real-valued times; `inv_freq` is in F5-TTS's checkpoints."""

    inv_freq: Tensor

    def __init__(self, head_dim: int):
        super().__init__()
        rate = 1.0 / (10000.0 ** (torch.arange(0, head_dim, 2).float() / head_dim))
        self.register_buffer("inv_freq", rate)

    def forward(self, position_t: Tensor) -> tuple[Tensor, Tensor]:
        """(T,) positions to cosine and sine, each (T, head_dim / 2)."""
        angle = torch.outer(position_t.float(), self.inv_freq.float())
        return angle.cos(), angle.sin()


def rotate(x_bhtd: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
    """Turn interleaved pairs (2i, 2i + 1) by the angle of frequency i."""
    cos, sin = (r.to(x_bhtd.dtype) for r in rotary)
    a, b = x_bhtd[..., 0::2], x_bhtd[..., 1::2]
    return torch.stack([a * cos - b * sin, b * cos + a * sin], dim=-1).flatten(-2)
