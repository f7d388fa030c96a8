"""Where sentences end, and pieces that can be said at once."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

LONGEST_SENTENCE = 180  # characters that are spoken at once
_CLOSING = "\"'”’»)]"
_OPENING = "\"'“‘«(["
_ENDS = ".!?…。！？"


@dataclass(frozen=True)
class Reading:
    """written: a word as it is written, up to the next space. spoken: what is said for it, with its punctuation; may be empty.

    last: whether a sentence ends here whatever follows, as at the end of a paragraph.
    """

    written: str
    spoken: str
    last: bool = False


def sentences(readings: Sequence[Reading]) -> list[list[Reading]]:
    """Cut into sentences, and sentences of over 180 characters at commas, then at spaces. Those without a letter are left out."""
    out: list[list[Reading]] = []
    for sentence in _at_ends([reading for reading in readings if reading.spoken]):
        out += _pieces(sentence)
    return [piece for piece in out if any(char.isalnum() for char in spoken(piece))]


def spoken(readings: Sequence[Reading]) -> str:
    """What is said for the words of a sentence."""
    return re.sub(r"\s+([,.;:!?…])", r"\1", " ".join(reading.spoken for reading in readings))


def _at_ends(readings: list[Reading]) -> Iterator[list[Reading]]:
    capitals = bool(readings) and not _begins(readings[0])[:1].islower()
    first = 0
    for at, (this, following) in enumerate(pairwise(readings), 1):
        if this.last or _ends(this.spoken, _begins(following), capitals):
            yield readings[first:at]
            first = at
    if readings[first:]:
        yield readings[first:]


def _begins(reading: Reading) -> str:
    """A word as it is written, without what opens a quotation. "10" begins a sentence without a capital, "ten" does not."""
    return reading.written.lstrip(_OPENING) or reading.spoken


def _ends(word: str, begins: str, capitals: bool) -> bool:
    """Whether a sentence ends between two words. capitals: whether sentences of this text begin with them."""
    bare = word.rstrip(_CLOSING)
    if bare[-1:] not in tuple(_ENDS):
        return False
    if bare.endswith(("…", "...")) and re.match(r"I\b", begins):
        return False  # "Well… I think"
    return not begins[:1].islower() or not (capitals or bare != word or bare.endswith(("…", "...")))


def _pieces(sentence: list[Reading]) -> Iterator[list[Reading]]:
    """Parts of a sentence that are not too long: cut at the last comma that leaves over a third of the room, or at a space."""
    words = [part for reading in sentence for part in _parts(reading)]
    while words:
        room, last = LONGEST_SENTENCE, 0
        while last < len(words) and len(words[last].spoken) <= room:
            room -= len(words[last].spoken) + 1
            last += 1
        if last < len(words):
            last = _at_comma(words[:last]) or last
        yield words[:last]
        words = words[last:]


def _at_comma(words: list[Reading]) -> int:
    length, out = 0, 0
    for count, word in enumerate(words, 1):
        length += len(word.spoken) + 1
        if word.spoken.rstrip(_CLOSING)[-1:] in tuple(",;:—.!?…") and length > LONGEST_SENTENCE // 3:
            out = count
    return out


def _parts(reading: Reading) -> Iterator[Reading]:
    """A word, in parts if it is too long to be said at once; only the first of them has something written."""
    written, rest = reading.written, reading.spoken
    while len(rest) > LONGEST_SENTENCE:
        cut = rest.rfind(" ", 1, LONGEST_SENTENCE)
        cut = cut if cut > 0 else LONGEST_SENTENCE
        yield Reading(written, rest[:cut].strip())
        written, rest = "", rest[cut:].strip()
    yield Reading(written, rest)
