"""From text to pieces that the model speaks one by one: sentences or parts of them, with the timing of their phonemes.

Every piece and every voice is a whole number of *blocks*. A block (`JointConfig.block_tokens`; 0.32 s for `mini`) is the shortest
time with whole audio tokens, mel frames and motion frames, so that pieces join without a remainder in sound and picture.
"""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from jamflow.errors import UserError
from jamflow.model.config import JointConfig
from jamflow.text.durations import DurationPredictor, timeline
from jamflow.text.manner import KINDS
from jamflow.text.phonemes import SILENCE, EnglishPhonemizer, Phonemizer, tokens_in_time
from jamflow.text.sentences import sentences, spoken

_MOST_PACE = 0.4  # a factor of 1.5: beyond that, the text is not what was said
LEAD_S, PAUSE_S = 0.3, 0.12  # silence before the first piece, before the others


@dataclass(frozen=True)
class TimedSentence:
    """One piece.

    Attributes:
        text: its words as they are said.
        phones: (symbol, start s, end s) from the start of the piece.
        tokens: its length in audio tokens.
        text_a: (A,) phoneme tokens, one for each audio token.
        last: whether no piece follows.
    """

    text: str
    phones: list[tuple[str, float, float]]
    tokens: int
    text_a: torch.Tensor
    last: bool


class TextFrontend:
    """Phonemes and durations for text of any length, piece by piece."""

    def __init__(
        self,
        durations: DurationPredictor,
        config: JointConfig,
        phonemizer: Phonemizer | None = None,
        manner_k: torch.Tensor | None = None,
    ):
        """phonemizer: reads another language than English. manner_k: (K,) of the voice that speaks; None is an average one."""
        self._durations, self._config, self._manner_k = durations, config, manner_k
        self._reads_english = phonemizer is None
        self.phonemizer = phonemizer or EnglishPhonemizer()

    def in_manner(self, manner_k: torch.Tensor) -> "TextFrontend":
        """The same for a voice of this manner (K,)."""
        out = copy.copy(self)
        out._manner_k = manner_k
        return out

    def in_british(self) -> "TextFrontend":
        """The same with the British pronunciation, unless it reads another language."""
        out = copy.copy(self)
        if self._reads_english:
            out.phonemizer = EnglishPhonemizer(british=True)
        return out

    @torch.inference_mode()
    def seconds(self, symbols: list[str]) -> torch.Tensor:
        """(N,) how long each symbol is expected to last."""
        manner_bk = None if self._manner_k is None else self._manner_k[None]
        return self._durations(torch.tensor([self.phonemizer.tokens(symbols)]), manner_bk)[0]

    def check(self, text: str) -> None:
        """Reads all of a text, so that what cannot be said is known before any of it is.

        Raises:
            UserError: nothing to say, or letters of another script.
        """
        for sentence in self._said(text):
            self.phonemizer(sentence)

    @torch.inference_mode()
    def pieces(self, text: str, speed: float) -> Iterator[TimedSentence]:
        """Pieces in order. speed: 2 is twice as fast.

        Raises:
            UserError: nothing to say, or letters of another script.
        """
        for sentence, symbols, seconds, last in self._spoken(text, speed):
            phones = timeline(symbols, seconds)
            rate, block = self._config.token_rate_hz, self._config.block_tokens
            tokens = math.ceil(phones[-1][2] * rate / block) * block
            symbol, start, _ = phones[-1]
            phones[-1] = (symbol, start, tokens / rate)
            text_a = torch.from_numpy(tokens_in_time(phones, tokens, rate))
            yield TimedSentence(sentence, phones, tokens, text_a, last)

    @torch.inference_mode()
    def spread(self, text: str, tokens: int) -> torch.Tensor:
        """(tokens,) phoneme tokens of a recording's text. The predicted timing is stretched to the recording's length."""
        symbols = [SILENCE, *(s for part in self._said(text) for s in self.phonemizer(part)), SILENCE]
        seconds = self.seconds(symbols)
        seconds[0] = 0.1
        length_s = tokens / self._config.token_rate_hz
        phones = timeline(symbols, seconds * (length_s / float(seconds.sum())))
        return torch.from_numpy(tokens_in_time(phones, tokens, self._config.token_rate_hz))

    @torch.inference_mode()
    def pace_of(self, text: str, length_s: float) -> torch.Tensor:
        """(K,) the manner of a recording of which only the text and the length are known: all is slower or faster alike."""
        usual_s = sum(seconds for sentence in self.sentences(text) for symbol, seconds in sentence if symbol != SILENCE)
        pace = math.log(max(length_s, 1e-3) / max(usual_s, 1e-3))
        return torch.full((len(KINDS),), min(max(pace, -_MOST_PACE), _MOST_PACE))

    @torch.inference_mode()
    def sentences(self, text: str) -> list[list[tuple[str, float]]]:
        """(symbol, seconds) of every sentence. Each begins with a silence: 0.3 s before the first sentence, 0.12 s later.

        Raises:
            UserError: nothing to say, or letters of another script.
        """
        return [list(zip(symbols, s.tolist(), strict=True))[:-1] for _, symbols, s, _ in self._spoken(text, 1.0)]

    def _said(self, text: str) -> list[str]:
        """The sentences of a text as they are said, in pieces that can be said at once."""
        words = self.phonemizer.read(text)
        self.phonemizer.check(" ".join(word.spoken for word in words))
        said = [spoken(sentence) for sentence in sentences(words)]
        if not said:
            raise UserError("There is nothing to say in the text.", "Give it at least one word or number.")
        return said

    def _spoken(self, text: str, speed: float) -> Iterator[tuple[str, list[str], torch.Tensor, bool]]:
        """Each sentence, its symbols between two silences, (N,) their seconds, and whether it is the last."""
        said = self._said(text)
        for number, sentence in enumerate(said):
            symbols = [SILENCE, *self.phonemizer(sentence), SILENCE]
            seconds = self.seconds(symbols) / speed
            seconds[0] = LEAD_S if number == 0 else PAUSE_S
            yield sentence, symbols, seconds, number == len(said) - 1
