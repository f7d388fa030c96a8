"""Idle motion for a portrait whose eyes and head nothing drives: blinks, brows, nods and slow drift.

Sources of the numbers:

- People blink about 17 times a minute at rest and 26 times in conversation (Bentivoglio et al. 1997,
  "Analysis of blink rate patterns in normal subjects"): intervals here are 2 to 6 s, skewed to the short
  side, and some blinks come at the ends of phrases, where listeners and speakers blink (Nakano and
  Kitazawa 2010, "Eyeblink entrainment at breakpoints of speech").
- A lid closes in about 0.1 s and opens in about 0.2 s (Evinger et al. 1991, "Eyelid movements").
- Heads nod and brows rise with stressed syllables (Graf et al. 2002, "Visual prosody"): mostly a few degrees.
- The size of the slow drift is our choice: small enough for the warp of a portrait, large enough to be seen.

Shapes: T frames, K key points (21); 3 = x right, y up, z towards the viewer, or pitch, yaw, roll.
"""

from fractions import Fraction

import numpy as np

from jamflow.face.mesh import space
from jamflow.face.speaking import SPEECH_LEVEL, SpeechLevel
from jamflow.face.spring import Spring

_BLINK_GAP_S = (2.0, 6.0)
_BLINK_CLOSE_S, _BLINK_SHUT_S, _BLINK_OPEN_S = 0.1, 0.05, 0.2
_DOUBLE_BLINK = 0.08
_PHRASE_END_BLINK = 0.5
_PHRASE_MIN_S, _PHRASE_END_S = 0.6, 0.16
_BLINK_REST_S = 1.2

_STRESS_LEVEL = 0.75
_STRESS_REST_S = 0.45
_BROW_CHANCE, _BROW_CM, _BROW_HOLD_S = 0.3, (0.12, 0.3), 0.22
_NOD_CHANCE, _NOD_DEG, _NOD_HOLD_S = 0.6, (0.6, 1.6), 0.16

_DRIFT_GAP_S = (1.2, 3.5)
# Standard deviation of pitch, yaw, roll targets; values beyond twice that are pulled back.
_DRIFT_DEG = np.array([0.8, 1.3, 0.7])
_DRIFT_CM = np.array([0.1, 0.06, 0.0])
_DRIFT_RATE, _NOD_RATE, _BROW_RATE = 2.2, 11.0, 16.0


