"""The words for numbers. Words are joined by spaces, without hyphens and "and", as the phonemes of training were made."""

import re

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = [
    "_", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion", "sextillion", "septillion",
    "octillion", "nonillion", "decillion",
]  # fmt: skip
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_VULGAR = {char: (top, below) for below, top, char in (
    (2, 1, "½"), (3, 1, "⅓"), (3, 2, "⅔"), (4, 1, "¼"), (4, 3, "¾"), (5, 1, "⅕"), (5, 2, "⅖"), (5, 3, "⅗"), (5, 4, "⅘"),
    (6, 1, "⅙"), (6, 5, "⅚"), (7, 1, "⅐"), (8, 1, "⅛"), (8, 3, "⅜"), (8, 5, "⅝"), (8, 7, "⅞"), (9, 1, "⅑"), (10, 1, "⅒"),
)}  # fmt: skip
VULGAR = "".join(_VULGAR)
MINUS = "-\u2212"
PLAIN = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?:[\u00a0\u2009\u202f]\d{3})+(?!\d)|\d{1,3}(?: 000)+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
QUANTITY = rf"(?:\d+[ -]\d{{1,3}}[/⁄]\d{{1,3}}|(?:\d+ ?)?[{VULGAR}]|(?:{PLAIN}))"
"""A number in digits, perhaps with a fraction: 5, 1,234.5, .5, 2½, 2 1/2. A sign is not part of it."""
FIRST_YEAR, LAST_YEAR = 1100, 2099


def cardinal(number: int) -> str:
    """0 is "zero", 1234 "one thousand two hundred thirty four"."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number >= 1000 ** len(_SCALES):
        return digits(str(number))
    words: list[str] = []
    for scale in range(len(_SCALES) - 1, -1, -1):
        part = number // 1000**scale % 1000
        if part:
            words += [*_below_1000(part), *([_SCALES[scale]] if scale else [])]
    return " ".join(words or ["zero"])


def ordinal(number: int) -> str:
    """3 is "third", 21 "twenty first"."""
    head, space, last = cardinal(number).rpartition(" ")
    last = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return head + space + last


def year(number: int) -> str:
    """1999 is "nineteen ninety nine", 1905 "nineteen oh five", 2005 "two thousand five", 2024 "twenty twenty four"."""
    high, low = divmod(number, 100)
    if not 10 <= high <= 99 or (high % 10 == 0 and low < 10):
        return cardinal(number)
    return f"{cardinal(high)} {'hundred' if not low else f'oh {cardinal(low)}' if low < 10 else cardinal(low)}"


def digits(text: str) -> str:
    """The digits of a text one by one; other characters are left out."""
    return " ".join(_ONES[int(char)] for char in text if char in "0123456789")


def plural(words: str) -> str:
    """ "twenty" is "twenties", "six" "sixes", "third" "thirds"."""
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith("x") else f"{words}s"


def fraction(top: int, below: int) -> str:
    """1 and 2 are "one half", 3 and 4 "three quarters", 7 and 16 "seven sixteenths"."""
    if below == 2:
        part, parts = "half", "halves"
    else:
        part = "quarter" if below == 4 else ordinal(below)
        parts = plural(part)
    return f"{cardinal(top)} {part if top == 1 else parts}"


def mixed(whole: int, top: int, below: int) -> str:
    """2, 1 and 2 are "two and a half"."""
    return f"{cardinal(whole)} and {'a' + fraction(top, below).removeprefix('one') if top == 1 else fraction(top, below)}"


def quantity(text: str) -> str:
    """The words for what `QUANTITY` finds. Digits behind the point are read one by one, and so are numbers that begin with 0."""
    if text[-1] in _VULGAR:
        whole = text[:-1].strip()
        return mixed(int(whole), *_VULGAR[text[-1]]) if whole else fraction(*_VULGAR[text[-1]])
    if found := re.fullmatch(r"(\d+)[ -](\d+)[/⁄](\d+)", text):
        whole, top, below = map(int, found.groups())
        return mixed(whole, top, below) if below else digits(text)
    whole, point, rest = re.sub(r"[^\d.]", "", text).partition(".")
    words = digits(whole) if re.match(r"0\d", whole) else cardinal(int(whole)) if whole else ""
    return f"{words} point {digits(rest)}".strip() if point else words


def is_one(text: str) -> bool:
    """Whether what is counted is one: 1, or less than one in a fraction."""
    return text in ("1", *_VULGAR)


def is_year(text: str) -> bool:
    """Whether four digits may be a year."""
    return len(text) == 4 and text.isdecimal() and FIRST_YEAR <= int(text) <= LAST_YEAR


def _below_1000(number: int) -> list[str]:
    words = [_ONES[number // 100], "hundred"] if number >= 100 else []
    number %= 100
    if number >= 20:
        words.append(_TENS[number // 10])
        number %= 10
    return [*words, _ONES[number]] if number else words
