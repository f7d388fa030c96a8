"""How a text is read: the words that people say for what is written.

Every rule sees the text as it was written. The first rule that takes a place has it, and the others leave it alone.
"""

import re
from collections.abc import Iterator

from jamflow.text.english import abbreviations, addresses, amounts, arithmetic, calendar, symbols
from jamflow.text.sentences import Reading

_RULES = (
    *addresses.RULES,
    *calendar.RULES,
    *amounts.RULES,
    *abbreviations.RULES,
    *arithmetic.RULES,
    *addresses.CODES,
    arithmetic.ALONE,
    *symbols.RULES,
)


def read(paragraph: str) -> list[Reading]:
    """The words of a paragraph as they are written, each with what is said for it.

    paragraph: words with single spaces between them, without markup.
    """
    text = symbols.usual(paragraph)
    words = [match.span() for match in re.finditer(r"\S+", text)]
    out: list[Reading] = []
    for first, last, spoken in _groups(text, words):
        written = [text[a:b] for a, b in words[first:last]]
        out += map(Reading, written, _shared(spoken.split(), len(written)))
    return out


def _places(text: str) -> list[tuple[int, int, str]]:
    """(start, end, words) of what is not read as it is written, in order and without overlaps."""
    taken = bytearray(len(text) + 1)
    out = []
    for pattern, words in _RULES:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(taken[start : max(end, start + 1)]) or (said := words(match)) is None:
                continue
            taken[start:end] = b"\1" * (end - start)
            out.append((start, end, said))
    return sorted(out)


def _groups(text: str, words: list[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """(first, last, what is said) of words that are read together: mostly one, several where a rule takes them together."""
    places = _places(text)
    at = 0
    first = 0
    while first < len(words):
        start, end = words[first]
        last, parts = first + 1, []
        while at < len(places) and places[at][0] < end:
            a, b, said = places[at]
            parts += [text[start:a], said]
            start, at = b, at + 1
            while last < len(words) and words[last][0] < b:
                last += 1
            end = words[last - 1][1]
        parts.append(text[start:end])
        yield first, last, "".join(parts)
        first = last


def _shared(spoken: list[str], count: int) -> list[str]:
    """What is said, shared out among `count` words: a group between commas each, or one word each and the rest to the last."""
    groups = re.split(r"(?<=,) ", " ".join(spoken))
    if len(groups) == count:
        return groups
    return [*spoken[: count - 1], *[""] * (count - 1 - len(spoken)), " ".join(spoken[count - 1 :])]
