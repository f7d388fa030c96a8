"""Between people and streams: text and a voice become conditions, mel becomes sound.

How a model does that is chosen by `JointConfig.text`: `phonemes` or `f5`. The pipeline knows only what is here.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from torch import Tensor

from jamflow.editing.support import EditSupport
from jamflow.sampling.utterance import Dubbed, GivenLips, Lips, Sound, Utterance
from jamflow.text.fit import FitMode

# How the lips of a recorded voice move for so many motion frames from that second of the recording on; None where nobody is seen.
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
    def adapt_to_fm(self) -> Tensor | None:
        """(F, mel bands) of a recording, where the model is to be adapted to it before it speaks (`voices.adaptation`)."""
        ...

    @property
    def sample_rate_hz(self) -> int:
        """Of what `sound` makes."""
        ...

    def utterances(self, text: str, speed: float) -> Iterator[Utterance]:
        """Pieces in order; speed 2 is twice as fast. UserError where there is nothing that can be said."""
        ...

    def dub(self, lips: GivenLips, text: str | None, way: FitMode | None, mouth_of: Callable[[Tensor], Tensor]) -> Dubbed:
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

    def edit_support(self, heard: np.ndarray | None = None) -> EditSupport:
        """What changes words in recordings; UserError where this model cannot.

        heard: (N,) samples at the model's rate of a recording; where words are looked for, it is with speech in its voice.
        """
        ...
