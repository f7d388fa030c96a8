"""Tracked motion of a video."""

from dataclasses import dataclass

import numpy as np

from jamflow.face.motion import Motion


@dataclass(frozen=True)
class Track:
    """motion: of T frames. found_t: (T,) bool, False where no face was found; `motion` is then filled from neighbours."""

    motion: Motion
    found_t: np.ndarray
