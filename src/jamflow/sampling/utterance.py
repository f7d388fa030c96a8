"""One piece for the model: a voice, which is given, and after it what is said."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from torch import Tensor

from jamflow.face.channels import interpolated
from jamflow.sampling.conditions import SpeechCondition


@dataclass(frozen=True)
class Lips:
    """mouth_tc: (T, mouth channels) lip points in cm. seen_t: (T,) bool, where they are known. clue_tc: (T, clue channels) the
    other key points, or None."""

    mouth_tc: Tensor
    seen_t: Tensor
    clue_tc: Tensor | None = None


@dataclass(frozen=True)
class Voice:
    """A piece of speech that the model continues, a whole number of blocks long.

    mel_fm: (F, mel bands) log mel. text_a: (A,) tokens laid out in time, -1 where unknown. lips: of the same speech, or None.
    """

    mel_fm: Tensor
    text_a: Tensor
    lips: Lips | None = None


@dataclass(frozen=True)
class GivenLips:
    """What a video shows of a mouth, relative to the person at rest.

    times_s: (N,) when, from the first frame on. mouth_nm: (N, M) in the space's unit. length_s: how long the picture lasts.
    """

    times_s: np.ndarray
    mouth_nm: np.ndarray
    length_s: Fraction

    def at(self, times_s: np.ndarray) -> np.ndarray:
        """(T, M) float32 at other times, on a straight line between frames, still before and after them."""
        return interpolated(self.times_s, self.mouth_nm, times_s)

    def points(self, fps: float) -> np.ndarray:
        """(T, K, 3) the same as points, from second 0 on at an even rate."""
        count = max(2, round(float(self.length_s) * fps))
        return self.at(np.arange(count) / fps).reshape(count, -1, 3)


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


@dataclass(frozen=True)
class Dubbed:
    """Speech for given lips: its pieces in order, anew at every call, and what the user should know."""

    utterances: Callable[[], Iterator[Utterance]]
    warnings: Sequence[str]
