"""How long each phoneme lasts: a small convolutional predictor for text without timing, in the manner of a voice.

Shapes: B sentences, N symbols, D width, K numbers of a manner (`text.manner`), V symbols that exist.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.errors import UserError
from jamflow.text.manner import KINDS, measured
from jamflow.weights.tensors import filled, load_tensors

MIN_DURATION_S = 0.02


@dataclass(frozen=True)
class DurationConfig:
    """manner: whether it can time what a voice says; early files cannot."""

    vocab: int
    dim: int = 160
    layers: int = 4
    kernel: int = 7
    manner: bool = False


class DurationPredictor(nn.Module):
    """Symbols (B, N), and the manners of voices (B, K), to expected seconds (B, N).

    Buffer `usual_s`: (V,) how long each symbol lasts on average over the voices of the training.
    """

    usual_s: Tensor

    def __init__(self, config: DurationConfig):
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab + 1, config.dim)  # row 0 is padding
        pad = config.kernel // 2
        self.convs = nn.ModuleList(nn.Conv1d(config.dim, config.dim, config.kernel, padding=pad) for _ in range(config.layers))
        self.norms = nn.ModuleList(nn.LayerNorm(config.dim) for _ in range(config.layers))
        self.out = nn.Linear(config.dim, 1)
        if config.manner:
            self.manner = nn.Linear(len(KINDS), config.dim, bias=False)
            self.register_buffer("usual_s", torch.ones(config.vocab))

    def manner_of(self, tokens_n: Tensor, seconds_n: Tensor) -> Tensor:
        """(K,) the manner in which symbols (N,) are said that last as many seconds (N,); zeros if manners were not learnt."""
        if not self.config.manner:
            return torch.zeros(len(KINDS))
        return torch.from_numpy(measured(tokens_n.numpy(), seconds_n.numpy(), self.usual_s.cpu().numpy()))

    def log_durations(self, tokens_bn: Tensor, manner_bk: Tensor | None = None) -> Tensor:
        """(B, N) logarithm of seconds; tokens -1 are padding. Without a manner, that of an average voice."""
        keep = (tokens_bn >= 0)[..., None]
        x = self.embed(tokens_bn + 1)
        if self.config.manner and manner_bk is not None:
            x = x + self.manner(manner_bk)[:, None]
        x = x * keep
        for conv, norm in zip(self.convs, self.norms, strict=True):
            y = F.gelu(conv(x.transpose(1, 2)).transpose(1, 2))
            x = norm(x + y) * keep
        return self.out(x)[..., 0] - 2.5  # about 80 ms before training

    def forward(self, tokens_bn: Tensor, manner_bk: Tensor | None = None) -> Tensor:
        return self.log_durations(tokens_bn, manner_bk).exp().clamp(min=MIN_DURATION_S)


def load_durations(path: Path, vocab: int) -> DurationPredictor:
    """A duration predictor's file, ready for inference.

    Args:
        vocab: how many symbols the model reads whose text it times.

    Raises:
        UserError: the file is missing or damaged, or the predictor reads other symbols.
    """
    tensors, raw = load_tensors(path)
    try:
        config = DurationConfig(**raw)
    except TypeError as error:
        raise UserError(f"{path} is a model file of JAM-Flow, but not of durations.", "Check which file it is.") from error
    if config.vocab != vocab:
        raise UserError(
            f"The durations in {path} are of {config.vocab} symbols, and the model reads {vocab}.",
            "Use files that were trained together.",
        )
    model = filled(lambda: DurationPredictor(config), tensors, path, "the duration predictor")
    return model.eval().requires_grad_(False)


def timeline(symbols: list[str], seconds: Tensor) -> list[tuple[str, float, float]]:
    """(symbol, start s, end s) from symbols and their (N,) durations; the first starts at 0."""
    ends = seconds.double().cumsum(0).tolist()
    return list(zip(symbols, [0.0, *ends[:-1]], ends, strict=True))


def duration_loss(log_seconds_bn: Tensor, seconds_bn: Tensor, keep_bn: Tensor) -> Tensor:
    """Poisson deviance up to a constant. Its minimum is the mean, so that sentences get their true length.

    A squared error of logarithms would give the geometric mean, and speech about 10 % too fast.
    """
    loss = torch.exp(log_seconds_bn) - seconds_bn * log_seconds_bn
    return (loss * keep_bn).sum() / (seconds_bn * keep_bn).sum()
