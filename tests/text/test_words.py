"""Words of a text: how they are read, and where given ones are."""

import pytest

from jamflow.errors import UserError
from jamflow.text.phonemes import SILENCE, EnglishPhonemizer
from jamflow.text.words import differing, find, key, sequence, spoken_words

SAID = "The red dog saw a red, Cat - and the dog ran."


@pytest.fixture(scope="module")
def phonemizer() -> EnglishPhonemizer:
    return EnglishPhonemizer()


def test_every_word_has_its_own_sounds(phonemizer: EnglishPhonemizer) -> None:
    words = spoken_words("I have 42 dogs, don't I? Wait — the apple.", phonemizer)
    assert [word.text for word in words] == ["I", "have", "42", "dogs,", "don't", "I?", "Wait —", "the", "apple."]
    at = {word.text: "".join(word.symbols) for word in words}
    assert at["42"] == "fˈɔɹTi tˈu" and at["dogs,"] == "dˈɔɡz," and at["the"] == "ði", "read in its sentence: the before a vowel"
    assert [word.text for word in words if word.last] == ["I?", "apple."]


def test_the_sequence_is_what_is_spoken(phonemizer: EnglishPhonemizer) -> None:
    words = spoken_words("Bob ran. He fell.", phonemizer)
    symbols, spans = sequence(words)
    assert [tuple(symbols[a:b]) for a, b in spans] == [word.symbols for word in words]
    first, second = phonemizer("Bob ran."), phonemizer("He fell.")
    assert symbols == [SILENCE, *first, SILENCE, *second, SILENCE]


@pytest.mark.parametrize(
    ("wanted", "at"), [("saw a RED cat", (3, 7)), ("dog saw", (2, 4)), ("ran", (10, 11)), ("the red", (0, 2)), ("“saw”", (3, 4))]
)
def test_found_whatever_the_case_and_punctuation(wanted: str, at: tuple[int, int]) -> None:
    words = [word for word in SAID.split() if key(word)]
    a, b = find(words, wanted)
    assert [key(word) for word in words[a:b]] == [key(word) for word in wanted.split()]
    assert (a, b) == at or wanted == "ran"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("blue", '"blue" is not said in the recording, which says: "The red'),
        ("dog", "is said 2 times"),
        ("dogs", "is not said"),
        ("?!", "have no letters"),
        ("red dog ran", "is not said"),
    ],
)
def test_not_once(wanted: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        find(SAID.split(), wanted)
    assert error.value.hint


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("the red dog", "the blue dog", (1, 1)),
        ("a cat", "a black cat", (1, 1)),
        ("a a", "a", (1, 0)),
        ("x", "y z", (0, 0)),
        ("a b c d", "x b c d", (0, 3)),
        ("a b c d e", "a b x e", (2, 1)),
        ("Red, dog", "red dog", (2, 0)),
    ],
)
def test_only_what_differs_changes(old: str, new: str, same: tuple[int, int]) -> None:
    assert differing(old.split(), new.split()) == same
