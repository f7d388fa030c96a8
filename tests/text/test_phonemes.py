"""Text to phonemes: every text gives something to say, or one clear sentence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamflow.errors import UserError
from jamflow.text.phonemes import CONSONANTS, VOWELS, Phonemizer, check_script, split_sentences, split_symbols, symbols


@pytest.fixture(scope="module")
def phonemizer() -> Phonemizer:
    return Phonemizer()


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
def test_known_words(phonemizer: Phonemizer, text: str, sounds: str) -> None:
    assert phonemizer(text) == split_symbols(sounds)


def test_tokens_are_places_in_the_table(phonemizer: Phonemizer) -> None:
    phones = phonemizer("A big bad wolf.")
    assert [symbols()[i] for i in phonemizer.tokens(phones)] == phones


@pytest.mark.parametrize(("text", "script"), [("你好", "Cjk"), ("Привет", "Cyrillic"), ("hello مرحبا", "Arabic")])
def test_other_scripts_are_named(text: str, script: str) -> None:
    with pytest.raises(UserError, match=f"{script} letters"):
        check_script(text)


def test_nothing_to_say_is_refused(phonemizer: Phonemizer) -> None:
    with pytest.raises(UserError, match="nothing to say"):
        phonemizer("... !!! -")


@given(st.text(st.characters(max_codepoint=0x24F), max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_latin_text_speaks_or_says_why_not(text: str) -> None:
    speaker = _shared()
    for sentence in split_sentences(text):
        try:
            phones = speaker(sentence)
        except UserError:
            continue
        assert any(p[-1] in VOWELS + CONSONANTS for p in phones) and set(phones) <= set(symbols())


def test_sentences_are_cut_at_their_ends_then_at_commas_then_at_spaces() -> None:
    assert split_sentences('One. Two!  "Three?" Four') == ["One.", "Two!", '"Three?', "Four"]
    long = "word " * 30 + "end, " + "more " * 30 + "done."
    pieces = split_sentences(long)
    assert pieces[0].endswith("end,") and all(len(p) <= 181 for p in pieces)
    assert " ".join(pieces).split() == long.split()
    words = split_sentences("seven letters " * 30)
    assert len(words) > 2 and all(set(piece.split()) == {"seven", "letters"} and len(piece) <= 180 for piece in words)
    assert split_sentences("  ... \n — ") == []


@settings(deadline=None)
@given(st.text("ab ,.!?\n", max_size=600))
def test_no_word_is_lost_or_repeated(text: str) -> None:
    letters = "".join(c for c in text if c.isalnum())
    pieces = split_sentences(text)
    assert "".join(c for p in pieces for c in p if c.isalnum()) == letters
    assert all(len(p) <= 181 for p in pieces)


_cache: list[Phonemizer] = []


def _shared() -> Phonemizer:
    """hypothesis does not take fixtures of a wider scope."""
    if not _cache:
        _cache.append(Phonemizer())
    return _cache[0]
