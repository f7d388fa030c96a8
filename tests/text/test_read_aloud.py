"""What is written, and what a person reads: the table is `read_aloud.tsv`."""

from pathlib import Path

import pytest

from jamflow.errors import UserError
from jamflow.text.phonemes import EnglishPhonemizer
from jamflow.text.sentences import sentences, spoken
from jamflow.text.words import find, key, spoken_words

_LINES = (Path(__file__).parent / "read_aloud.tsv").read_text(encoding="utf-8").splitlines()
TABLE = [line.split("\t") for line in _LINES if not line.startswith("# ")]


@pytest.fixture(scope="module")
def english() -> EnglishPhonemizer:
    return EnglishPhonemizer()


def said(english: EnglishPhonemizer, text: str) -> list[str]:
    return [spoken(sentence) for sentence in sentences(english.read(text))]


@pytest.mark.parametrize(("written", "right"), TABLE, ids=[row[0][:40] for row in TABLE])
def test_what_a_person_reads(english: EnglishPhonemizer, written: str, right: str) -> None:
    parts = right.split(" | ")
    found = said(english, written)
    assert [part.lower() for part in found] == [part.lower() for part in parts]
    for part in found:
        assert not any(char.isdigit() for char in part)
        assert english(part), "every sentence has sounds"
        assert " ".join(said(english, part)) == part, "what is said already stays"


def test_the_table_has_more_than_sixty_sentences() -> None:
    assert len(TABLE) > 60 and all(len(row) == 2 for row in TABLE)


PLAIN = (
    'The quick brown fox, who ran away, said: "I won\'t!" Then it slept; nobody knew why. '
    "Was it tired? Perhaps - or not. Mother-in-law's rock-and-roll, naïve café…"
)


def test_plain_text_is_read_word_by_word_as_it_stands(english: EnglishPhonemizer) -> None:
    readings = english.read(PLAIN)
    assert [reading.written for reading in readings] == PLAIN.split()
    assert [reading.spoken for reading in readings] == [
        word.replace(" - ", "—") if word != "-" else "—" for word in PLAIN.split()
    ]
    words = spoken_words(PLAIN, english)
    assert " ".join(word.text for word in words) == PLAIN


def test_whoever_counts_words_finds_them_as_they_are_written(english: EnglishPhonemizer) -> None:
    text = "Dr. Smith paid $5 million on May 5, 2024, etc. Call (800) 555-0199 at 7 p.m. to talk."
    words = [word.text for word in spoken_words(text, english)]
    assert [key(word) for word in words] == [key(word) for word in text.split()]
    first, last = find(words, "555-0199 at 7 p.m.")
    assert words[first:last] == ["555-0199", "at", "7", "p.m."]


def test_a_sentence_that_ends_with_letters_pauses(english: EnglishPhonemizer) -> None:
    assert english("He left the U.S.")[-1] == "." and english("The U.S. Army")[-1] != "."
    assert english("the U.S. came") != english("the us came")


def test_a_url_of_any_length_is_said_in_pieces(english: EnglishPhonemizer) -> None:
    pieces = said(english, "See https://example.org/" + "/".join(["long"] * 60))
    assert len(pieces) > 1 and all(len(piece) <= 181 for piece in pieces)


def test_other_scripts_are_still_refused_and_nothing_is_still_nothing(english: EnglishPhonemizer) -> None:
    assert said(english, "<br> &nbsp; 😀 --- ...") == []
    with pytest.raises(UserError, match="Greek letters"):
        english("λόγος")
