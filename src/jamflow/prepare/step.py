"""Whether lips and sound go together: at which delay they fit best, and how well.

Shapes: M mel frames, F motion frames at 25 a second.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jamflow.data.corpus import MOTION_FPS
from jamflow.evaluate.lips import best_lag, lag_profile
from jamflow.mel_format import MelFormat
from jamflow.speech.mel import htk_hz

Scorer = Callable[[np.ndarray, np.ndarray, float], tuple[float, float]]
"""(M, bands) log mel, (F,) opening in cm and its frame rate, to the score at the best lag and that lag in frames; a positive lag
means that the lips are late."""

LATE_S = 0.13  # more is out of step
SURE = 0.35  # a lag counts from this score on
LEAST = 0.05  # at the best lag: below, these lips do not say this
ENOUGH_S = 5.0  # of speech: one short sentence fits at many lags

_FARTHEST = 12  # frames
_LOW_HZ, _HIGH_HZ = 300, 3000  # where open mouths are loud
_SMOOTH_S = 0.1


@dataclass(frozen=True)
class Judged:
    """score and lag_s: of the scorer. refused: why they do not go together; empty if they do."""

    score: float
    lag_s: float
    refused: str = ""


def judge(mel_md: np.ndarray, opening_f: np.ndarray, scorer: Scorer) -> Judged:
    """Whether a face with this opening says this sound. A mouth that does not move at all scores 0."""
    score, lag = scorer(mel_md, opening_f, MOTION_FPS)
    if not np.isfinite(score):
        return Judged(0.0, 0.0, "the lips do not move")
    lag_s = lag / MOTION_FPS
    if len(opening_f) < ENOUGH_S * MOTION_FPS:
        return Judged(score, lag_s)
    if score < LEAST:
        return Judged(score, lag_s, f"the lips move otherwise than the sound (score {score:.2f})")
    if abs(lag_s) > LATE_S and score > SURE:
        return Judged(score, lag_s, f"the lips are {abs(lag_s):.2f} s {'late' if lag_s > 0 else 'early'}")
    return Judged(score, lag_s)


def by_loudness(mel_md: np.ndarray, opening_f: np.ndarray, fps: float) -> tuple[float, float]:
    """A `Scorer` that expects mouths to be open where the sound is loud between 300 and 3000 Hz."""
    mel_format = MelFormat()
    hz = htk_hz(mel_format)[1:-1].numpy()
    loud = np.logaddexp.reduce(mel_md[:, (hz > _LOW_HZ) & (hz < _HIGH_HZ)].astype(np.float32), axis=1)
    loud = np.maximum(loud - np.quantile(loud, 0.95) + 5, 0)
    window = np.hanning(round(_SMOOTH_S * mel_format.frame_rate_hz) + 2)
    smooth = np.convolve(loud, window / window.sum(), "same")
    at = np.arange(len(opening_f)) / fps * mel_format.frame_rate_hz
    expected = np.interp(at, np.arange(len(smooth)), smooth)
    best = best_lag(lag_profile(opening_f, expected, _FARTHEST))
    return best.correlation, best.frames
