"""Hears which sounds are said when, and how open the lips are: a small convolutional network from log mel, frame by frame.

It is not a speech recogniser for words: it serves to place a known text in time (`alignment/forced.py`) and to see whether lips
belong to a sound (`evaluate/sync.py`). Stress is not heard; all pauses are one class.

Shapes: B recordings, F mel frames, M mel bands, D width, S sounds (classes).
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from jamflow.errors import UserError
from jamflow.speech.dilated import DilatedBlock
from jamflow.text.phonemes import CONSONANTS, PUNCTUATION, SILENCE, VOWELS
from jamflow.weights.tensors import filled, load_tensors

SOUNDS = (SILENCE, *VOWELS, *CONSONANTS)
"""The classes: one for silence and punctuation, one for each phoneme without its stress."""

_INDEX = {s: i for i, s in enumerate(SOUNDS)} | dict.fromkeys(PUNCTUATION, 0)


def sound_of(symbol: str) -> int | None:
    """The class of a phoneme symbol; None for the space between words, which has no sound of its own."""
    return _INDEX.get(symbol[-1])


@dataclass(frozen=True)
class RecogniserConfig:
    """bands, frame_rate_hz: of the log mel. dilations: one block each; together they see 0.95 s to either side."""

    bands: int = 100
    frame_rate_hz: float = 93.75
    dim: int = 160
    kernel: int = 7
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 4, 8)


class Recogniser(nn.Module):
    """Log mel (B, F, M) to logits of sounds (B, F, S) and lip opening (B, F). The mean of each band over the recording is taken
    out: it tells the microphone and the room, not the sounds."""

    def __init__(self, config: RecogniserConfig):
        super().__init__()
        self.config = config
        self.enter = nn.Linear(config.bands, config.dim)
        self.blocks = nn.ModuleList(DilatedBlock(config.dim, config.kernel, d) for d in config.dilations)
        self.norm = nn.LayerNorm(config.dim)
        self.out = nn.Linear(config.dim, len(SOUNDS))
        self.lips = nn.Linear(config.dim, 1)

    def hidden(self, mel_bfm: Tensor) -> Tensor:
        """(B, F, D) what the last block says."""
        x = self.enter((mel_bfm - mel_bfm.mean(1, keepdim=True)) / 2)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def forward(self, mel_bfm: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.hidden(mel_bfm)
        return self.out(hidden), self.lips(hidden)[..., 0]

    @torch.no_grad()
    def log_probabilities(self, mel_fm: Tensor) -> Tensor:
        """(F, S) of one recording."""
        return self(mel_fm[None])[0][0].log_softmax(-1)

    @torch.no_grad()
    def opening_cm(self, mel_fm: Tensor) -> Tensor:
        """(F,) how open the lips of a person are who says this; a mean over people, in canonical centimetres."""
        return self(mel_fm[None])[1][0]


def load_recogniser(path: Path) -> Recogniser:
    """A recogniser's file, ready for inference.

    Raises:
        UserError: the file is missing, damaged, or of another model.
    """
    tensors, raw = load_tensors(path)
    try:
        config = RecogniserConfig(**{**raw, "dilations": tuple(raw["dilations"])})
    except (TypeError, KeyError) as error:
        raise UserError(f"{path} is a model file of JAM-Flow, but not of a recogniser.", "Check which file it is.") from error
    model = filled(lambda: Recogniser(config), tensors, path, "the recogniser")
    return model.eval().requires_grad_(False)
