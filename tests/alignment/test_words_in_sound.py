"""Words of a known text found in a recording by the model's own speech, or by speech in the recording's voice."""

import numpy as np
import pytest
import soxr
import torch

from jamflow.data.augment import degrade_sound
from jamflow.loading.model import assemble
from jamflow.mel_format import MelFormat
from jamflow.pipeline import JamFlow
from jamflow.speech.level import to_model_level
from jamflow.speech.mel import LogMel
from jamflow.tasks.edit import own_speech
from jamflow.text.words import is_sound, sequence, spoken_words
from jamflow.voices.adaptation import Adapter

MEL = MelFormat()

TEXT = "The plumber came back on Monday with a bigger pump."


@pytest.mark.parametrize(("own", "smaller"), [(True, False), (False, False), (False, True)])
def test_word_boundaries(own: bool, smaller: bool) -> None:
    """Another seed, rate and a recorded room; smaller: spoken by a head that no voice of the training has, a third faster."""
    parts, rate = assemble("mini", torch.device("cpu")), 4 / 3 if smaller else 1.0
    spoken = JamFlow(parts).tts(TEXT, seed=9, nfe=8, speed=1.25 / rate)
    wave = spoken.speech.waveform[round(0.25 * 24_000) :]  # it does not begin as the model would
    if smaller:
        wave = soxr.resample(wave, 4, 3)
    wave = degrade_sound(np.pad(wave, (0, 12_000)), 24_000, np.random.default_rng(1))
    finder = parts.reader.edit_support(None if own else wave)
    assert (finder.lesson is None) == own
    aligner = finder.aligner
    assert aligner is not None
    words = spoken_words(TEXT, aligner.text.phonemizer)
    say = own_speech(parts.in_voice(Adapter(), finder.lesson))
    found = aligner.align(words, LogMel(MEL)(torch.from_numpy(to_model_level(wave))), say)
    symbols, spans = sequence(words)
    assert [p[0] for p in spoken.phones] == symbols
    errors = []
    for word, (first, last) in zip(found, spans, strict=True):
        sounds = [p for p in spoken.phones[first:last] if is_sound(p[0])]
        errors += [word.start_s - (sounds[0][1] - 0.25) / rate, word.end_s - (sounds[-1][2] - 0.25) / rate]
    assert [word.text for word in found] == TEXT.split()
    # Where a p before silence ends nobody can tell, so the very last boundary may be anywhere in it.
    assert np.median(np.abs(errors)) < 0.02 and np.quantile(np.abs(errors), 0.9) < 0.08
