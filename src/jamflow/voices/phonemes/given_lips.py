"""Given lips: a video of any length becomes utterances that are in time with them.

If there is a text, its timing is found first, over the whole video (`alignment.lip_timing`). Without a text, the lips alone tell
when there is speech. Utterances are cut where the lips rest, if they do.

Shapes: T motion frames, M mouth channels, A audio tokens.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from jamflow.alignment.lip_timing import PAUSES, STILL, Phones, moving
from jamflow.model.config import JointConfig
from jamflow.sampling.conditions import SpeechCondition
from jamflow.sampling.utterance import GivenLips, Lips, Utterance, Voice
from jamflow.text.phonemes import SILENCE, tokens_in_time

LONGEST_S = 10.0  # of an utterance without its voice, as in the longer rows of mini's training
_LEAST_PAUSE_S = 0.1


def utterances(lips: GivenLips, phones: Phones | None, voice: Voice, config: JointConfig) -> Iterator[Utterance]:
    """Utterances of the whole video, in order.

    Args:
        phones: (symbol, start s, end s) that cover the video; None gives no text.
        voice: its lips must be known (`with_lips`).
    """
    assert voice.lips is not None
    token = config.frames_per_token * config.mel.hop
    samples = round(lips.length_s * config.mel.sample_rate_hz)
    count = -(-samples // token)
    first = len(voice.text_a)
    before_s = first / config.token_rate_hz
    marks = _rests(lips, config.motion_fps) if phones is None else _pauses(phones)
    ends = [round(end * config.token_rate_hz) for end in cuts(marks, float(lips.length_s), LONGEST_S)]
    starts = [0, *ends[:-1]]
    ends[-1] = count
    for start, end in zip(starts, ends, strict=True):
        tokens = first + end - start
        start_s, end_s = start / config.token_rate_hz, end / config.token_rate_hz
        said = [] if phones is None else _between(phones, start_s, end_s)
        text_n = None
        if phones is not None:
            timed = torch.from_numpy(tokens_in_time(said, end - start, config.token_rate_hz))
            text_n = torch.cat([voice.text_a, timed])
        frames = config.motion_frames(tokens)
        seen = torch.from_numpy(lips.at(np.arange(frames) / config.motion_fps - before_s + start_s))
        of_voice = config.motion_frames(first)
        mouth_tc = torch.cat([voice.lips.mouth_tc[:of_voice], seen[of_voice:]])
        speech = SpeechCondition("generated", voice.mel_fm, torch.arange(tokens) < first, text_n)
        length_s = Fraction(min(end * token, samples) - start * token, config.mel.sample_rate_hz)
        known = Lips(mouth_tc, torch.ones(frames, dtype=torch.bool))
        yield Utterance(tokens, first, speech, known, said, length_s, end == count)


def with_lips(voice: Voice, mouth_of: Callable[[Tensor], Tensor]) -> Voice:
    """The voice with lips for every frame. Where they were not seen, `mouth_of` generates them from its (F, mel bands)."""
    if voice.lips is not None and bool(voice.lips.seen_t.all()):
        return voice
    mouth_tc = mouth_of(voice.mel_fm)
    return replace(voice, lips=Lips(mouth_tc, torch.ones(len(mouth_tc), dtype=torch.bool)))


def cuts(marks: Sequence[tuple[float, float]], length_s: float, longest_s: float) -> list[float]:
    """Where utterances end, in seconds; the last end is `length_s`.

    An utterance ends in the middle of the longest rest between half of `longest_s` and `longest_s`. If there is no rest, it lasts
    `longest_s`.

    Args:
        marks: (start s, end s) of rests, in any order.
    """
    out, done = [], 0.0
    while length_s - done > longest_s:
        half, full = done + longest_s / 2, done + longest_s
        usable = [(max(a, half), min(b, full)) for a, b in marks if b > half and a < full]
        done = sum(max(usable, key=lambda mark: mark[1] - mark[0])) / 2 if usable else full
        out.append(done)
    return [*out, length_s]


def _pauses(phones: Phones) -> list[tuple[float, float]]:
    """(start s, end s) of pauses, and of the spaces between words, which are shorter."""
    rests = [(a, b) for symbol, a, b in phones if symbol in PAUSES and b - a >= _LEAST_PAUSE_S]
    return rests + [(a, b) for symbol, a, b in phones if symbol == " "]


def _rests(lips: GivenLips, fps: float) -> list[tuple[float, float]]:
    still = moving(lips.points(fps), fps) < STILL
    edges = np.flatnonzero(np.diff(np.r_[False, still, False])) / fps
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _between(phones: Phones, start_s: float, end_s: float) -> Phones:
    """The phones from `start_s` to `end_s`, with times from `start_s` on. The last one is a silence, which may have no length."""
    said = [(s, max(a, start_s) - start_s, min(b, end_s) - start_s) for s, a, b in phones if b > start_s and a < end_s]
    while said and (said[-1][0] in PAUSES or said[-1][0] == " "):
        said.pop()
    length_s = end_s - start_s
    return [*said, (SILENCE, said[-1][2] if said else 0.0, length_s)]
