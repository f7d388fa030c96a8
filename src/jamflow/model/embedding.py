"""Embeddings of flow time, text and positions. Key names and arithmetic are F5-TTS's.

Shapes: B batch, T time, D width, N text tokens.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.compute.linear import Linear, LinearGelu

TEXT_POSITIONS = 8192
_WAVES = 256  # sines and cosines of the flow time
_GROUPS = 16  # of the convolutions for position


class TimeEmbedding(nn.Module):
    """Flow time (B,) in [0, 1] to (B, D), in single precision whatever the type of the weights."""

    def __init__(self, dim: int):
        super().__init__()
        self.time_mlp = nn.Sequential(nn.Linear(_WAVES, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, time_b: Tensor) -> Tensor:
        half = _WAVES // 2
        steps = torch.arange(half, device=time_b.device).float()
        rate = torch.exp(steps * -(math.log(10000) / (half - 1)))
        # (1000 t) f, in this order: at 1000 rad float32 resolves 6e-5, and the official code rounds here.
        angle = (1000.0 * time_b.float())[:, None] * rate[None]
        waves = torch.cat([angle.sin(), angle.cos()], dim=-1)
        first, activation, last = self.time_mlp
        return _single(last, activation(_single(first, waves)))


def _single(layer: nn.Module, x: Tensor) -> Tensor:
    assert isinstance(layer, nn.Linear)
    return F.linear(x, layer.weight.float(), layer.bias.float())


class GRN(nn.Module):
    """Global response normalisation over time (ConvNeXt V2)."""

    def __init__(self, dim: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, dim))
        self.beta = nn.Parameter(torch.zeros(1, 1, dim))

    def forward(self, x_btd: Tensor) -> Tensor:
        size = torch.linalg.vector_norm(x_btd, dim=1, keepdim=True, dtype=torch.float32)
        relative = (size / (size.mean(dim=-1, keepdim=True) + 1e-6)).to(x_btd.dtype)
        return self.gamma * (x_btd * relative) + self.beta + x_btd


class ConvNeXtV2Block(nn.Module):
    """(B, T, D) to (B, T, D): seven frames wide, but for the GRN, which sees all frames."""

    def __init__(self, dim: int, intermediate_dim: int):
        super().__init__()
        self.dwconv = nn.Conv1d(dim, dim, kernel_size=7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = LinearGelu(dim, intermediate_dim)
        self.grn = GRN(intermediate_dim)
        self.pwconv2 = Linear(intermediate_dim, dim)

    def forward(self, x_btd: Tensor) -> Tensor:
        y = self.dwconv(x_btd.transpose(1, 2)).transpose(1, 2)
        return x_btd + self.pwconv2(self.grn(self.pwconv1(self.norm(y))))


class TextEmbedding(nn.Module):
    """Tokens (B, N), -1 for none, to (B, T, text_dim), one per audio token.

    Tokens come from the start, then nothing follows (F5-TTS's scheme: the model finds the timing), or they are laid out in time
    (N = T, each repeated for as long as it lasts). The call is the same.
    """

    positions: Tensor

    def __init__(self, vocab: int, dim: int, layers: int, mask_padding: bool, average_upsampling: bool = False):
        super().__init__()
        if average_upsampling and not mask_padding:
            raise ValueError("text can be spread over the frames only where its padding is masked")
        self.mask_padding = mask_padding
        self.average_upsampling = average_upsampling
        self.text_embed = nn.Embedding(vocab + 1, dim)  # row 0 is the filler
        self.text_blocks = nn.Sequential(*[ConvNeXtV2Block(dim, dim * 2) for _ in range(layers)])
        with torch.device("cpu"):  # no file has them: numbers are made even where weights are still to be loaded
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
        return _spread(x, has_text[..., 0], valid_bt) if self.average_upsampling else x


def _spread(x_btd: Tensor, has_text_bt: Tensor, valid_bt: Tensor | None) -> Tensor:
    """Each row's L text frames, which come first, repeated over its A frames: A // L times, the last A mod L once more."""
    text = has_text_bt.sum(1, keepdim=True).clamp(min=1)
    whole = torch.full_like(text, x_btd.shape[1]) if valid_bt is None else valid_bt.sum(1, keepdim=True)
    times, longer = whole // text, whole % text
    frame = torch.arange(x_btd.shape[1], device=x_btd.device)[None]
    turn = (text - longer) * times  # from this frame on, once more
    index = torch.where(frame < turn, frame // times.clamp(min=1), text - longer + (frame - turn) // (times + 1))
    index = index.clamp(max=x_btd.shape[1] - 1)
    return x_btd.gather(1, index[..., None].expand_as(x_btd)) * (frame < whole)[..., None]


class ConvPositionEmbedding(nn.Module):
    """Two grouped convolutions, which tell a frame where it is among its neighbours. (B, T, D) to (B, T, D)."""

    def __init__(self, dim: int, kernel: int = 31):
        super().__init__()
        convs = [nn.Conv1d(dim, dim, kernel, groups=_GROUPS, padding=kernel // 2) for _ in range(2)]
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

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "RotaryEmbedding":
        """Moves with the module but stays in single precision: positions reach thousands."""
        rate = self.inv_freq
        super()._apply(fn, recurse)
        if self.inv_freq.dtype != rate.dtype:
            # A copy: as read from a file it would keep the whole file in memory.
            self.inv_freq = rate.to(self.inv_freq.device, copy=True)
        return self

    def forward(self, position_t: Tensor) -> tuple[Tensor, Tensor]:
        """(T,) positions to cosine and sine, each (T, head_dim / 2)."""
        angle = torch.outer(position_t.float(), self.inv_freq.float())
        return angle.cos(), angle.sin()


def rotate(x_bhtd: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate interleaved pairs (2i, 2i + 1) of the last dimension by the angle of frequency i, in single precision."""
    cos, sin = rotary
    pairs = x_bhtd.float().unflatten(-1, (-1, 2))
    if pairs.device.type == "cpu" and not torch.is_grad_enabled() and not torch.compiler.is_compiling():
        # A pair is a complex number and the rotation a product: one pass instead of six.
        turned = torch.view_as_real(torch.view_as_complex(pairs) * torch.complex(cos, sin))
    else:
        a, b = pairs.unbind(-1)
        turned = torch.stack([a * cos - b * sin, b * cos + a * sin], dim=-1)
    return turned.flatten(-2).to(x_bhtd.dtype)
