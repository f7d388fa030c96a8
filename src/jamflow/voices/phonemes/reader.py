"""How `mini` reads: English phonemes laid out in time, in its own voice or that of a recording."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from jamflow.alignment.lip_timing import kept, lip_times, moving_s
from jamflow.alignment.words_in_sound import Aligner
from jamflow.editing.support import EditSupport
from jamflow.editing.timeline import EditTimeline
from jamflow.model.config import JointConfig
from jamflow.sampling.conditions import SpeechCondition
from jamflow.sampling.utterance import Dubbed, GivenLips, Sound, Utterance, Voice
from jamflow.speech.bandwidth import bands_heard
from jamflow.speech.level import gain_to_model_level
from jamflow.speech.mel import LogMel
from jamflow.speech.vocoder import Vocoder
from jamflow.speech.waveform import read_wave
from jamflow.text.fit import DUB_FITS, FitMode, fitted
from jamflow.text.frontend import TextFrontend
from jamflow.text.phonemes import SILENCE
from jamflow.voices.adaptation import Lesson
from jamflow.voices.named import NamedVoice
from jamflow.voices.phonemes import given_lips
from jamflow.voices.phonemes.prompt import (
    ADAPTATION_DB,
    ADAPTATION_S,
    Prompt,
    adaptation_mel,
    choose_prompt,
    spoken_s,
    voice_from_prompt,
)
from jamflow.voices.phonemes.voice_file import StoredVoice, load_voice
from jamflow.voices.reader import VoiceLips

_HARD_TO_LEARN = (
    "The recording of the voice is too short or too noisy to learn from, so it is imitated less well; "
    f"give {ADAPTATION_S[0]:g} s or more, with speech at least {ADAPTATION_DB:g} dB over the background."
)
_TAIL_S, _FADE_S = 0.05, 0.05  # how long a last sound may ring on, and the fade-out then
_VOCODER_CONTEXT = 8  # mel frames before the piece that the vocoder hears too


class PhonemeReader:
    """See `voices.reader.Reader`."""

    def __init__(self, text: TextFrontend, own_voice: StoredVoice, vocoder: Vocoder, config: JointConfig):
        """text: in the manner of an average voice."""
        self._text, self._own_voice, self._vocoder, self._config = text, own_voice, vocoder, config
        self._log_mel = LogMel(config.mel)

    def speaker(self, voice: NamedVoice | str | Path | None, voice_text: str | None) -> "PhonemeSpeaker":
        if voice is None:
            return self._stored(self._own_voice)
        if isinstance(voice, NamedVoice):
            return self._stored(load_voice(voice.path, self._config))
        rate_hz = self._config.mel.sample_rate_hz
        wave = read_wave(voice, rate_hz)
        prompt, chosen = self._recorded(wave, voice_text)
        learnt = adaptation_mel(wave, self._log_mel)
        warnings = () if learnt is not None else (_HARD_TO_LEARN,)
        text = self._text.in_manner(self._text.pace_of(voice_text, spoken_s(wave, rate_hz))) if voice_text else self._text
        return PhonemeSpeaker(text, chosen, self._vocoder, self._config, learnt, warnings, prompt)

    def check(self, text: str) -> None:
        self._text.check(text)

    @cached_property
    def _british_text(self) -> TextFrontend:
        return self._text.in_british()

    def _stored(self, stored: StoredVoice) -> "PhonemeSpeaker":
        text = (self._british_text if stored.british else self._text).in_manner(stored.manner_k)
        return PhonemeSpeaker(text, stored.voice, self._vocoder, self._config, stored.learnt)

    def edit_support(self, heard: np.ndarray | None = None) -> EditSupport:
        def text(change: EditTimeline, from_s: Fraction, tokens: int) -> Tensor:
            return change.timed(from_s, tokens, self._config.token_rate_hz)

        learnt = None if heard is None else adaptation_mel(heard, self._log_mel)
        voice = self._own_voice.voice if heard is None or learnt is None else self._recorded(heard, None)[1]
        aligner = Aligner(self._text, voice, self._config)
        bands = partial(bands_heard, mel_format=self._config.mel)
        return EditSupport(aligner, text, gain_to_model_level, bands, self._vocoder, learnt)

    def _recorded(self, wave: np.ndarray, text: str | None) -> tuple[Prompt, Voice]:
        per, mel = self._config.frames_per_token, self._config.mel
        prompt = choose_prompt(wave, mel.sample_rate_hz, self._config.block_tokens * per * mel.hop)
        voice = voice_from_prompt(prompt, self._log_mel, per)
        # Only if the whole recording became the prompt, the given text is the prompt's.
        if text and prompt.whole:
            voice = replace(voice, text_a=self._text.spread(text, len(voice.text_a)))
        return prompt, voice


@dataclass(frozen=True)
class PhonemeSpeaker:
    """See `voices.reader.Speaker`. prompt: the part of the recording that is the voice, if it is a recording's."""

    text: TextFrontend
    voice: Voice
    vocoder: Vocoder
    config: JointConfig
    lesson: Lesson | None = None
    warnings: tuple[str, ...] = ()
    prompt: Prompt | None = None
    dub_fits: tuple[FitMode, ...] = DUB_FITS

    @property
    def sample_rate_hz(self) -> int:
        return self.config.mel.sample_rate_hz

    def seeing(self, lips: VoiceLips) -> "PhonemeSpeaker":
        """Frames of the silence that fills up the prompt do not count as seen."""
        if self.prompt is None:
            return self
        frames = self.config.motion_frames(len(self.voice.text_a))
        found = lips(self.prompt.start_s, frames)
        if found is not None:
            recorded_t = torch.arange(frames) < (self.prompt.end_s - self.prompt.start_s) * self.config.motion_fps
            found = replace(found, seen_t=found.seen_t & recorded_t)
        return replace(self, voice=replace(self.voice, lips=found))

    def utterances(self, text: str, speed: float) -> Iterator[Utterance]:
        voice, first = self.voice, len(self.voice.text_a)
        for piece in self.text.pieces(text, speed):
            tokens = first + piece.tokens
            speech = SpeechCondition(
                "generated", voice.mel_fm, torch.arange(tokens) < first, torch.cat([voice.text_a, piece.text_a])
            )
            length_s = piece.tokens / self.config.exact_token_rate_hz
            yield Utterance(tokens, first, speech, voice.lips, piece.phones, length_s, piece.last)

    def check_dub(self, text: str | None, video_s: Fraction, way: FitMode | None) -> None:
        if text is None:
            return
        natural_s = _spoken_s(symbol for sentence in self.text.sentences(text) for symbol in sentence)
        if natural_s > video_s:  # lips move for as long as the picture lasts at the most
            fitted(natural_s, float(video_s), float(video_s), way, self.dub_fits, "the picture lasts")

    def dub(self, lips: GivenLips, text: str | None, way: FitMode | None, mouth_of: Callable[[Tensor], Tensor]) -> Dubbed:
        fps, length_s = self.config.motion_fps, float(lips.length_s)
        voice, phones, warnings = given_lips.with_lips(self.voice, mouth_of), None, []
        if text is not None:
            points = lips.points(fps)
            spoken = [symbol for sentence in self.text.sentences(text) for symbol in sentence]
            natural_s = _spoken_s(spoken)
            found = fitted(natural_s, moving_s(points, fps), length_s, way, self.dub_fits, "the lips move for")
            if found.warning:
                warnings.append(found.warning)
            if found.keep_s is not None:
                spoken, left_out = kept(spoken, found.keep_s)
                warnings.append(left_out)
            symbols, seconds = zip(*spoken, (SILENCE, 0.1), strict=True)
            phones = lip_times(symbols, [s / found.rate for s in seconds], points, fps, length_s)
        return Dubbed(lambda: given_lips.utterances(lips, phones, voice, self.config), tuple(warnings))

    def sound(self) -> Sound:
        return self._vocode

    @torch.inference_mode()
    def _vocode(self, mel_fm: Tensor, utterance: Utterance) -> np.ndarray:
        """(N,) samples, as long as the utterance; silent after the last phoneme, if its time is known."""
        first = utterance.voice_tokens * self.config.frames_per_token
        start = max(0, first - _VOCODER_CONTEXT)
        mel = torch.cat([mel_fm[start:], mel_fm[-1:]])  # the last frame is centred on the end
        wave = self.vocoder(mel[None].float())[0][(first - start) * self.config.mel.hop :]
        wave = wave[: round(utterance.length_s * self.sample_rate_hz)].clamp(-1, 1).cpu().numpy()
        if not utterance.phones:
            return wave
        _, over_s, _ = utterance.phones[-1]
        return end_in_silence(wave, over_s + _TAIL_S, self.sample_rate_hz)


def _spoken_s(symbols: Iterable[tuple[str, float]]) -> float:
    return sum(seconds for symbol, seconds in symbols if symbol != SILENCE)


def end_in_silence(wave: np.ndarray, silent_from_s: float, sample_rate_hz: int) -> np.ndarray:
    """(N,) samples that fade out within 50 ms from `silent_from_s` on and are silent after that.

    In training, the next sentence begins after a third of a second of silence. The model puts its first sound into a pause that
    is as long; here it is removed.
    """
    time_s = np.arange(len(wave)) / sample_rate_hz - silent_from_s
    return (wave * np.clip(1 - time_s / _FADE_S, 0, 1)).astype(np.float32)
