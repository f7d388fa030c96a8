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
    """Lips of a voice.

    Attributes:
        mouth_tc: (T, mouth channels) lip points, in cm.
        seen_t: (T,) bool, frames in which they are known.
        clue_tc: (T, clue channels) the other key points, or None.
    """

    mouth_tc: Tensor
    seen_t: Tensor
    clue_tc: Tensor | None = None


@dataclass(frozen=True)
class Voice:
    """A piece of speech that the model continues, a whole number of blocks long.

    Attributes:
        mel_fm: (F, mel bands) log mel at the model's level.
        text_a: (A,) phoneme tokens laid out in time, -1 where unknown.
        lips: the lips of the same speech, or None.
    """

    mel_fm: Tensor
    text_a: Tensor
    lips: Lips | None = None


@dataclass(frozen=True)
class GivenLips:
    """What a video shows of a mouth, relative to the person at rest.

    Attributes:
        times_s: (N,) times of the frames; the first one is 0.
        mouth_nm: (N, M) mouth channels in the space's unit.
        length_s: how long the picture lasts.
    """

    times_s: np.ndarray
    mouth_nm: np.ndarray
    length_s: Fraction

    def at(self, times_s: np.ndarray) -> np.ndarray:
        """(T, M) float32 at other times: linear between frames, constant before and after them."""
        return interpolated(self.times_s, self.mouth_nm, times_s)

    def points(self, fps: float) -> np.ndarray:
        """(T, K, 3) the lip points from second 0 on, at a constant rate."""
        count = max(2, round(float(self.length_s) * fps))
        return self.at(np.arange(count) / fps).reshape(count, -1, 3)


@dataclass(frozen=True)
class Utterance:
    """One piece for the model: a given voice, and after it what is said.

    If all speech is given, the sound before the piece takes the place of the voice, and the sound after it follows the piece.

    Attributes:
        tokens: audio tokens in all.
        voice_tokens: how many of them are the voice's.
        speech: mel and text of both.
        lips: the voice's lips, or None. If all motion is given, also the lips after the voice.
        phones: (symbol, start s, end s) from the start of what is said; empty if the model finds the timing itself.
        length_s: how long what is said lasts.
        last: whether nothing follows.
        overlap_s: how long its end is mixed with the beginning of the next piece.
        recorded: (N,) samples of what is heard, as long as the piece's frames, if speech is given; else None.
        first_frame: the frame of the result at which the voice begins, if motion is a window of a longer one; else None.
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


Sound = Callable[[Tensor, Utterance], np.ndarray]  # (F, mel bands) of voice and speech to (N,) float32 that are final


@dataclass(frozen=True)
class Dubbed:
    """Speech for given lips. `utterances` starts from the beginning at every call."""

    utterances: Callable[[], Iterator[Utterance]]
    warnings: Sequence[str]
