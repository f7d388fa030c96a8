"""Fractions, powers, ranges, sums, ordinals, Roman numerals, and numbers that stand alone."""

import re

from jamflow.text.english.amounts import SIGN_WORDS, words_of
from jamflow.text.english.numbers import (
    MINUS,
    PLAIN,
    QUANTITY,
    VULGAR,
    cardinal,
    digits,
    fraction,
    is_year,
    ordinal,
    quantity,
    year,
)
from jamflow.text.english.rules import END, START, Rule, before

_SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ"
_POWERS = str.maketrans(_SUPERSCRIPT + "⁻⁺", "0123456789n-+")
_LONG = 7  # digits without a comma: an account, not an amount
_DIALLED = re.compile(r"\b(call|dial|phone|ring|fax|ext\.?|extension|code|pin|zip|[A-Z]{2})\W{1,3}$", re.I)
_DATED = frozenset([
    "in", "since", "until", "till", "by", "from", "to", "before", "after", "during", "year", "circa", "early", "late",
    "mid", "the", "and", "of", "summer", "winter", "spring", "fall",
])  # fmt: skip
_ENDS_IN_S = frozenset(
    ["was", "is", "has", "as", "its", "this", "his", "us", "does", "goes", "says", "vs", "yes", "perhaps", "always"]
)
_CARDINAL = [
    "chapter", "part", "act", "scene", "section", "volume", "book", "phase", "article", "war", "mark", "type", "level",
    "stage", "class", "grade", "bowl", "apollo", "gemini", "fantasy", "episode", "round", "rocky", "appendix", "figure",
    "table", "title", "unit", "step", "day", "version", "no", "number", "psalm", "saturn", "titan", "schedule",
]  # fmt: skip
_ROYAL = [
    "Henry", "Louis", "Edward", "George", "William", "Charles", "James", "Richard", "Elizabeth", "Napoleon", "Pius",
    "Benedict", "Leo", "Paul", "Ramses", "Ramesses", "Frederick", "Philip", "Alexander", "Nicholas", "Peter", "Catherine",
    "Ivan", "Umberto", "Emmanuel", "Gustav", "Christian", "Ferdinand", "Francis", "Mary", "Margaret", "Leopold", "Otto",
    "Wilhelm", "Felipe", "Juan", "Carlos", "Harald", "Olav", "Albert", "Rainier", "Robert", "Clement", "Gregory",
    "Innocent", "Urban", "Boniface", "Sixtus", "Julius", "John", "Thutmose", "Darius", "Cyrus",
]  # fmt: skip
_ROMAN = r"(?=[IVXLC])(X{0,3}(?:IX|IV|V?I{0,3})|XL[IVX]*|L[IVX]*|C[IVXL]*)"
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def _roman(text: str) -> int:
    values = [_VALUES[char] for char in text]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _numeral(match: re.Match[str]) -> str | None:
    """ "Chapter IV" is "four", "Henry VIII" is "the eighth". I alone is one only after words that are counted."""
    name, numeral = match[1], match[2]
    if numeral in ("", "L", "C"):
        return None  # "section C" is a letter
    if name.lower() in _CARDINAL:
        return f"{name} {cardinal(_roman(numeral))}"
    if name in _ROYAL and (len(numeral) > 1 or numeral in "VX"):
        return f"{name} the {ordinal(_roman(numeral))}"
    return f"{name} {cardinal(_roman(numeral))}" if len(numeral) > 1 and not set(numeral) & set("LC") else None


def _product(match: re.Match[str]) -> str:
    """1920x1080 and 3 × 4 cm are "by"; what is followed by "=" or a power is "times"."""
    times = re.match(rf"\s?(=|[{_SUPERSCRIPT}⁻^])", match.string[match.end() :])
    parts = [_pairs(part) for part in re.split(r"\s?[x×*]\s?", match[0])]
    return (" times " if times or "*" in match[0] else " by ").join(parts)


def _pairs(text: str) -> str:
    """1080 as "ten eighty"; other numbers as usual."""
    return year(int(text)) if re.fullmatch(r"[1-9][1-9]\d[1-9]|[1-9]\d[1-9]0", text) else quantity(text)


def _fraction(match: re.Match[str]) -> str | None:
    top, below = int(match[1]), int(match[2])
    rest = match.string[match.end() :]
    if re.match(r"\s?=", rest):
        return f"{cardinal(top)} divided by {cardinal(below)}"
    if top == below or (top, below) in ((24, 7), (9, 11)):
        return f"{cardinal(top)} {cardinal(below)}"
    if re.match(r"\s(stars?|points?|marks?|people|users|respondents|times)\b", rest) or (
        below in (5, 10, 100) and re.match(r"[.,!?;]|$", rest)
    ):
        return f"{cardinal(top)} out of {cardinal(below)}" if top > 1 else fraction(top, below)
    if 0 < top < below or below in (2, 3, 4, 8):
        return fraction(top, below)
    return f"{cardinal(top)} over {cardinal(below)}"


