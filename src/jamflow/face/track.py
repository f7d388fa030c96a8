"""The motion that a tracker saw in a video."""

from dataclasses import dataclass

import numpy as np

from jamflow.face.motion import Motion


@dataclass(frozen=True)
class Track:
    """What a tracker saw. found_t: (T,) bool; where it is False, `motion` goes on from its neighbours."""

    motion: Motion
    found_t: np.ndarray
