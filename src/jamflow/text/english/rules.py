"""What a rule of reading is, and what rules ask about the text around a match."""

import re
from collections.abc import Callable

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]
"""Where something is written, and the words for it; None if it is something else there."""

START = r"(?<![A-Za-z0-9À-ɏ])(?<![A-Za-z0-9][.,])(?<![A-Z0-9]-)"  # of a number: not inside of a word or another number
END = r"(?![A-Za-z0-9À-ɏ]|[.,]\d)"
STARTERS = frozenset([
    "a", "after", "all", "also", "although", "an", "and", "another", "any", "are", "as", "at", "be", "because", "before",
    "both", "but", "by", "can", "could", "did", "do", "does", "each", "even", "every", "everybody", "everyone", "first",
    "for", "from", "had", "has", "have", "he", "her", "here", "hers", "his", "how", "however", "i", "i'd", "i'll", "i'm",
    "i've", "if", "in", "is", "it", "it's", "its", "let", "many", "maybe", "most", "my", "next", "no", "nobody", "none",
    "not", "nothing", "now", "of", "on", "once", "one", "only", "or", "others", "our", "over", "people", "perhaps",
    "please", "she", "since", "so", "some", "soon", "such", "take", "thanks", "that", "that's", "the", "their", "them",
    "then", "there", "there's", "therefore", "these", "they", "they're", "this", "those", "though", "thus", "to", "today",
    "together", "tomorrow", "under", "unless", "until", "was", "we", "we're", "were", "what", "when", "where", "which",
    "while", "who", "whose", "why", "will", "with", "without", "would", "yes", "yesterday", "yet", "you", "you're", "your",
])  # fmt: skip
"""Words that, with a capital, begin a sentence rather than a name."""


def before(match: re.Match[str]) -> str:
    """The word before a match with its punctuation; empty at the beginning."""
    text = match.string[: match.start()]
    return "" if text.endswith(("\n", "\t")) else (text.rsplit(maxsplit=1) or [""])[-1]


def after(match: re.Match[str]) -> str:
    """What follows a match, without quotes and brackets between them."""
    return match.string[match.end() :].lstrip(" \"'”’)(“‘")


def starts_sentence(rest: str) -> bool:
    """Whether a text begins as a sentence does that no name begins: "He came", not "Smith came" and not "A. Smith came"."""
    word = re.match(r"[A-Za-z'’]+", rest)
    if word is None or not word[0][0].isupper() or re.match(r"[A-Z]\.", rest):
        return False
    return word[0].replace("’", "'").lower() in STARTERS


def with_dot(words: str, match: re.Match[str], names_follow: bool = True) -> str:
    """The words for an abbreviation whose dot was matched, too. The dot stays if it also ends the sentence.

    names_follow: whether a name may follow in the same sentence ("U.S. Army"), or never does ("etc. Army").
    """
    rest = after(match)
    over = not rest or starts_sentence(rest) or (not names_follow and rest[0].isupper())
    return f"{words}." if over else words
