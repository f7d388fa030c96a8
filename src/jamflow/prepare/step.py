"""Whether lips and sound go together: at which delay they fit best, and how well.

Shapes: M mel frames, F motion frames at 25 a second.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from jamflow.alignment.recogniser import Recogniser
from jamflow.data.corpus import MOTION_FPS
from jamflow.evaluate.sync import Sync, sync

LATE_S = 0.2
"""More is out of step. People's lips and what is expected of them differ by up to that much in a short clip."""

_LEAST, _LEAST_S = 0.1, 5.0  # a lower score at the best lag, over so much speech: these lips do not say this


@dataclass(frozen=True)
class Scorer:
    """Compares sound and lips.

    Attributes:
        compare: (M, bands) log mel at the model's level, (F,) opening in cm and its frame rate, to the best fit.
        enough_s: a lag counts in a piece of this length,
        sure: and from this margin (`Sync.margin`) on.
    """

    compare: Callable[[np.ndarray, np.ndarray, float], Sync]
    enough_s: float
    sure: float


@dataclass(frozen=True)
class Judged:
    """score and lag_s: as in `Sync`. refused: why they do not go together; empty if they do."""

    score: float
    lag_s: float
    refused: str = ""


def judge(mel_md: np.ndarray, opening_f: np.ndarray, scorer: Scorer) -> Judged:
    """Whether a face with this opening says this sound. A mouth that does not move at all scores 0."""
    found = scorer.compare(mel_md, opening_f, MOTION_FPS)
    if not np.isfinite(found.score):
        return Judged(0.0, 0.0, "the lips do not move")
    seconds, late_s = len(opening_f) / MOTION_FPS, abs(found.lag_s)
    if seconds >= _LEAST_S and found.score < _LEAST:
        return Judged(found.score, found.lag_s, f"the lips move otherwise than the sound (score {found.score:.2f})")
    if seconds >= scorer.enough_s and late_s > LATE_S and found.margin > scorer.sure:
        return Judged(found.score, found.lag_s, f"the lips are {late_s:.2f} s {'late' if found.lag_s > 0 else 'early'}")
    return Judged(found.score, found.lag_s)


def by_ear(recogniser: Recogniser) -> Scorer:
    """Expects the opening that a recogniser hears. On 53 clips of GRID, 3 s each, one lag was over 0.13 s."""

    def compare(mel_md: np.ndarray, opening_f: np.ndarray, fps: float) -> Sync:
        return sync(recogniser, torch.from_numpy(mel_md.astype(np.float32)), opening_f, fps)

    return Scorer(compare, enough_s=2.5, sure=0.3)
