"""What is to be shown next, once the model has made it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Stretch:
    """Some frames and their sound.

    Attributes:
        mouth_tm: (T, M) mouth channels, in the unit of the model's motion space.
        sound: (T * samples per frame,) float32, at the model's rate.
    """

    mouth_tm: np.ndarray
    sound: np.ndarray
