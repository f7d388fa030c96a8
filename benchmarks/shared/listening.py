"""How a set of sounds is heard: word errors and DNSMOS, beside the teacher's own sound."""

from typing import Any

import numpy as np
import torch
from hibari import SAMPLE_RATE, Hibari

from jamflow.evaluate.dnsmos import Dnsmos
from jamflow.evaluate.wer import word_errors
from jamflow.speech.mel import LogMel
from jamflow.speech.vocoder import load_vocoder
from jamflow.speech.whisper import Whisper
from jamflow.weights.shipped import asset

Sound = tuple[np.ndarray, int]  # samples, rate in Hz


def reference_sounds(texts: list[str]) -> dict[str, list[Sound]]:
    """The teacher's own sound, and the same through mel and vocoder: what training could reach at best."""
    teacher, vocoder = Hibari(voice="heart"), load_vocoder(asset("mini/vocoder.safetensors"))
    log_mel = LogMel(vocoder.config.mel)
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
