"""Smooth motion towards a target that jumps."""

import numpy as np


class Spring:
    """A critically damped spring: reaches its target smoothly, without overshoot from rest."""

    def __init__(self, start: np.ndarray, rate: float, dt_s: float):
        self._place, self._speed = start, np.zeros_like(start)
        self._rate, self._dt_s = rate, dt_s

    def step(self, target: np.ndarray) -> np.ndarray:
        away = self._place - target
        pull = self._speed + self._rate * away
        decay = np.exp(-self._rate * self._dt_s)
        self._place = target + (away + pull * self._dt_s) * decay
        self._speed = (self._speed - self._rate * pull * self._dt_s) * decay
        return self._place
