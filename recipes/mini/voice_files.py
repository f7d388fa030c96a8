"""From an utterance with phoneme times to the file of a voice: what `mini` continues when it speaks."""

import numpy as np
import torch

from jamflow.data.features import lips_between, loudness
from jamflow.data.lips import heard
from jamflow.face.articulation import articulate
from jamflow.model.config import JointConfig
from jamflow.sampling.utterance import Lips, Voice
from jamflow.text.durations import DurationPredictor
from jamflow.text.phonemes import symbols, tokens_in_time
from jamflow.voices.phonemes.voice_file import StoredVoice

Phones = list[tuple[str, float, float]]


def stored(
    mel_fm: np.ndarray,
    phones: Phones,
    lips_tc: np.ndarray | None,
    config: JointConfig,
    manner_k: torch.Tensor,
    british: bool = False,
) -> StoredVoice:
    """The voice of an utterance, padded with its own silence to whole blocks.

    Args:
        mel_fm: (F, mel bands) log mel of the utterance; it begins with silence.
        lips_tc: (T, C) what a teacher of lips hears in it; None: lips of the articulatory model.
        manner_k: (K,) how the voice times what it says.
    """
    mel_fm = np.asarray(mel_fm, np.float32)
    tokens = int(np.ceil(phones[-1][2] * config.token_rate_hz / config.block_tokens)) * config.block_tokens
    frames, quiet = tokens * config.frames_per_token, mel_fm[2:12]
    at_f = loudness(mel_fm)
    while len(mel_fm) < frames:
        mel_fm = np.concatenate([mel_fm, quiet])
    duration_s = tokens / config.token_rate_hz
    frame_s = np.arange(round(duration_s * config.motion_fps)) / config.motion_fps
    if lips_tc is None:
        at = np.minimum((frame_s * config.mel.frame_rate_hz).astype(int), len(at_f) - 1)
        mouth = articulate(phones, duration_s, config.motion_fps, None, at_f[at]).reshape(len(frame_s), -1)
    else:
        _, mouth = heard(lips_between(lips_tc, frame_s), phones, config.motion_fps, np.random.default_rng(0))
    mouth_tc = torch.from_numpy(mouth)
    lips = Lips(mouth_tc, torch.ones(len(mouth_tc), dtype=torch.bool))
    text_a = torch.from_numpy(tokens_in_time(phones, tokens, config.token_rate_hz))
    return StoredVoice(Voice(torch.from_numpy(mel_fm[:frames]), text_a, lips), manner_k, british)


def manner(utterances: list[Phones], durations: DurationPredictor) -> torch.Tensor:
    """(K,) how a voice times what it says, from some of its utterances."""
    index = {symbol: i for i, symbol in enumerate(symbols())}
    tokens = torch.tensor([index[symbol] for phones in utterances for symbol, _, _ in phones])
    return durations.manner_of(tokens, torch.tensor([end - start for phones in utterances for _, start, end in phones]))
