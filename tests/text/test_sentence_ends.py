"""Sentences, and pieces that can be said at once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from jamflow.text.phonemes import Phonemizer
from jamflow.text.sentences import sentences, spoken


def cut(text: str) -> list[str]:
    """The pieces of a text that is read as it is written."""
    return [spoken(sentence) for sentence in sentences(Phonemizer().read(text))]


def test_sentences_are_cut_at_their_ends() -> None:
    assert cut('One. Two!  "Three?" Four') == ["One.", "Two!", '"Three?"', "Four"]
    assert cut("Ĉu vi? Jes… Mi, 5.\n\nNova") == ["Ĉu vi?", "Jes…", "Mi, 5.", "Nova"]
    assert cut('"Stop!" he said… or not') == ['"Stop!" he said… or not']
    assert cut("  ... \n — ") == []


def test_long_sentences_are_cut_at_commas_then_at_spaces() -> None:
    long = "word " * 30 + "end, " + "more " * 30 + "done."
    pieces = cut(long)
    assert pieces[0].endswith("end,") and all(len(p) <= 181 for p in pieces)
    assert " ".join(pieces).split() == long.split()
    words = cut("seven letters " * 30)
    assert len(words) > 2 and all(set(piece.split()) == {"seven", "letters"} and len(piece) <= 180 for piece in words)


@settings(deadline=None)
@given(st.text("ab ,.!?\n", max_size=600))
def test_no_word_is_lost_or_repeated(text: str) -> None:
    letters = "".join(c for c in text if c.isalnum())
    pieces = cut(text)
    assert "".join(c for p in pieces for c in p if c.isalnum()) == letters
    assert all(len(p) <= 181 for p in pieces)
