"""Do these lips belong to this sound, and are the two in step?

The recogniser hears in the sound how open lips would be (`alignment/recogniser.py`), whoever speaks; that curve is compared with
the opening that was tracked. It is a judge of footage: `mini` learnt from the same teacher, so it must not judge `mini`.

Shapes: F mel frames, M mel bands, T video frames.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from jamflow.alignment.recogniser import Recogniser
from jamflow.evaluate.lips import best_lag, lag_profile

MAX_LAG_S = 0.5
"""Sound and lips that are further apart than this are not found to belong together."""


@dataclass(frozen=True)
class Sync:
    """How lips and sound agree.

    Attributes:
        score: correlation of the seen and the heard opening at the best lag; NaN if the mouth does not move or nothing is heard.
        margin: how much that is above the median over all lags. A high score with a small margin is chance.
        lag_s: at which lag that is; positive if the lips are late.
    """

    score: float
    margin: float
    lag_s: float


def sync(recogniser: Recogniser, mel_fm: Tensor, opening_t: np.ndarray, fps: float) -> Sync:
    """Compare the sound of a clip with its lips.

    Args:
        mel_fm: (F, M) log mel of the sound in the recogniser's format, at the model's level.
        opening_t: (T,) tracked lip opening in cm, frame k at k / fps of the same time; NaN where no face was found.
        fps: video frames a second.
    """
    return compared(opening_t, heard_opening_cm(recogniser, mel_fm, len(opening_t), fps), fps)


def compared(opening_t: np.ndarray, heard_t: np.ndarray, fps: float) -> Sync:
    """As `sync`, of the opening (T,) that was tracked and the one that is heard at the same moments."""
    lags = round(MAX_LAG_S * fps)
    profile = lag_profile(opening_t, heard_t, lags)
    best = best_lag(profile)
    if not np.isfinite(best.correlation):
        return Sync(float("nan"), float("nan"), float("nan"))
    return Sync(best.correlation, best.correlation - float(np.nanmedian(profile)), best.frames / fps)


def heard_opening_cm(recogniser: Recogniser, mel_fm: Tensor, frames: int, fps: float) -> np.ndarray:
    """(T,) the lip opening that the recogniser hears at the moment of each video frame; NaN after the end of the sound."""
    return at_frames(recogniser.opening_cm(mel_fm).numpy(), recogniser.config.frame_rate_hz, frames, fps)


def at_frames(opening_f: np.ndarray, rate_hz: float, frames: int, fps: float, late_s: float = 0.0) -> np.ndarray:
    """(T,) what is heard (F,) at the moment of each video frame; NaN before and after the sound.

    Args:
        rate_hz: heard values a second.
        late_s: when the sound begins; negative if it began before the first frame.
    """
    middle_s = (np.arange(len(opening_f)) + 0.5) / rate_hz
    time_s = np.arange(frames) / fps - late_s
    heard_t = np.interp(time_s, middle_s, opening_f)
    heard_t[(time_s < 0) | (time_s > len(opening_f) / rate_hz)] = np.nan
    return heard_t
