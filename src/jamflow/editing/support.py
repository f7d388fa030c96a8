"""What a reader provides for replacing words in a recording."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from torch import Tensor

from jamflow.alignment.words_in_sound import Aligner
from jamflow.editing.timeline import EditTimeline
from jamflow.errors import UserError


@dataclass(frozen=True)
class EditSupport:
    """How a model is given a recording and new words.

    Attributes:
        aligner: finds words and lays text out in time; None if the model times its text itself (see `LoadedModel.ruler`).
        text: from a new time and a number of audio tokens to the (N,) text tokens of what is said there.
        gain: from (N,) samples at the model's rate to the factor that brings them to the model's level.
        bands: from the (F, mel bands) of a recording to how many bands it has; the model is shown filled ones above.
        vocoder: from (1, F, mel bands) to (1, N) samples at the model's rate.
        lesson: (F, mel bands) of the recording that the model is adapted to before it speaks for `aligner`, or None.
    """

    aligner: Aligner | None
    text: Callable[[EditTimeline, Fraction, int], Tensor]
    gain: Callable[[np.ndarray], float]
    bands: Callable[[Tensor], int]
    vocoder: Callable[[Tensor], Tensor]
    lesson: Tensor | None = None


def unknown_words() -> UserError:
    """Where a model that times its text itself is not told what the recording says."""
    return UserError(
        "This model has to know what is said around the words that change.",
        "Give all of it with --transcript; or run pip install 'jamflow[eval]', and English is transcribed.",
    )
