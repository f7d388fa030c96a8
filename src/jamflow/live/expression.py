"""The face of one frame after the other: the mouth that is asked for, blinks and nods, and no jump between any two states.

Shapes: M mouth channels, K key points.
"""

from dataclasses import replace

import numpy as np
import torch

from jamflow.face.idle import IdleMotion
from jamflow.face.motion import Motion
from jamflow.face.renderer import Picture, Renderer
from jamflow.face.speaking import Speaking
from jamflow.model.config import JointConfig

_EASE_S = 0.08  # what is left of a difference between two states falls to a third in this time


class LiveFace:
    """Draws frames. Where nothing is said, the mouth is at rest, and head and eyes go on."""

    def __init__(self, picture: Picture, renderer: Renderer, config: JointConfig, seed: int):
        self._picture, self._fps = picture, config.exact_motion_fps
        self._idle: IdleMotion | None = renderer.idle(self._fps, np.random.default_rng(seed))
        self._speaking = Speaking(self._fps)
        self._keep = float(np.exp(-1 / (_EASE_S * config.motion_fps)))
        self._shown_m = np.zeros(config.motion.mouth_channels, np.float32)
        self._away_m = np.zeros_like(self._shown_m)  # how far what is shown still is from what is asked for
        self._source: object = None

    def draw(self, mouth_m: np.ndarray | None, sound: np.ndarray, source: object) -> np.ndarray:
        """(H, W, 3) uint8, the next frame.

        Args:
            mouth_m: (M,) mouth channels; None is at rest.
            sound: (N,) samples that are heard during the frame.
            source: what the mouth belongs to. Where it is another than before, the mouth is eased over from what was shown.
        """
        wanted = np.zeros_like(self._shown_m) if mouth_m is None else mouth_m
        if source != self._source:
            self._source, self._away_m = source, self._shown_m - wanted
        self._away_m = self._away_m * self._keep
        self._shown_m = wanted + self._away_m
        motion = self._picture.speaking(self._shown_m[None].astype(np.float32), self._fps)
        return self._frame(motion, float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))))

    def _frame(self, motion: Motion, loudness: float) -> np.ndarray:
        loudness_1 = np.array([loudness])
        motion = replace(motion, speaking_t1=self._speaking.step(loudness_1))
        if self._idle is not None:
            extra, rotation, translation = self._idle.step(loudness_1)
            expression = (motion.expression_tk3 + extra).astype(np.float32)
            motion = replace(motion, expression_tk3=expression, rotation_t3=rotation, translation_t3=translation)
        return torch.cat(list(self._picture.draw(motion)))[0].cpu().numpy()
