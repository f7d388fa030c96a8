"""Words found in a recording by speech at known times, where both are made of the same sounds at other rates."""

import numpy as np
import pytest
import torch
from torch import Tensor

from jamflow.alignment.warping import sounding
from jamflow.alignment.words_in_sound import Aligner
from jamflow.model.config import mini
from jamflow.sampling.conditions import SpeechCondition
from jamflow.sampling.utterance import Voice
from jamflow.text.durations import load_durations
from jamflow.text.frontend import TextFrontend
from jamflow.text.phonemes import PUNCTUATION, SILENCE, symbols
from jamflow.text.words import is_sound, sequence, spoken_words
from jamflow.weights.shipped import asset

CONFIG = mini(len(symbols()))
RATE_HZ = 93.75
_QUIET = [symbols().index(s) for s in (SILENCE, " ", *PUNCTUATION)]
_SHAPES = np.cumsum(np.random.default_rng(0).standard_normal((len(symbols()), 100)), axis=1) / 4 - 2
_SHAPES[_QUIET] = -10
_VOICE = Voice(torch.full((90, 100), -3.0), torch.full((45,), -1))


def sounds(tokens: np.ndarray, seed: int) -> Tensor:
    """(F, 100) every token's own spectrum, with a little noise."""
    mel = _SHAPES[tokens] + 0.1 * np.random.default_rng(seed).standard_normal((len(tokens), 100))
    return torch.from_numpy(mel.astype(np.float32))


class Speaker:
    """Says what the text tells, two frames a token, after a voice."""

    def __init__(self):
        self.said_s: list[float] = []

    def __call__(self, tokens: int, speech: SpeechCondition) -> Tensor:
        assert speech.text_n is not None and speech.given_a is not None and len(speech.text_n) == tokens
        assert int(speech.given_a.sum()) == 45 and (speech.text_n[:45] == -1).all()
        self.said_s.append((tokens - 45) / CONFIG.token_rate_hz)
        return torch.cat([_VOICE.mel_fm, sounds(speech.text_n[45:].numpy().repeat(2), 1)])


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    text = TextFrontend(load_durations(asset("mini/durations.safetensors"), CONFIG.audio.text_vocab), CONFIG)
    return Aligner(text, _VOICE, CONFIG)


@pytest.mark.parametrize("times", [1, 5])
def test_word_boundaries(aligner: Aligner, times: int) -> None:
    """Half a second of background comes first, and phonemes last as long as they like. 5 times: more than is said at once."""
    words = spoken_words("The plumber came back. On Monday he had a bigger pump. " * times, aligner.text.phonemizer)
    named, spans = sequence(words)
    rng = np.random.default_rng(2)
    seconds = aligner.text.seconds(named).numpy() * rng.uniform(0.8, 1.3, len(named))
    seconds[[i for i, s in enumerate(named) if not is_sound(s)]] = 0.1
    seconds[0], seconds[-1] = 0.5, 0.7
    ends = np.cumsum(seconds)
    frames = (np.arange(int(ends[-1] * RATE_HZ)) + 0.5) / RATE_HZ
    index = np.array([symbols().index(s) for s in named])
    speaker = Speaker()
    found = aligner.align(words, sounds(index[np.searchsorted(ends, frames)], 3), speaker)
    starts = ends - seconds
    off = []
    for word, at, (a, b) in zip(words, found, spans, strict=True):
        assert at.text == word.text and tuple(p[0] for p in at.phones) == word.symbols
        last = max(i for i in range(a, b) if is_sound(named[i]))
        off += [at.start_s - starts[a], at.end_s - ends[last]]
    assert np.median(np.abs(off)) < 0.02 and np.abs(off).max() < 0.1
    assert (len(speaker.said_s) > 1) == (times > 1) and max(speaker.said_s) < 10


def test_what_sounds_in_a_recording_with_a_margin_as_far_as_there_is_one() -> None:
    mel = np.full((100, 100), -10.0)
    mel[30:60] = 0.0
    assert sounding(mel, 0) == (30, 60) and sounding(mel, 9) == (21, 69) and sounding(mel, 50) == (0, 100)
