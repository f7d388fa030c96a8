"""Forced alignment: a known text is placed where the recogniser hears it."""

from itertools import pairwise

import numpy as np
import pytest

from jamflow.alignment.forced import align
from jamflow.alignment.recogniser import SOUNDS, sound_of

RATE_HZ = 100.0


def heard(*spans: tuple[str, int], sure: float = 0.9) -> np.ndarray:
    """(F, S) log probabilities of somebody who says these sounds for so many frames each."""
    rows = []
    for symbol, frames in spans:
        row = np.full(len(SOUNDS), (1 - sure) / (len(SOUNDS) - 1))
        sound = sound_of(symbol)
        assert sound is not None
        row[sound] = sure
        rows += [row] * frames
    return np.log(np.array(rows))


def test_sounds_are_found_where_they_are_said():
    phones, score = align(["m", "ˈi", "t"], heard(("_", 30), ("m", 8), ("i", 20), ("t", 5), ("_", 17)), RATE_HZ)
    assert phones == [("_", 0.0, 0.3), ("m", 0.3, 0.38), ("ˈi", 0.38, 0.58), ("t", 0.58, 0.63), ("_", 0.63, 0.8)]
    assert score == pytest.approx(np.log(0.9))


def test_a_pause_between_words_is_a_silence_and_no_pause_is_a_space():
    said = heard(("m", 10), ("i", 10), ("_", 40), ("t", 10), ("u", 10))
    phones, _ = align(["m", "i", " ", "t", "u"], said, RATE_HZ)
    assert [s for s, _, _ in phones] == ["m", "i", " ", "_", "t", "u"]
    assert phones[3][2] == pytest.approx(0.6)
    together = heard(("m", 10), ("i", 10), ("t", 10), ("u", 10))
    phones, _ = align(["m", "i", " ", "t", "u"], together, RATE_HZ)
    assert [s for s, _, _ in phones] == ["m", "i", " ", "t", "u"]
    space = phones[2]
    assert space[1] < 0.2 < space[2] and space[2] - space[1] < 0.051  # it takes a little of both
    for (_, _, end), (_, start, _) in pairwise(phones):
        assert end == start


def test_a_full_stop_has_the_silence_behind_it():
    phones, _ = align(["m", "i", "."], heard(("m", 10), ("i", 10), ("_", 30)), RATE_HZ)
    assert phones[-1] == (".", 0.2, 0.5)


def test_another_text_has_a_low_score():
    said = heard(("m", 10), ("i", 10), ("t", 10))
    assert align(["m", "i", "t"], said, RATE_HZ)[1] > -0.2
    assert align(["b", "u", "k"], said, RATE_HZ)[1] < -3


def test_windows_choose_among_places():
    said = heard(("_", 10), ("m", 10), ("_", 20), ("m", 10), ("_", 10))
    assert align(["m"], said, RATE_HZ, [(0.0, 0.3)])[0][1] == ("m", 0.1, 0.2)
    assert align(["m"], said, RATE_HZ, [(0.35, 0.6)])[0][1] == ("m", 0.4, 0.5)


def test_what_cannot_be_placed_is_refused():
    with pytest.raises(ValueError, match="nothing is said"):
        align([" ", "."], heard(("_", 20)), RATE_HZ)
    with pytest.raises(ValueError, match="too short"):
        align(list("mitmitmit"), heard(("m", 5)), RATE_HZ)
