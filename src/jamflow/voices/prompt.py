"""A voice to speak with: a short piece of speech that the model continues (prefix in-painting, as F5-TTS).

Shapes: A audio tokens, F mel frames, N samples, T motion frames.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from jamflow.sampling.utterance import Lips
from jamflow.speech.bandwidth import bands_heard, with_top
from jamflow.speech.level import to_model_level
from jamflow.speech.mel import HOP, SAMPLE_RATE_HZ, LogMel

MAX_PROMPT_S = 4.8
MIN_PROMPT_S = 0.96
_QUIET_KEPT_S = 0.15
_LEVEL_STEP = SAMPLE_RATE_HZ // 100
ADAPTATION_S = 1.0, 12.0  # a voice is learnt from so much of a recording at least, and at most
ADAPTATION_DB = (
    12.0  # by which the loud parts of it are louder than the quiet ones at least: noise would be learnt with the voice
)


@dataclass(frozen=True)
class Prompt:
    """The part of a recording that is continued.

    samples: (N,) float32 at the model's level, whole blocks; filled up with near silence. start_s, end_s: which seconds of the
    recording. whole: nothing but silence was left out.
    """

    samples: np.ndarray
    start_s: float
    end_s: float
    whole: bool


@dataclass(frozen=True)
class Voice:
    """mel_fm: (F, mel bands) log mel. text_a: (A,) tokens laid out in time, -1 where unknown. lips: of the same speech, or None.
    The length is a whole number of blocks (see `pieces`)."""

    mel_fm: Tensor
    text_a: Tensor
    lips: Lips | None = None


def trimmed(wave: np.ndarray) -> slice:
    """All but what is quiet (35 dB under the loud parts) at both ends; a little of it stays."""
    level = _levels_db(wave)
    loud = np.flatnonzero(level > np.quantile(level, 0.95) - 35) if len(level) else level
    if not len(loud):
        return slice(0, len(wave))
    margin = int(_QUIET_KEPT_S * SAMPLE_RATE_HZ)
    return slice(max(0, loud[0] * _LEVEL_STEP - margin), min(len(wave), (loud[-1] + 1) * _LEVEL_STEP + margin))


def _levels_db(wave: np.ndarray) -> np.ndarray:
    """Of every 10 ms, in dB of full scale."""
    n = len(wave) // _LEVEL_STEP
    return 10 * np.log10((wave[: n * _LEVEL_STEP].reshape(n, _LEVEL_STEP) ** 2).mean(1) + 1e-12)


def choose_prompt(wave: np.ndarray, block_samples: int) -> Prompt:
    """The part of a recording that serves as the prompt: trimmed, at the model's level, whole blocks.

    A long recording is cut at its quietest moment before `MAX_PROMPT_S`; a short one is filled up with
    near silence.
    """
    kept = trimmed(wave)
    wave = to_model_level(wave[kept])
    longest = int(MAX_PROMPT_S * SAMPLE_RATE_HZ) // block_samples * block_samples
    whole = len(wave) <= longest
    if not whole:
        frame = SAMPLE_RATE_HZ // 20
        level = (wave[: longest // frame * frame].reshape(-1, frame) ** 2).mean(1)
        first = len(level) * 3 // 5
        cut = (first + int(level[first:].argmin()) + 1) * frame
        wave = wave[:cut]
    blocks = max(-(-len(wave) // block_samples), -(-int(MIN_PROMPT_S * SAMPLE_RATE_HZ) // block_samples))
    hush = np.random.default_rng(0).standard_normal(blocks * block_samples).astype(np.float32) * 1e-4
    hush[: len(wave)] += wave
    return Prompt(hush, kept.start / SAMPLE_RATE_HZ, (kept.start + len(wave)) / SAMPLE_RATE_HZ, whole)


def voice_from_prompt(prompt: Prompt, log_mel: LogMel, frames_per_token: int) -> Voice:
    """A voice; what is said in it and how its lips move stays unknown."""
    frames = len(prompt.samples) // HOP
    mel = log_mel(torch.from_numpy(prompt.samples))[:frames]
    mel = with_top(mel, bands_heard(mel))
    return Voice(mel, torch.full((frames // frames_per_token,), -1))


def adaptation_mel(wave: np.ndarray, log_mel: LogMel) -> Tensor | None:
    """(F, mel bands) of a recording from which a model can learn its voice (`train.adaptation`); None where it is too short or
    too noisy."""
    least, most = (round(s * SAMPLE_RATE_HZ) for s in ADAPTATION_S)
    wave = wave[trimmed(wave)][:most]
    if len(wave) < least or np.subtract(*np.quantile(_levels_db(wave), (0.95, 0.1))) < ADAPTATION_DB:
        return None
    mel = log_mel(torch.from_numpy(to_model_level(wave)))
    return with_top(mel, bands_heard(mel))


def load_voice(path: Path) -> Voice:
    """A voice that ships."""
    from safetensors.torch import load_file

    tensors = load_file(path)
    mouth_tc = tensors["mouth"].float()
    return Voice(tensors["mel"].float(), tensors["text"].long(), Lips(mouth_tc, torch.ones(len(mouth_tc), dtype=torch.bool)))
