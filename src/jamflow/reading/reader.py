"""Between people and streams: text and a voice become conditions, mel becomes sound.

How a model does that is chosen by `JointConfig.text`: `phoneme_reader` or `f5_reader`. The pipeline knows only what is here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from torch import Tensor

from jamflow.conditions import SpeechCondition
from jamflow.reading.fit import Way
from jamflow.reading.rewriter import Rewriter
from jamflow.speech.voice import Lips

if TYPE_CHECKING:
    from jamflow.reading.given_lips import GivenLips


@dataclass(frozen=True)
class Utterance:
    """One piece for the model: a voice, which is given, and after it what is said.

    Where all speech is given, what came before takes the place of the voice, and what follows comes after.

    Attributes:
        tokens: audio tokens in all; `voice_tokens` of them are the voice's.
        speech: mel and text of both.
        lips: the voice's, or None; where all motion is given, those after it too.
        overlap_s: how long its end is mixed with the beginning of the next.
        phones: (symbol, start s, end s) from the start of what is said; empty where the model finds the timing.
        length_s: how long what is said lasts.
        last: nothing follows.
        recorded: (N,) samples of what is said and heard, as long as its frames last, where speech is given; else None.
        first_frame: the result's frame with which the voice begins, where motion is a window of a longer one; else None.
    """

    tokens: int
    voice_tokens: int
    speech: SpeechCondition
    lips: Lips | None
    phones: list[tuple[str, float, float]]
    length_s: Fraction
    last: bool
    overlap_s: Fraction = Fraction(0)
    recorded: np.ndarray | None = None
    first_frame: int | None = None


Sound = Callable[[Tensor, Utterance], np.ndarray]  # (F, mel bands) of voice and speech -> (N,) float32 that is certain now


# How the lips of a recorded voice move for so many motion frames from that second of the recording on; None where nobody is seen.
VoiceLips = Callable[[float, int], Lips | None]


@dataclass(frozen=True)
class Dubbed:
    """Speech for given lips: its pieces in order, anew at every call, and what the user should know."""

    utterances: Callable[[], Iterator[Utterance]]
    warnings: Sequence[str]


class Speaker(Protocol):
    """One voice, ready to speak."""

    @property
    def warnings(self) -> Sequence[str]: ...

    @property
    def lesson_fm(self) -> Tensor | None:
        """(F, mel bands) of a recording, where the model is to be adapted to it before it speaks (`train.adaptation`)."""
        ...

    def utterances(self, text: str, speed: float) -> Iterator[Utterance]:
        """Pieces in order; speed 2 is twice as fast. UserError where there is nothing that can be said."""
        ...

    def dub(self, lips: "GivenLips", text: str | None, way: Way | None, mouth_of: Callable[[Tensor], Tensor]) -> Dubbed:
        """Speech in time with a video's lips, exactly as long as the picture; None leaves the text to the lips.

        way: what is done where the text takes much longer or shorter than the lips move. mouth_of: lips for the (F, mel bands) of
        a voice whose own are not known. UserError where the text cannot be said, or not in this time.
        """
        ...

    def sound(self) -> Sound:
        """From the mels of a text's utterances, one after the other, to one sound."""
        ...


class Reader(Protocol):
    """How a model reads."""

    def speaker(self, voice: str | Path | None, voice_text: str | None, lips: VoiceLips | None = None) -> Speaker:
        """The voice of a recording (None: the model's own); UserError where it cannot be used.

        lips: of the recording, if it is a video.
        """
        ...

    def rewriter(self, heard: np.ndarray | None = None) -> Rewriter:
        """What changes words in recordings; UserError where this model cannot.

        heard: (N,) samples at 24 kHz of a recording; where words are looked for, it is with speech in its voice.
        """
        ...
