"""Sentences spoken by the model, and their lips: generated, seen in the video, and as the articulatory model has them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from jamflow.data.features import loudness
from jamflow.evaluate.lips import Phones, Share, best_lag, correlation, lag_profile, shut_bilabials, shut_silence
from jamflow.face.articulation import articulate
from jamflow.face.measure import track_motion
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.media.video_reader import read_video
from jamflow.mel_format import MelFormat
from jamflow.pipeline import JamFlow
from jamflow.speech.mel import LogMel


@dataclass(frozen=True)
class Clip:
    """One spoken sentence.

    Attributes:
        speech: (n,) float32 at ``sample_rate`` Hz.
        phones: when the model was told to say what.
        generated_t: (T,) lip opening of the generated motion, centimetres.
        seen_t: (T,) lip opening tracked in the rendered video; NaN where no face was found.
        target_t: (T,) lip opening that the articulatory model gives ``phones`` and the loudness of ``speech``.
    """

    text: str
    speech: np.ndarray
    sample_rate: int
    phones: Phones
    fps: float
    generated_t: np.ndarray
    seen_t: np.ndarray
    target_t: np.ndarray


def speak_all(model: JamFlow, portrait: Path, texts: list[str], seed: int, nfe: int | None, folder: Path) -> Iterator[Clip]:
    """Speak every text (with seeds ``seed``, ``seed`` + 1, ...) into ``folder`` and look at the videos."""
    for i, text in enumerate(texts):
        result = model.speak(portrait, text, seed=seed + i, nfe=nfe, frame="head")
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
            target_t=_target_opening(result.phones, speech.waveform, len(motion), float(motion.fps)),
        )


def lip_measures(clips: list[Clip], opening: Callable[[Clip], np.ndarray], shut_cm: float) -> dict[str, Any]:
    """One opening curve per clip against the generated motion, the articulatory target and the phones.

    "By chance" is what a mouth scores that moves as much but to other words: the curve turned by half its
    length.
    """
    curves = [opening(clip) for clip in clips]
    pairs = list(zip(curves, clips, strict=True))
    profiles = [lag_profile(curve, clip.target_t) for curve, clip in pairs]
    alone = np.array([best_lag(profile).frames for profile in profiles])
    turned = [(np.roll(curve, len(curve) // 2), clip) for curve, clip in pairs]

    def bilabials(of: list[tuple[np.ndarray, Clip]]) -> Share:
        return sum((shut_bilabials(curve, clip.phones, clip.fps, shut_cm) for curve, clip in of), Share(0, 0))

    def silence(of: list[tuple[np.ndarray, Clip]]) -> Share:
        return sum((shut_silence(curve, clip.phones, clip.fps, shut_cm) for curve, clip in of), Share(0, 0))

    return {
        "correlation_with_generated": float(np.mean([correlation(a, clip.generated_t) for a, clip in pairs])),
        "correlation_with_target": float(np.mean([correlation(a, clip.target_t) for a, clip in pairs])),
        "lag_frames": best_lag(np.nanmean(profiles, axis=0)).frames,
        "clips_within_one_frame": float(np.mean(np.abs(alone) <= 1)),
        "shut_bilabials": bilabials(pairs).fraction,
        "shut_bilabials_by_chance": bilabials(turned).fraction,
        "bilabials": bilabials(pairs).total,
        "shut_silence": silence(pairs).fraction,
        "shut_silence_by_chance": silence(turned).fraction,
        "silent_frames": silence(pairs).total,
        "frames": sum(map(len, curves)),
        "frames_without_a_face": int(sum(np.isnan(curve).sum() for curve in curves)),
    }


def _target_opening(phones: Phones, speech: np.ndarray, frames: int, fps: float) -> np.ndarray:
    """As the training targets are made: phone times, and the loudness of the sound itself."""
    mel_format = MelFormat()
    mel_fm = LogMel(mel_format)(torch.from_numpy(speech)).numpy()
    at = np.minimum(np.arange(frames) / fps * mel_format.frame_rate_hz, len(mel_fm) - 1).astype(int)
    return lip_opening_cm(articulate(phones, frames / fps, fps, loudness=loudness(mel_fm)[at]))