def _power(match: re.Match[str]) -> str:
    """Behind a number, a letter or a bracket; behind a word it is the mark of a footnote, which is not read."""
    so_far = match.string[: match.start()]
    word = re.search(r"[^\W\d_]*$", so_far)
    if "^" not in match[0] and (not so_far or so_far[-1] in " .,;:!?\"'”’" or (word and len(word[0]) > 2)):
        return ""
    text = match[0].translate(_POWERS).strip("^{}()").replace("\u2212", "-")
    if text in ("2", "3"):
        return " squared" if text == "2" else " cubed"
    sign, number = (SIGN_WORDS[text[0]] + " ", text[1:]) if text[0] in "+-" else ("", text)
    return f" to the power of {sign}{cardinal(int(number)) if number.isdecimal() else number}"


def _letters_to_a_power(match: re.Match[str]) -> str:
    return " ".join(match[0])


def _range(match: re.Match[str]) -> str:
    first, last = match.groups()
    if re.match(r"\s?=", match.string[match.end() :]):
        return f"{quantity(first)} minus {quantity(last)}"
    if is_year(first) and (is_year(last) or len(last) == 2):
        return f"{year(int(first))} to {year(int(last)) if len(last) == 4 else cardinal(int(last))}"
    return words_of(first, last)


def _ordinal(match: re.Match[str]) -> str:
    return ordinal(int(match[1].replace(",", "")))


def _exponent(match: re.Match[str]) -> str:
    """6.02e23"""
    sign = "minus " if match[2] in ("-", "\u2212") else ""
    return f"{quantity(match[1])} times ten to the power of {sign}{cardinal(int(match[3]))}"


def _alone(match: re.Match[str]) -> str:
    """A number that nothing says more about: digits one by one where an amount would not be written so."""
    text = match[0]
    so_far = match.string[: match.start()]
    if text.isdecimal():
        dialled = len(text) in (3, 4, 5) and (found := _DIALLED.search(so_far)) and (len(text) == 5 or len(found[1]) > 2)
        if dialled or text == "911" or re.match(r"0\d", text) or (len(text) >= _LONG and not text.endswith("000")):
            return digits(text)
        rest = re.match(r"\s([a-z]+s|people|men|women|children|feet)\b", match.string[match.end() :])
        counted = rest and rest[1] not in _ENDS_IN_S and before(match).lower() not in _DATED
        if is_year(text) and not counted:
            return year(int(text))
        if len(text) == 4 and so_far.rstrip("#").lower().endswith(
            ("room ", "suite ", "flight ", "route ", "apartment ", "boeing ")
        ):
            return _pairs(text)
    return quantity(text)


def _sign(match: re.Match[str]) -> str:
    return f"{SIGN_WORDS[match[1]]} "


RULES: list[Rule] = [
    (re.compile(rf"\b([A-Z][a-zà-ÿ]+|[a-z]+) {_ROMAN}\b(?!['’.]\w|\.[A-Z])"), _numeral),
    (re.compile(rf"{START}({PLAIN})[eE]([{MINUS}+]?)(\d{{1,3}}){END}"), _exponent),
    (re.compile(rf"{START}(?:{PLAIN})(?:\s?[x×]\s?(?:{PLAIN}))+(?![A-Za-z])|{START}(?:{PLAIN})\s?\*\s?(?:{PLAIN})"), _product),
    (re.compile(rf"{START}(\d[\d,]*)(?:st|nd|rd|th|ST|ND|RD|TH)\b"), _ordinal),
    (re.compile(rf"{START}(?:\d+[ -]\d{{1,3}}[/⁄]\d{{1,3}}|(?:\d+ ?)?[{VULGAR}])(?!\d)"), lambda m: quantity(m[0])),
    (re.compile(rf"{START}(\d{{1,3}})[/⁄](\d{{1,3}}){END}(?!/)"), _fraction),
    (re.compile(rf"\b[a-z]{{2}}(?=[{_SUPERSCRIPT}])"), _letters_to_a_power),
    (re.compile(rf"[⁻⁺]?[{_SUPERSCRIPT}]+|(?<=[\w)])\^\{{?\(?[{MINUS}+]?(?:\d+|[A-Za-z])\)?\}}?"), _power),
    (re.compile(rf"{START}(?<![-/])({QUANTITY})(?:\s?[–—]\s?|-)({QUANTITY}){END}(?![-/])"), _range),
    (re.compile(rf"(?<![\w.)])(?:(?<=\s)|^|(?<=[(\"“=]))([{MINUS}+±~≈])\s?(?=\.?\d)"), _sign),
]
"""In the order in which they have precedence."""
ALONE: Rule = (re.compile(PLAIN), _alone)
