"""Text that comes in pieces becomes sentences, as early as it can."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamflow.live.saying import sentences

TEXT = 'Dr. Smith lives at No. 10. Is that far? "Not very," she said. It costs $3.50 a day, e.g. by bus.\nThat is all'
SENTENCES = [
    "Dr. Smith lives at No. 10.",
    "Is that far?",
    '"Not very," she said.',
    "It costs $3.50 a day, e.g. by bus.",
    "That is all",
]


@given(st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_the_pieces_do_not_matter(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(TEXT)]
    assert list(sentences(TEXT[a:b] for a, b in pairwise(ends))) == SENTENCES


def test_a_sentence_does_not_wait_for_the_one_after_next() -> None:
    asked = 0

    def tokens() -> Iterator[str]:
        nonlocal asked
        for word in ("Hello there. ", "How ", "are ", "you? ", "Fine."):
            asked += 1
            yield word

    said = sentences(tokens())
    assert next(said) == "Hello there." and asked == 2
    assert next(said) == "How are you?" and list(said) == ["Fine."]


@pytest.mark.parametrize("text", ["", " \n ", "...", "\n\n?\n"])
def test_nothing_is_said_of_nothing(text: str) -> None:
    assert list(sentences([text])) == []
