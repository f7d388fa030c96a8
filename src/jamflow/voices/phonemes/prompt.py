"""The prompt: a short piece of a recording that the model continues in the same voice (prefix in-painting, as in F5-TTS).

Shapes: A audio tokens, F mel frames, N samples, T motion frames.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from jamflow.sampling.utterance import Voice
from jamflow.speech.bandwidth import bands_heard, with_top
from jamflow.speech.level import to_model_level
from jamflow.speech.mel import LogMel

MAX_PROMPT_S = 4.8
MIN_PROMPT_S = 0.96
_QUIET_KEPT_S = 0.15
_LEVELS_HZ = 100
ADAPTATION_S = 1.0, 12.0  # how much of a recording a voice is learnt from: at least, at most
ADAPTATION_DB = 12.0  # loud parts must be so much above quiet parts, or noise would be learnt with the voice


@dataclass(frozen=True)
class Prompt:
    """The part of a recording that is continued.

    Attributes:
        samples: (N,) float32 at the model's level, a whole number of blocks; the last one is filled up with near silence.
        start_s: the second of the recording at which it starts.
        end_s: the second at which it ends.
        whole: whether only silence was left out.
    """

    samples: np.ndarray
    start_s: float
    end_s: float
    whole: bool


def trimmed(wave: np.ndarray, rate_hz: int) -> slice:
    """The samples without the quiet ends (35 dB below the loud parts). Up to 0.15 s of each end stay."""
    spoken, margin = _spoken(wave, rate_hz), int(_QUIET_KEPT_S * rate_hz)
    return slice(max(0, spoken.start - margin), min(len(wave), spoken.stop + margin))


def spoken_s(wave: np.ndarray, rate_hz: int) -> float:
    """How long the speech in a recording lasts, without the quiet ends."""
    spoken = _spoken(wave, rate_hz)
    return (spoken.stop - spoken.start) / rate_hz


def _spoken(wave: np.ndarray, rate_hz: int) -> slice:
    step = rate_hz // _LEVELS_HZ
    level = _levels_db(wave, step)
    loud = np.flatnonzero(level > np.quantile(level, 0.95) - 35) if len(level) else level
    return slice(int(loud[0]) * step, (int(loud[-1]) + 1) * step) if len(loud) else slice(0, len(wave))


def _levels_db(wave: np.ndarray, step: int) -> np.ndarray:
    """The level of every `step` samples (10 ms) in dB of full scale."""
    n = len(wave) // step
    return 10 * np.log10((wave[: n * step].reshape(n, step) ** 2).mean(1) + 1e-12)


def choose_prompt(wave: np.ndarray, rate_hz: int, block_samples: int) -> Prompt:
    """The prompt of a recording: trimmed, at the model's level, a whole number of blocks.

    A long recording is cut at the quietest moment of the last two fifths before `MAX_PROMPT_S`. A short one is filled up with
    near silence.
    """
    kept = trimmed(wave, rate_hz)
    wave = to_model_level(wave[kept])
    longest = int(MAX_PROMPT_S * rate_hz) // block_samples * block_samples
    whole = len(wave) <= longest
    if not whole:
        frame = rate_hz // 20
        level = (wave[: longest // frame * frame].reshape(-1, frame) ** 2).mean(1)
        first = len(level) * 3 // 5
        cut = (first + int(level[first:].argmin()) + 1) * frame
        wave = wave[:cut]
    blocks = max(-(-len(wave) // block_samples), -(-int(MIN_PROMPT_S * rate_hz) // block_samples))
    hush = np.random.default_rng(0).standard_normal(blocks * block_samples).astype(np.float32) * 1e-4
    hush[: len(wave)] += wave
    return Prompt(hush, kept.start / rate_hz, (kept.start + len(wave)) / rate_hz, whole)


def voice_from_prompt(prompt: Prompt, log_mel: LogMel, frames_per_token: int) -> Voice:
    """The prompt as a voice whose text and lips are not known."""
    frames = len(prompt.samples) // log_mel.format.hop
    mel = log_mel(torch.from_numpy(prompt.samples))[:frames]
    mel = with_top(mel, bands_heard(mel, log_mel.format))
    return Voice(mel, torch.full((frames // frames_per_token,), -1))


def adaptation_mel(wave: np.ndarray, log_mel: LogMel) -> Tensor | None:
    """(F, mel bands) of a recording, for `voices.adaptation`; None if the recording is too short or too noisy to learn from."""
    rate_hz = log_mel.format.sample_rate_hz
    least, most = (round(s * rate_hz) for s in ADAPTATION_S)
    wave = wave[trimmed(wave, rate_hz)][:most]
    if len(wave) < least or np.subtract(*np.quantile(_levels_db(wave, rate_hz // _LEVELS_HZ), (0.95, 0.1))) < ADAPTATION_DB:
        return None
    mel = log_mel(torch.from_numpy(to_model_level(wave)))
    return with_top(mel, bands_heard(mel, log_mel.format))
