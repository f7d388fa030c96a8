"""Speech and lips for a text that is still coming: sentence by sentence, each when it is known to be over."""

from collections.abc import Iterable, Iterator
from itertools import dropwhile

import numpy as np

from jamflow.face.renderer import Picture
from jamflow.live.stretch import Stretch
from jamflow.loading.model import LoadedModel
from jamflow.result import Look, Timings
from jamflow.sampling.generate import Sampling
from jamflow.tasks.pieces import PieceMaker
from jamflow.tasks.speech_plan import SpeechPlan
from jamflow.text.english.reading import read
from jamflow.text.sentences import sentences as cut
from jamflow.voices.reader import Speaker


def sentences(tokens: Iterable[str]) -> Iterator[str]:
    """Text in any pieces, as sentences; each when the first word of the next one is there, a new line, or the text's end."""
    held = ""
    for token in tokens:
        held += token
        *lines, held = held.split("\n")
        for line in lines:
            yield from _said(line)
        while (found := _first(held)) is not None:
            sentence, held = found
            yield sentence
    yield from _said(held)


def _first(text: str) -> tuple[str, str] | None:
    """The first sentence and the rest, where the first word of the rest is whole."""
    words = list(dropwhile(lambda word: not any(map(str.isalnum, word.written)), read(" ".join(text.split()))))
    found = cut(words)
    if len(found) < 2:
        return None
    said = np.cumsum([bool(word.spoken) for word in words])
    over = int(np.searchsorted(said, sum(bool(word.written) for word in found[0]))) + 1
    rest = " ".join(word.written for word in words[over:]) + " " * text[-1:].isspace()
    return (" ".join(word.written for word in words[:over]), rest) if " " in rest else None


def _said(text: str) -> Iterator[str]:
    """All sentences of a text that is whole."""
    rest = text + " "
    while (found := _first(rest)) is not None:
        sentence, rest = found
        yield sentence
    if any(map(str.isalnum, rest)):
        yield rest.strip()


class Saying:
    """Says texts with one speaker in front of one picture."""

    def __init__(self, model: LoadedModel, speaker: Speaker, picture: Picture, sampling: Sampling, seed: int):
        self._model, self._speaker, self._look = model, speaker, Look(picture)
        self._sampling, self._seed = sampling, seed

    def check(self, sentence: str) -> None:
        """Raises UserError where it cannot be spoken."""
        next(self._speaker.utterances(sentence, 1.0))

    def stretches(self, sentence: str) -> Iterator[Stretch]:
        """What a text that was checked sounds and looks like, piece by piece."""
        plan = SpeechPlan.of_text(self._speaker, sentence, 1.0)
        maker = PieceMaker(self._model, "generated", self._sampling, self._seed, self._look, None, Timings())
        mouth = list(self._look.picture.space.mouth)
        for piece in maker.pieces(plan):
            assert piece.motion is not None
            mouth_tm = piece.motion.expression_tk3[:, mouth].reshape(len(piece.motion), -1)
            yield Stretch(mouth_tm, piece.speech.astype(np.float32))
