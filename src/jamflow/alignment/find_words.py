"""The words of a recording and their times, as far as an edit needs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from jamflow.alignment.words_in_sound import Aligner, Say
from jamflow.errors import UserError
from jamflow.speech.level import to_model_level
from jamflow.speech.mel import LogMel
from jamflow.speech.original import Original
from jamflow.text.words import TimedWord, find, spoken_words

if TYPE_CHECKING:
    from jamflow.speech.whisper import HeardWord, Whisper

LONGEST_S = 600.0  # of a recording in which words are looked for
_ALIGNED_S = 60.0  # longest stretch aligned at once: the computing time grows with the square
_AROUND_S = 8.0  # of a longer recording, how much is aligned before and after the words


@dataclass(frozen=True)
class Heard:
    """Words in order, with times in the recording; those from `first` to `last` (exclusive) are the ones asked for."""

    words: list[TimedWord]
    first: int
    last: int


class WordFinder:
    """Finds words in recordings. `say` generates speech with the aligner's model (`words_in_sound.Aligner`)."""

    def __init__(self, aligner: Aligner, say: Say):
        self._aligner, self._say = aligner, say
        self._log_mel = LogMel(aligner.config.mel)
        self._rate_hz = aligner.config.mel.sample_rate_hz

    def find(self, sound: Original, wanted: str, transcript: str | None) -> Heard:
        """The words around `wanted`, which must be said exactly once.

        Args:
            transcript: everything that is said; None lets Whisper transcribe it.

        Raises:
            UserError: `wanted` is not said, or more than once; the recording is too long; Whisper is not installed.
        """
        if transcript:
            return self._known(sound, wanted, transcript)
        refuse_long(sound)
        heard = self.ears.words(sound.resampled(self._rate_hz, 0, sound.samples), self._rate_hz)
        first, last = find([word.text for word in heard], wanted)
        return self._around(sound, heard, first, last)

    def check(self, sound: Original, wanted: str, transcript: str | None) -> None:
        """What `find` refuses and can be told without listening: see there."""
        if transcript:
            self._located(sound, wanted, transcript)
        else:
            refuse_long(sound)
            self.ears  # noqa: B018 - it refuses where Whisper is missing

    @cached_property
    def ears(self) -> "Whisper":
        """Raises UserError where Whisper is not installed."""
        return _whisper()

    def knows(self, sound: Original, transcript: str | None) -> bool:
        """Whether `span` can tell words: by the transcript, or by listening."""
        if transcript and sound.length_s <= _ALIGNED_S:
            return True
        try:
            return self.ears is not None
        except UserError:
            return False

    def span(self, sound: Original, from_s: float, to_s: float, transcript: str | None) -> Heard:
        """The words around a time span; those whose middle lies in it are the ones asked for.

        There are no words if there is neither a transcript nor Whisper.
        """
        if not self.knows(sound, transcript):
            return Heard([], 0, 0)
        if transcript and sound.length_s <= _ALIGNED_S:
            words = self._placed(sound, transcript, 0.0, float(sound.length_s))
        else:
            start_s, end_s = max(0.0, from_s - _AROUND_S), min(float(sound.length_s), to_s + _AROUND_S)
            heard = self.ears.words(self._wave(sound, start_s, end_s), self._rate_hz)
            if not heard:
                return Heard([], 0, 0)
            words = self._placed(sound, " ".join(word.text for word in heard), start_s, end_s)
        middles = [(word.start_s + word.end_s) / 2 for word in words]
        return Heard(words, sum(m < from_s for m in middles), sum(m < to_s for m in middles))

    def _known(self, sound: Original, wanted: str, transcript: str) -> Heard:
        first, last = self._located(sound, wanted, transcript)
        return Heard(self._placed(sound, transcript, 0.0, float(sound.length_s)), first, last)

    def _located(self, sound: Original, wanted: str, transcript: str) -> tuple[int, int]:
        """Indices of the first word and of the word after the last, among those of the transcript."""
        if sound.length_s > _ALIGNED_S:
            raise UserError(
                f"The recording lasts {float(sound.length_s):.0f} s, and a transcript is laid on {_ALIGNED_S:g} s at most.",
                "Leave --transcript out, or give a time span with --from and --to.",
            )
        return find([word.text for word in spoken_words(transcript, self._aligner.text.phonemizer)], wanted)

    def _around(self, sound: Original, heard: Sequence["HeardWord"], first: int, last: int) -> Heard:
        """Align what Whisper heard: its words are good, but its times are 0.1 s early."""
        low, high, start_s, end_s = 0, len(heard), 0.0, float(sound.length_s)
        if end_s > _ALIGNED_S / 2:
            low = next(i for i in range(first + 1) if heard[i].start_s > heard[first].start_s - _AROUND_S)
            until_s = heard[last - 1].end_s + _AROUND_S
            high = 1 + max(i for i in range(last - 1, len(heard)) if i < last or heard[i].end_s < until_s)
            start_s = heard[low].start_s if low else 0.0
            end_s = heard[high].start_s if high < len(heard) else end_s
        words = self._placed(sound, " ".join(word.text for word in heard[low:high]), start_s, end_s)
        return Heard(words, first - low, last - low)

    def _placed(self, sound: Original, text: str, start_s: float, end_s: float) -> list[TimedWord]:
        mel_fm = self._mel(self._wave(sound, start_s, end_s))
        words = self._aligner.align(spoken_words(text, self._aligner.text.phonemizer), mel_fm, self._say)
        return [word.later(start_s) for word in words]

    def _wave(self, sound: Original, start_s: float, end_s: float) -> np.ndarray:
        return sound.resampled(self._rate_hz, round(start_s * sound.rate_hz), round(end_s * sound.rate_hz))

    def _mel(self, wave: np.ndarray) -> Tensor:
        return self._log_mel(torch.from_numpy(to_model_level(wave)))


def refuse_long(sound: Original) -> None:
    """Raises UserError if the recording is too long to look for words in it."""
    if sound.length_s > LONGEST_S:
        raise UserError(
            f"The recording lasts {float(sound.length_s) / 60:.0f} minutes; words are looked for in {LONGEST_S / 60:g} at most.",
            "Give a time span with --from and --to.",
        )


def _whisper() -> "Whisper":
    from jamflow.speech.whisper import Whisper  # only now: an extra

    try:
        return Whisper()
    except UserError as error:
        raise UserError(
            "What is said in the recording is not known.",
            "Give it with --transcript; or run pip install 'jamflow[eval]', and English is transcribed.",
        ) from error
