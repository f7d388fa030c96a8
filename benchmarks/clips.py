"""What the quality benchmark judges: every sentence spoken by the model, and the mouth seen in its video."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from jamflow.data.features import loudness
from jamflow.evaluate.lips import Phones
from jamflow.face.articulation import articulate
from jamflow.face.measure import track_motion
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.media.video_reader import read_video
from jamflow.pipeline import JamFlow
from jamflow.speech.mel import FRAME_RATE_HZ, LogMel


@dataclass(frozen=True)
class Clip:
    """One spoken sentence.

    Attributes:
        speech: (n,) float32 at ``sample_rate`` Hz.
        phones: when the model was told to say what.
        generated_t: (T,) lip opening of the generated motion, centimetres.
        seen_t: (T,) lip opening tracked in the rendered video; NaN where no face was found.
        truth_t: (T,) lip opening that the articulatory model gives ``phones`` and the loudness of ``speech``.
    """

    text: str
    speech: np.ndarray
    sample_rate: int
    phones: Phones
    fps: float
    generated_t: np.ndarray
    seen_t: np.ndarray
    truth_t: np.ndarray


def speak_all(model: JamFlow, portrait: Path, texts: list[str], seed: int, nfe: int | None, folder: Path) -> Iterator[Clip]:
    """Speak every text (with seeds ``seed``, ``seed`` + 1, ...) into ``folder`` and look at the videos."""
    for i, text in enumerate(texts):
        result = model.speak(portrait, text, seed=seed + i, nfe=nfe)
        speech, motion = result.speech, result.motion  # before `save`, which then writes what is kept
        video = folder / f"{i:02d}.mp4"
        result.save(video)
        assert motion is not None, "speak generates motion"
        seen = track_motion((frame for _, frame in read_video(video)), motion.fps)
        yield Clip(
            text=text,
            speech=speech.waveform,
            sample_rate=speech.sample_rate,
            phones=result.phones,
            fps=float(motion.fps),
            generated_t=lip_opening_cm(motion.expression_tk3),
            seen_t=seen.opening_t,
            truth_t=_true_opening(result.phones, speech.waveform, len(motion), float(motion.fps)),
        )


def _true_opening(phones: Phones, speech: np.ndarray, frames: int, fps: float) -> np.ndarray:
    """As the training targets are made: phone times, and the loudness of the sound itself."""
    mel_fm = LogMel()(torch.from_numpy(speech)).numpy()
    at = np.minimum(np.arange(frames) / fps * FRAME_RATE_HZ, len(mel_fm) - 1).astype(int)
    return lip_opening_cm(articulate(phones, frames / fps, fps, loudness=loudness(mel_fm)[at]))
