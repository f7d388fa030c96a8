"""Where the lips of a training row come from when no face was filmed: from its phonemes.

Shapes: T motion frames, C mouth channels (the face mesh's, 6 points times 3, in cm).
"""

from collections.abc import Callable

import numpy as np

from jamflow.face.articulation import Phones, articulate, random_style, shut
from jamflow.face.mesh.space import (
    CORNER_LEFT,
    CORNER_RIGHT,
    INNER_LOWER,
    INNER_UPPER,
    OUTER_LOWER,
    OUTER_UPPER,
    lip_opening_cm,
)

Lips = Callable[[Phones, float, float, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]
"""Phonemes in time, seconds, frames a second, (T,) loudness in [0, 1] and a random generator to two (T, C) float32: the lips of
somebody who says this, and those of the model's own voice. T is the rounded number of frames."""

OWN_GAIN = 0.85  # of heard lips in the model's own style: the person who taught them opens the mouth wide
OWN_STYLE = 0.5  # share of rows in the model's own style. The others teach it to continue other styles


def articulated(
    phones: Phones, duration_s: float, fps: float, loudness_t: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """`Lips` of the articulatory model, in its default style or, by chance, in a random one."""
    style = None if rng.random() < OWN_STYLE else random_style(rng)
    lips, own = (articulate(phones, duration_s, fps, s, loudness_t).reshape(len(loudness_t), -1) for s in (style, None))
    return lips, own


def heard(lips_tc: np.ndarray, phones: Phones, fps: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Lips that a teacher heard, as `Lips` returns them: of somebody who says this, and of the model's own voice.

    A teacher that saw 25 frames a second blurs what lasts less than one of them. So where the phonemes are known, lips are shut
    in /p b m/ and in pauses.

    Args:
        lips_tc: (T, C) what the teacher heard.
        phones: empty if they are unknown.
    """
    lips_tm3 = lips_tc.reshape(len(lips_tc), -1, 3)
    if phones:
        lips_tm3 = _shut(lips_tm3, shut(phones, len(lips_tc), fps))
    own = (lips_tm3 * OWN_GAIN).astype(np.float32).reshape(len(lips_tc), -1)
    if rng.random() < OWN_STYLE:
        return own, own
    gain_3 = rng.uniform(0.6, 1.2, 3)
    other = lips_tm3 * gain_3
    smile = rng.uniform(-0.05, 0.12)
    other[:, CORNER_RIGHT] += [-smile, 0.6 * smile, 0]
    other[:, CORNER_LEFT] += [smile, 0.6 * smile, 0]
    return other.astype(np.float32).reshape(len(lips_tc), -1), own


def _shut(lips_tm3: np.ndarray, shut_t: np.ndarray) -> np.ndarray:
    """Lips brought together: the upper and the lower lip meet where both are drawn to, mostly by the lower one."""
    out = lips_tm3.copy()
    gap_t = np.maximum(lip_opening_cm(out), 0) * shut_t
    for point, share in ((INNER_UPPER, -0.2), (OUTER_UPPER, -0.2), (INNER_LOWER, 0.8), (OUTER_LOWER, 0.8)):
        out[:, point, 1] += share * gap_t
    return out
