"""When a person speaks, heard frame by frame.

Shapes: T frames.
"""

from fractions import Fraction

import numpy as np

from jamflow.face.spring import Spring

_LEVEL_FALL_S = 4.0
SPEECH_LEVEL = 0.12  # of the recent peak
_SHORT_PAUSE_S = 0.24  # the face does not change in a shorter one
_RATE = 10.0  # 90 % of a change in 0.4 s


class SpeechLevel:
    """Loudness against its own recent peak, so that recordings of any level are alike."""

    def __init__(self, dt_s: float):
        self._fall = float(np.exp(-dt_s / _LEVEL_FALL_S))
        self._peak = 0.0

    def step(self, loudness: float) -> float:
        """0 for silence to 1 for the peak."""
        self._peak = max(loudness, self._peak * self._fall)
        return loudness / self._peak if self._peak > 0 else 0.0


class Speaking:
    """How much a person speaks, as a stream. The result does not depend on the chunk sizes."""

    def __init__(self, fps: Fraction):
        self._dt_s = float(1 / fps)
        self._level = SpeechLevel(self._dt_s)
        self._spring = Spring(np.zeros(1), _RATE, self._dt_s)
        self._silence_s = np.inf

    def step(self, loudness_t: np.ndarray) -> np.ndarray:
        """(T, 1) float32: 0 in a pause to 1 in speech, in smooth transitions. `loudness_t` is as for `IdleMotion.step`."""
        return np.array([self._frame(float(loudness)) for loudness in loudness_t], np.float32).reshape(-1, 1)

    def _frame(self, loudness: float) -> float:
        heard = self._level.step(loudness) > SPEECH_LEVEL
        self._silence_s = 0.0 if heard else self._silence_s + self._dt_s
        return float(self._spring.step(np.array([float(self._silence_s < _SHORT_PAUSE_S)]))[0])
