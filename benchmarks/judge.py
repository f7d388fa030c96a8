"""How a set of sounds is heard and how a set of mouths moves, as numbers for the benchmark's table."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hibari import SAMPLE_RATE, Hibari

from clips import Clip
from jamflow.evaluate.dnsmos import Dnsmos
from jamflow.evaluate.lips import Share, best_lag, correlation, lag_profile, shut_bilabials, shut_silence
from jamflow.evaluate.wer import word_errors
from jamflow.speech.mel import LogMel
from jamflow.speech.vocoder import load_vocoder
from jamflow.speech.whisper import Whisper
from jamflow.weights.shipped import asset

Sound = tuple[np.ndarray, int]  # samples, rate in Hz


def reference_sounds(texts: list[str]) -> dict[str, list[Sound]]:
    """The teacher's own sound, and the same through mel and vocoder: what training could reach at best."""
    teacher, log_mel = Hibari(voice="heart"), LogMel()
    vocoder = load_vocoder(asset("mini/vocoder.safetensors"))
    spoken = [np.asarray(teacher(text), np.float32) for text in texts]
    with torch.inference_mode():
        copies = [vocoder(log_mel(torch.from_numpy(wave))[None])[0].numpy() for wave in spoken]
    return {
        "teacher": [(wave, SAMPLE_RATE) for wave in spoken],
        "teacher through the vocoder": [(wave, SAMPLE_RATE) for wave in copies],
    }


def listen(texts: list[str], sounds: list[Sound]) -> dict[str, Any]:
    """Word errors and DNSMOS of a set of sounds, with what was heard in each."""
    whisper, dnsmos = Whisper(), Dnsmos()
    heard = [whisper.transcribe(wave, rate) for wave, rate in sounds]
    scores = [dnsmos.overall(wave, rate) for wave, rate in sounds]
    errors = word_errors(texts, heard)
    return {
        "wer_utt": errors.utterance_mean,
        "wer_corpus": errors.corpus,
        "dnsmos_overall": float(np.mean(scores)),
        "seconds": sum(len(wave) / rate for wave, rate in sounds),
        "utterances": [
            {"text": text, "heard": words, "wer": wer, "dnsmos_overall": score}
            for text, words, wer, score in zip(texts, heard, errors.utterance_rates, scores, strict=True)
        ],
    }


def watch(clips: list[Clip], opening: Callable[[Clip], np.ndarray], shut_cm: float) -> dict[str, Any]:
    """One opening curve per clip against the generated motion, the articulatory truth and the phones.

    "By chance" is what a mouth scores that moves as much but to other words: the curve turned by half its
    length.
    """
    curves = [opening(clip) for clip in clips]
    pairs = list(zip(curves, clips, strict=True))
    profiles = [lag_profile(curve, clip.truth_t) for curve, clip in pairs]
    alone = np.array([best_lag(profile).frames for profile in profiles])
    turned = [(np.roll(curve, len(curve) // 2), clip) for curve, clip in pairs]

    def bilabials(of: list[tuple[np.ndarray, Clip]]) -> Share:
        return sum((shut_bilabials(curve, clip.phones, clip.fps, shut_cm) for curve, clip in of), Share(0, 0))

    def silence(of: list[tuple[np.ndarray, Clip]]) -> Share:
        return sum((shut_silence(curve, clip.phones, clip.fps, shut_cm) for curve, clip in of), Share(0, 0))

    return {
        "correlation_with_generated": float(np.mean([correlation(a, clip.generated_t) for a, clip in pairs])),
        "correlation_with_truth": float(np.mean([correlation(a, clip.truth_t) for a, clip in pairs])),
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
