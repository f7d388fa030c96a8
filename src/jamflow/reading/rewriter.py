"""What a reader needs to change words in a recording."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from jamflow.reading.alignment import Aligner


@dataclass(frozen=True)
class Rewriter:
    """aligner: finds words, and lays text out in time; vocoder: (1, F, mel bands) to (1, N) samples at 24 kHz."""

    aligner: Aligner
    vocoder: Callable[[Tensor], Tensor]
