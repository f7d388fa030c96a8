"""Forced alignment: when the words of a known text are said in a recording.

The model says the same words. Its phoneme times are known, and dynamic time warping carries them over to the recording; so no
other model is needed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from jamflow.alignment.warping import sounding, voiceless, warp, warped_s
from jamflow.model.config import JointConfig
from jamflow.sampling.conditions import SpeechCondition
from jamflow.sampling.utterance import Voice
from jamflow.text.durations import timeline
from jamflow.text.frontend import TextFrontend
from jamflow.text.phonemes import SILENCE, tokens_in_time
from jamflow.text.words import TimedWord, Word, is_sound, sequence

_EDGE_S = 0.1  # silence before and after the words
_AT_ONCE_S = 8.0  # longest speech generated at once: training rows last up to 12 s, the voice included

Say = Callable[[int, SpeechCondition], Tensor]
"""Audio tokens and a condition to (F, mel bands)."""


@dataclass(frozen=True)
class Aligner:
    """A model that says words, to compare them with a recording: its text frontend, a voice, its configuration."""

    text: TextFrontend
    voice: Voice
    config: JointConfig

    def align(self, words: Sequence[Word], mel_fm: Tensor, say: Say) -> list[TimedWord]:
        """The words with their times in the recording, which says exactly these words.

        Args:
            mel_fm: (F, mel bands) log mel of the recording at the model's level.
            say: generates the model's own speech.
        """
        symbols, spans = sequence(words)
        phones, mels = [], []
        start_s = 0.0
        for a, b in self._parts(symbols):
            part, mel = self._said(symbols[a:b], say)
            phones += [(s, a + start_s, b + start_s) for s, a, b in part]
            start_s = phones[-1][2]
            mels.append(mel)
        rate_hz = self.config.mel.frame_rate_hz
        first, last = sounding(mel_fm.numpy(), round(_EDGE_S * rate_hz))
        path = warp(voiceless(torch.cat(mels).numpy()), voiceless(mel_fm[first:last].numpy()))
        ends = warped_s(np.array([0.0, *(end for _, _, end in phones)]), path, rate_hz) + first / rate_hz
        placed = [(s, float(ends[i]), float(ends[i + 1])) for i, (s, _, _) in enumerate(phones)]
        out = []
        for word, (first, last) in zip(words, spans, strict=True):
            own = placed[first:last]
            heard = [p for p in own if is_sound(p[0])]
            out.append(TimedWord(word.text, heard[0][1], heard[-1][2], tuple(own)))
        return out

    def _parts(self, symbols: list[str]) -> list[tuple[int, int]]:
        """(first, last) of stretches of symbols that can be said at once, cut at spaces and silences."""
        seconds = self.text.seconds(symbols).tolist()
        out, first, lasts = [], 0, 0.0
        for n, (symbol, s) in enumerate(zip(symbols, seconds, strict=True)):
            lasts += s
            if lasts > _AT_ONCE_S and not is_sound(symbol) and n + 1 < len(symbols):
                out.append((first, n + 1))
                first, lasts = n + 1, 0.0
        return [*out, (first, len(symbols))]

    def _said(self, symbols: list[str], say: Say) -> tuple[list[tuple[str, float, float]], Tensor]:
        """Phones of one stretch and the mel of the model's own voice saying them."""
        rate, block = self.config.token_rate_hz, self.config.block_tokens
        seconds = self.text.seconds(symbols).clone()
        for n in (0, -1):
            seconds[n] = _EDGE_S if symbols[n] == SILENCE else seconds[n]
        phones = timeline(symbols, seconds)
        tokens = int(-(-phones[-1][2] * rate // block)) * block
        first = len(self.voice.text_a)
        text_a = torch.cat([self.voice.text_a, torch.from_numpy(tokens_in_time(phones, tokens, rate))])
        given_a = torch.arange(first + tokens) < first
        mel_fm = say(first + tokens, SpeechCondition("generated", self.voice.mel_fm, given_a, text_a))
        start = first * self.config.frames_per_token
        return phones, mel_fm[start : start + round(phones[-1][2] * self.config.mel.frame_rate_hz)]
