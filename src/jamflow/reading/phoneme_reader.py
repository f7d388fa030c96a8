"""How `mini` reads: English phonemes laid out in time, a voice of its own, pieces that end in silence."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from jamflow.conditions import SpeechCondition
from jamflow.model.config import JointConfig
from jamflow.reading.alignment import Aligner
from jamflow.reading.pieces import TextReader, block_tokens
from jamflow.reading.reader import Sound, Utterance, VoiceLips
from jamflow.reading.rewriter import Rewriter
from jamflow.speech.level import end_in_silence
from jamflow.speech.mel import HOP, SAMPLE_RATE_HZ, LogMel
from jamflow.speech.vocoder import Vocos
from jamflow.speech.voice import Lips, Prompt, Voice, choose_prompt, voice_from_prompt
from jamflow.speech.waveform import read_wave

_TAIL_S = 0.05  # how long a last sound may ring on
_VOCODER_CONTEXT = 8  # mel frames of what came before, so that a piece does not start from nothing


class PhonemeReader:
    def __init__(self, text: TextReader, own_voice: Voice, vocoder: Vocos, config: JointConfig):
        self._text, self._own_voice, self._vocoder, self._config = text, own_voice, vocoder, config
        self._log_mel = LogMel()

    def speaker(self, voice: str | Path | None, voice_text: str | None, lips: VoiceLips | None = None) -> "PhonemeSpeaker":
        chosen = self._own_voice if voice is None else self._recorded(voice, voice_text, lips)
        return PhonemeSpeaker(self._text, chosen, self._vocoder, self._config)

    def rewriter(self) -> Rewriter:
        return Rewriter(Aligner(self._text, self._own_voice, self._config), self._vocoder)

    def _recorded(self, path: str | Path, text: str | None, lips: VoiceLips | None) -> Voice:
        per = self._config.frames_per_token
        prompt = choose_prompt(read_wave(path), block_tokens(self._config) * per * HOP)
        voice = voice_from_prompt(prompt, self._log_mel, per)
        # Only where the whole recording became the prompt is its text known to belong to it.
        if text and prompt.whole:
            voice = replace(voice, text_a=self._text.spread(text, len(voice.text_a)))
        return voice if lips is None else replace(voice, lips=self._seen(prompt, len(voice.text_a), lips))

    def _seen(self, prompt: Prompt, tokens: int, lips: VoiceLips) -> Lips | None:
        """What is filled up with silence was never seen."""
        frames = self._config.motion_frames(tokens)
        found = lips(prompt.start_s, frames)
        if found is None:
            return None
        recorded_t = torch.arange(frames) < (prompt.end_s - prompt.start_s) * self._config.motion_fps
        return replace(found, seen_t=found.seen_t & recorded_t)


@dataclass(frozen=True)
class PhonemeSpeaker:
    text: TextReader
    voice: Voice
    vocoder: Vocos
    config: JointConfig
    warnings: tuple[str, ...] = ()

    def utterances(self, text: str, speed: float) -> Iterator[Utterance]:
        voice, first = self.voice, len(self.voice.text_a)
        for piece in self.text.pieces(text, speed):
            tokens = first + piece.tokens
            speech = SpeechCondition(
                "generated", voice.mel_fm, torch.arange(tokens) < first, torch.cat([voice.text_a, piece.text_a])
            )
            length_s = piece.tokens / Fraction(self.config.token_rate_hz)
            yield Utterance(tokens, first, speech, voice.lips, piece.phones, length_s, piece.last)

    def sound(self) -> Sound:
        return self._vocode

    @torch.inference_mode()
    def _vocode(self, mel_fm: Tensor, utterance: Utterance) -> np.ndarray:
        """A whole number of hops, silent after the last sound."""
        first = utterance.voice_tokens * self.config.frames_per_token
        start = max(0, first - _VOCODER_CONTEXT)
        mel = torch.cat([mel_fm[start:], mel_fm[-1:]])  # the last frame is centred on the end
        wave = self.vocoder(mel[None].float())[0][(first - start) * HOP :]
        _, over_s, _ = utterance.phones[-1]
        return end_in_silence(wave.clamp(-1, 1).cpu().numpy(), over_s + _TAIL_S, SAMPLE_RATE_HZ)
