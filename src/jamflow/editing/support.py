"""What a reader needs to change words in a recording."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from torch import Tensor

from jamflow.alignment.words_in_sound import Aligner
from jamflow.editing.timeline import EditTimeline


@dataclass(frozen=True)
class EditSupport:
    """How one model's recordings are given and its words written.

    Attributes:
        aligner: finds words, and lays text out in time; None where the model times its text itself (`LoadedModel.ruler`).
        text: what is said from a new time on, for so many audio tokens: (N,) for `SpeechCondition`.
        gain: (N,) samples at the model's rate to the factor that brings them to the level that the model knows.
        bands: (F, mel bands) of a recording to how many of them it has, where the model has to be shown something in the others.
        vocoder: (1, F, mel bands) to (1, N) samples at the model's rate.
        adapt_to_fm: (F, mel bands) of the recording, where the model that speaks for `aligner` is to be adapted to it; else None.
    """

    aligner: Aligner | None
    text: Callable[[EditTimeline, Fraction, int], Tensor]
    gain: Callable[[np.ndarray], float]
    bands: Callable[[Tensor], int]
    vocoder: Callable[[Tensor], Tensor]
    adapt_to_fm: Tensor | None = None