class IdleMotion:
    """A stream of idle motion. The result does not depend on the chunk sizes."""

    def __init__(self, fps: Fraction, rng: np.random.Generator):
        self._dt_s = float(1 / fps)
        self._rng = rng
        self._speech = _SpeechEvents(self._dt_s)
        self._blink = _Blink(rng, self._dt_s)
        self._drift = Spring(np.zeros(6), _DRIFT_RATE, self._dt_s)
        self._drift_target = np.zeros(6)
        self._drift_left_s = 0.0
        self._nod = _Pulse(_NOD_RATE, self._dt_s)
        self._brow = _Pulse(_BROW_RATE, self._dt_s)

    def step(self, loudness_t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The next frames.

        Args:
            loudness_t: (T,) RMS amplitude of the speech in each frame, 0 or more, at any scale; 0 is silence.

        Returns:
            expression (T, 21, 3) in centimetres (lids and brows only), rotation (T, 3) in degrees,
            translation (T, 3) in centimetres; all float32.
        """
        count = len(loudness_t)
        e_tk3 = np.zeros((count, space.MESH_SPACE.n_keypoints, 3), np.float32)
        head_t6 = np.zeros((count, 6), np.float32)
        for t, loudness in enumerate(loudness_t):
            stressed, phrase_ended = self._speech.step(float(loudness))
            if stressed:
                self._stress()
            closure = self._blink.step(phrase_ended)
            e_tk3[t, [space.LID_RIGHT, space.LID_LEFT], 1] = -closure * space.LID_CLOSURE_CM
            e_tk3[t, [space.BROW_RIGHT, space.BROW_LEFT], 1] = self._brow.step()
            head_t6[t] = self._head()
        return e_tk3, head_t6[:, :3], head_t6[:, 3:]

    def _stress(self) -> None:
        if self._rng.random() < _NOD_CHANCE:
            self._nod.start(self._rng.uniform(*_NOD_DEG), _NOD_HOLD_S)
        if self._rng.random() < _BROW_CHANCE:
            self._brow.start(self._rng.uniform(*_BROW_CM), _BROW_HOLD_S)

    def _head(self) -> np.ndarray:
        self._drift_left_s -= self._dt_s
        if self._drift_left_s <= 0:
            self._drift_left_s = self._rng.uniform(*_DRIFT_GAP_S)
            draw = np.clip(self._rng.standard_normal(6), -2, 2)
            self._drift_target = draw * np.r_[_DRIFT_DEG, _DRIFT_CM]
        head = self._drift.step(self._drift_target).copy()
        head[0] += self._nod.step()
        return head


class _Pulse:
    """A raise that is held for a moment and released, smoothed by a spring."""

    def __init__(self, rate: float, dt_s: float):
        self._spring = Spring(np.zeros(1), rate, dt_s)
        self._dt_s = dt_s
        self._height, self._left_s = 0.0, 0.0

    def start(self, height: float, hold_s: float) -> None:
        self._height, self._left_s = height, hold_s

    def step(self) -> float:
        self._left_s -= self._dt_s
        return float(self._spring.step(np.array([self._height if self._left_s > 0 else 0.0]))[0])


class _SpeechEvents:
    """Stressed syllables and phrase ends, from loudness against its own recent peak."""

    def __init__(self, dt_s: float):
        self._dt_s = dt_s
        self._relative = SpeechLevel(dt_s)
        self._level = 0.0
        self._speech_s = self._silence_s = 0.0
        self._rest_s = 0.0

    def step(self, loudness: float) -> tuple[bool, bool]:
        """Whether a stressed syllable begins and whether a phrase has just ended."""
        level = self._relative.step(loudness)
        self._rest_s -= self._dt_s
        stressed = self._level < _STRESS_LEVEL <= level and self._rest_s <= 0
        if stressed:
            self._rest_s = _STRESS_REST_S
        self._level = level
        if level > SPEECH_LEVEL:
            self._speech_s += self._dt_s
            self._silence_s = 0.0
            return stressed, False
        self._silence_s += self._dt_s
        ended = self._silence_s >= _PHRASE_END_S and self._speech_s >= _PHRASE_MIN_S
        if ended:
            self._speech_s = 0.0
        return stressed, ended


class _Blink:
    def __init__(self, rng: np.random.Generator, dt_s: float):
        self._rng = rng
        self._dt_s = dt_s
        self._since_s = np.inf
        self._left_s = rng.uniform(0.8, 2.5)

    def step(self, phrase_ended: bool) -> float:
        """Closure of the eyes in this frame, 0 to 1."""
        self._since_s += self._dt_s
        self._left_s -= self._dt_s
        if phrase_ended and self._since_s > _BLINK_REST_S and self._rng.random() < _PHRASE_END_BLINK:
            self._left_s = 0.0
        if self._left_s <= 0:
            self._since_s = 0.0
            low, high = _BLINK_GAP_S
            self._left_s = low + (high - low) * self._rng.beta(1.3, 2.2)
            if self._rng.random() < _DOUBLE_BLINK:
                self._left_s = _BLINK_CLOSE_S + _BLINK_SHUT_S + _BLINK_OPEN_S + 0.1
        return _blink_curve(self._since_s)


def _blink_curve(since_s: float) -> float:
    """Closes fast, stays shut for a frame at least, opens more slowly."""
    if since_s < _BLINK_CLOSE_S:
        part = since_s / _BLINK_CLOSE_S
    elif since_s < _BLINK_CLOSE_S + _BLINK_SHUT_S:
        return 1.0
    else:
        part = 1 - min(1.0, (since_s - _BLINK_CLOSE_S - _BLINK_SHUT_S) / _BLINK_OPEN_S)
    return float(part * part * (3 - 2 * part))
