"""Text to phonemes: every text gives something to say, or one clear sentence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamflow.errors import UserError
from jamflow.text.phonemes import CONSONANTS, VOWELS, EnglishPhonemizer, check_script, split_symbols, symbols
from jamflow.text.sentences import sentences, spoken


@pytest.fixture(scope="module")
def phonemizer() -> EnglishPhonemizer:
    return EnglishPhonemizer()


def test_symbols_are_the_ones_the_shipped_model_was_trained_on() -> None:
    assert len(symbols()) == len(set(symbols())) == 109
    assert symbols()[0] == "_" and symbols().index("ˈu") == 73


def test_stress_joins_its_vowel() -> None:
    assert split_symbols("həlˈO wˈɜɹld!") == ["h", "ə", "l", "ˈO", " ", "w", "ˈɜ", "ɹ", "l", "d", "!"]
    assert split_symbols("ˈjunit") == ["j", "ˈu", "n", "i", "t"]  # the mark waits for the vowel
    assert split_symbols("a#b") == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "sounds"),
    [("map", "mˈæp"), ("thumb", "θˈʌm"), ("five", "fˈIv"), ("5", "fˈIv"), ("$2", "tˈu dˈɑləɹz"), ("knight", "nˈIt")],
)
def test_known_words(phonemizer: EnglishPhonemizer, text: str, sounds: str) -> None:
    assert phonemizer(text) == split_symbols(sounds)


def test_tokens_are_places_in_the_table(phonemizer: EnglishPhonemizer) -> None:
    phones = phonemizer("A big bad wolf.")
    assert [symbols()[i] for i in phonemizer.tokens(phones)] == phones


@pytest.mark.parametrize(("text", "script"), [("你好", "Cjk"), ("Привет", "Cyrillic"), ("hello مرحبا", "Arabic")])
def test_other_scripts_are_named(text: str, script: str) -> None:
    with pytest.raises(UserError, match=f"{script} letters"):
        check_script(text)


def test_nothing_to_say_is_refused(phonemizer: EnglishPhonemizer) -> None:
    with pytest.raises(UserError, match="nothing to say"):
        phonemizer("... !!! -")


@given(st.text(st.characters(max_codepoint=0x24F), max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_latin_text_speaks_or_says_why_not(text: str) -> None:
    speaker = _shared()
    for sentence in sentences(speaker.read(text)):
        try:
            phones = speaker(spoken(sentence))
        except UserError:
            continue
        assert any(p[-1] in VOWELS + CONSONANTS for p in phones) and set(phones) <= set(symbols())


_cache: list[EnglishPhonemizer] = []


def _shared() -> EnglishPhonemizer:
    """hypothesis does not take fixtures of a wider scope."""
    if not _cache:
        _cache.append(EnglishPhonemizer())
    return _cache[0]
