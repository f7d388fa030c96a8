"""Lips for sound that is still coming.

The sound is cut into hops of four frames. The lips of a hop are made when 0.2 s of sound after it are there, from a window that
begins about a second before it. Windows lie where the hops are, whatever the pieces in which the sound comes, and the noise of a
frame is its own (`sampling.windows`); so the same sound gives the same lips. Beside `animate`, a frame sees less of the future
and of the distant past.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch

from jamflow.live.stretch import Stretch
from jamflow.loading.model import LoadedModel
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Sampling, generate
from jamflow.sampling.windows import frame_noise
from jamflow.speech.level import LOUD_QUANTILE, model_gain
from jamflow.speech.mel import LogMel

HOP_FRAMES = 4
AHEAD_FRAMES = 5  # 0.2 s at 25 frames a second
_PAST_FRAMES = 24
_BINS = 1 << 12  # of |sample|
_QUIET = 0.05  # sound whose loud samples are quieter is not made louder than it would be at this level


class Hearing:
    """One utterance that is heard, from its first sample on."""

    def __init__(self, model: LoadedModel, sampling: Sampling, seed: int):
        """Raises ValueError unless a frame of the model's motion lasts a whole number of samples."""
        config = model.joint.config
        self._model, self._sampling, self._seed = model, sampling, seed
        self._per_frame = samples_per_frame(model)
        # Windows begin where audio tokens and frames come out even.
        self._block = round(config.block_tokens / config.token_rate_hz * config.motion_fps)
        self._log_mel = LogMel(config.mel)
        self._level = _Level()
        self._wave = np.zeros(0, np.float32)  # from frame `_from` on
        self._from = self._made = 0  # frames

    def take(self, wave: np.ndarray) -> Iterator[Stretch]:
        """The next samples (N,) float32 at the model's rate; gives what can be shown by now."""
        self._wave = np.concatenate([self._wave, wave])
        while self._have() >= self._made + HOP_FRAMES + AHEAD_FRAMES:
            yield self._hop(HOP_FRAMES)

    def end(self) -> Iterator[Stretch]:
        """No sound follows; gives the rest, up to the frame in which the sound ends."""
        left = -(-len(self._wave) // self._per_frame) - (self._made - self._from)
        self._wave = np.pad(self._wave, (0, (HOP_FRAMES + AHEAD_FRAMES + 1) * self._per_frame))
        while left > 0:
            yield self._hop(min(HOP_FRAMES, left))
            left -= HOP_FRAMES

    def _have(self) -> int:
        """Whole frames of sound so far."""
        return self._from + len(self._wave) // self._per_frame

    def _hop(self, frames: int) -> Stretch:
        """The next frames, at most a hop of them."""
        config, first = self._model.joint.config, self._made
        start = max(0, first - _PAST_FRAMES) // self._block * self._block
        tokens = math.floor((first + HOP_FRAMES + AHEAD_FRAMES - start) / config.motion_fps * config.token_rate_hz)
        samples = tokens * config.frames_per_token * config.mel.hop
        at = (start - self._from) * self._per_frame
        self._level.hear(self._wave[(first - self._from) * self._per_frame :][: HOP_FRAMES * self._per_frame])
        heard = self._wave[at : at + samples] * np.float32(self._level.gain)
        heard = np.clip(np.pad(heard, (0, samples - len(heard))), -1, 1)
        conditions = Conditions(
            tokens, SpeechCondition("given", self._log_mel(torch.from_numpy(heard))[:-1]), MotionCondition("generated")
        )
        noise = frame_noise(self._seed, start, config.motion_frames(tokens), config.motion.mouth_channels)
        made = generate(
            self._model.joint, self._model.normaliser, conditions, self._sampling, torch.Generator().manual_seed(0), noise
        )
        assert made.mouth_tc is not None
        mouth = made.mouth_tc.cpu().numpy()[first - start :][:frames]
        sound = self._wave[(first - self._from) * self._per_frame :][: frames * self._per_frame]
        self._made += frames
        keep = max(0, self._made - _PAST_FRAMES) // self._block * self._block
        self._wave, self._from = self._wave[(keep - self._from) * self._per_frame :], keep
        return Stretch(mouth, sound)


class _Level:
    """The gain to the model's level, by all that was heard so far (`speech.level`)."""

    def __init__(self) -> None:
        self._bins = np.zeros(_BINS, np.int64)
        self._peak = 0.0

    def hear(self, wave: np.ndarray) -> None:
        size = np.minimum(np.abs(wave), 1)
        self._bins += np.bincount((size * (_BINS - 1)).astype(np.int64), minlength=_BINS)
        self._peak = max(self._peak, float(size.max(initial=0)))

    @property
    def gain(self) -> float:
        total = self._bins.cumsum()
        loud = float(np.searchsorted(total, LOUD_QUANTILE * total[-1])) / (_BINS - 1)
        return model_gain(max(loud, _QUIET), self._peak)


def samples_per_frame(model: LoadedModel) -> int:
    """Samples of sound in a frame of the model's motion. Raises ValueError if they are not a whole number."""
    config = model.joint.config
    per = config.mel.sample_rate_hz / config.exact_motion_fps
    if per.denominator != 1:
        raise ValueError(f"a frame of this model's motion lasts {float(per):g} samples, which is no whole number")
    return int(per)
