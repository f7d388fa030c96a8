"""The recipe's alignment of our symbols with flite's phones."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from jamflow.text.phonemes import split_symbols, tokens_in_time

_SPEC = importlib.util.spec_from_file_location("recipe_align", Path(__file__).parents[2] / "recipes/mini/align.py")
assert _SPEC and _SPEC.loader
align = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(align)


def flite(said: str, each_s: float = 0.1) -> list[tuple[str, float, float]]:
    return [(name, i * each_s, (i + 1) * each_s) for i, name in enumerate(said.split())]


def middle_of(phones: list[tuple[str, float, float]], symbol: str) -> float:
    return next((start + end) / 2 for s, start, end in phones if s == symbol)


def test_our_symbols_take_flites_times_without_gaps() -> None:
    symbols = split_symbols("wˈɛl, bˈɜɹd.")
    phones, cost = align.timed(symbols, flite("pau w eh l pau b er d pau"))
    assert cost == 0.0
    assert [s for s, _, _ in phones] == ["_", *symbols, "_"]
    assert phones[0][1] == 0.0 and phones[-1][2] == pytest.approx(0.9)
    assert [p[2] for p in phones[:-1]] == pytest.approx([p[1] for p in phones[1:]])
    assert min(end - start for _, start, end in phones) >= 0.0199
    for symbol, seconds in (("w", 0.15), ("ˈɛ", 0.25), (",", 0.44), ("b", 0.55), ("ˈɜ", 0.625), ("ɹ", 0.675), (".", 0.84)):
        assert middle_of(phones, symbol) == pytest.approx(seconds, abs=0.011), symbol


def test_a_space_takes_a_little_of_its_neighbours() -> None:
    phones, _ = align.timed(split_symbols("ðə kˈæt"), flite("pau dh ax k ae t pau"))
    assert next(p for p in phones if p[0] == " ") == (" ", pytest.approx(0.27), pytest.approx(0.33))


def test_a_pause_without_punctuation_is_silence() -> None:
    phones, _ = align.timed(split_symbols("ðə kˈæt"), flite("pau dh ax pau k ae t pau", 0.2))
    assert [s for s, _, _ in phones] == ["_", "ð", "ə", "_", " ", "k", "ˈæ", "t", "_"]
    ids = tokens_in_time(phones, 16, 10.0)
    assert len(ids) == 16 and np.unique(ids[6:7]) == [0]


def test_sounds_that_only_one_says_do_not_move_the_others() -> None:
    ours = split_symbols("bˈʌtᵊn fˈæməli")
    phones, cost = align.timed(ours, flite("pau b ah t n f ae m l iy pau"))  # no schwa twice
    assert cost == pytest.approx(2 * 0.3 / 11)
    assert middle_of(phones, "f") == pytest.approx(0.55, abs=0.02)
    assert middle_of(phones, "i") == pytest.approx(0.95)
    more, _ = align.timed(split_symbols("kˈæt"), flite("pau k ae t s pau"))
    assert next(p for p in more if p[0] == "t")[2] == pytest.approx(0.5)


def test_other_words_cost_more_than_other_readings() -> None:
    phones = flite("pau ih t s dh ax s ey m w er d pau")
    same = align.timed(split_symbols("ɪts ðə sˈAm wˈɜɹd"), phones)[1]
    reading = align.timed(split_symbols("ɪts ði sˈAm wˈɜɹd"), phones)[1]
    other = align.timed(split_symbols("ɪts nˈAnti θɹˈi wˈɜɹdz"), phones)[1]
    assert same == 0.0 < reading < 0.05
    assert other > 0.4


def test_silence_cannot_be_aligned() -> None:
    with pytest.raises(ValueError):
        align.timed(split_symbols("kˈæt"), flite("pau"))
