"""The protocols of a reader and a speaker: text and a voice become utterances, and generated mel becomes sound.

There are two readers, `phonemes` and `f5`. `JointConfig.text` says which one a model needs. Tasks know only the protocols.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from torch import Tensor

from jamflow.editing.support import EditSupport
from jamflow.sampling.utterance import Dubbed, GivenLips, Lips, Sound, Utterance
from jamflow.text.fit import FitMode
from jamflow.voices.adaptation import Lesson
from jamflow.voices.named import NamedVoice

# The lips of a recorded voice, from a second of the recording on, for a number of motion frames; None if nobody is seen.
VoiceLips = Callable[[float, int], Lips | None]


class Speaker(Protocol):
    """One voice, ready to speak."""

    @property
    def warnings(self) -> Sequence[str]: ...

    @property
    def dub_fits(self) -> tuple[FitMode, ...]:
        """What `dub` can do with a text that is too long or too short."""
        ...

    @property
    def lesson(self) -> Lesson | None:
        """What the model is adapted to before it speaks (`voices.adaptation`), or None."""
        ...

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the samples that `sound` gives."""
        ...

    def utterances(self, text: str, speed: float) -> Iterator[Utterance]:
        """The text as utterances, in order. speed: 2 is twice as fast.

        Raises:
            UserError: nothing in the text can be said.
        """
        ...

    def dub(self, lips: GivenLips, text: str | None, way: FitMode | None, mouth_of: Callable[[Tensor], Tensor]) -> Dubbed:
        """Speech in time with a video's lips, exactly as long as the picture.

        Args:
            text: what is said; None lets the model choose sounds that match the lips.
            way: what to do if the text takes much longer or shorter than the lips move.
            mouth_of: generates lips from the (F, mel bands) of a voice whose own lips were not seen.

        Raises:
            UserError: the text cannot be said, or not in this time.
        """
        ...

    def seeing(self, lips: VoiceLips) -> "Speaker":
        """The same, who continues the lips of the recording too, where the model can."""
        ...

    def check_dub(self, text: str | None, video_s: Fraction, way: FitMode | None) -> None:
        """Raises UserError where `dub` would for any lips in a picture of this length."""
        ...

    def sound(self) -> Sound:
        """A function that turns the mels of a text's utterances, called in order, into one sound."""
        ...


class Reader(Protocol):
    """How a model reads text and takes up a voice."""

    def speaker(self, voice: NamedVoice | str | Path | None, voice_text: str | None) -> Speaker:
        """Someone who speaks with a voice.

        Args:
            voice: one of the model's voices with names, or a recording; None is the model's own voice.
            voice_text: what is said in the recording, if known; its pace is kept.

        Raises:
            UserError: the recording cannot be used, or the model has no voice of its own.
        """
        ...

    def check(self, text: str) -> None:
        """Raises UserError where there is something in the text that nobody can say here. It needs no voice."""
        ...

    def edit_support(self, heard: np.ndarray | None = None) -> EditSupport:
        """What is needed to replace words in a recording.

        Args:
            heard: (N,) samples of the recording at the model's rate, if words have to be found in it: the model then says the
                words in the same voice, to compare.
        """
        ...
