"""Where the lips of a training row come from when no face was filmed: from its phonemes.

Shapes: T motion frames, C mouth channels (the face mesh's, 6 points times 3, in cm).
"""

from collections.abc import Callable

import numpy as np

from jamflow.face.articulation import Phones, articulate, random_style

Lips = Callable[[Phones, float, float, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]
"""Phonemes in time, seconds, frames a second, (T,) loudness in [0, 1] and a random generator to two (T, C) float32: the lips of
somebody who says this, and those of the model's own voice. T is the rounded number of frames."""

OWN_STYLE = 0.5  # share of rows in the model's own style. The others teach it to continue other styles


def articulated(
    phones: Phones, duration_s: float, fps: float, loudness_t: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """`Lips` of the articulatory model, in its default style or, by chance, in a random one."""
    style = None if rng.random() < OWN_STYLE else random_style(rng)
    lips, own = (articulate(phones, duration_s, fps, s, loudness_t).reshape(len(loudness_t), -1) for s in (style, None))
    return lips, own
