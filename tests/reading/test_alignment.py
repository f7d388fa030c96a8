"""Words of a known text found in a recording by the model's own speech: another seed, rate and a recorded room."""

import numpy as np
import torch

from jamflow.data.augment import degrade_sound
from jamflow.parts import assemble
from jamflow.pipeline import JamFlow
from jamflow.reading.words import is_sound, sequence, spoken_words
from jamflow.rewrite.edit import own_speech
from jamflow.speech.level import to_model_level
from jamflow.speech.mel import LogMel

TEXT = "The plumber came back on Monday with a bigger pump."


def test_word_boundaries() -> None:
    parts = assemble("mini", torch.device("cpu"))
    spoken = JamFlow(parts).tts(TEXT, seed=9, nfe=8, speed=1.25)
    wave = spoken.speech.waveform[round(0.25 * 24_000) :]  # it does not begin as the model would
    wave = degrade_sound(np.pad(wave, (0, 12_000)), 24_000, np.random.default_rng(1))
    aligner = parts.reader.rewriter().aligner
    words = spoken_words(TEXT, aligner.text.phonemizer)
    found = aligner.align(words, LogMel()(torch.from_numpy(to_model_level(wave))), own_speech(parts))
    symbols, spans = sequence(words)
    assert [p[0] for p in spoken.phones] == symbols
    errors = []
    for word, (first, last) in zip(found, spans, strict=True):
        sounds = [p for p in spoken.phones[first:last] if is_sound(p[0])]
        errors += [word.start_s - (sounds[0][1] - 0.25), word.end_s - (sounds[-1][2] - 0.25)]
    assert [word.text for word in found] == TEXT.split()
    # Where a p before silence ends nobody can tell, so the very last boundary may be anywhere in it.
    assert np.median(np.abs(errors)) < 0.02 and np.quantile(np.abs(errors), 0.9) < 0.08
