"""Signs that are read as words, marks that pause or are not read, and sentences that were pasted without a space."""

import re
import unicodedata

from jamflow.text.english.rules import Rule

_SIGNS = {
    "&": "and", "%": "percent", "+": "plus", "=": "equals", "<": "less than", ">": "greater than", "≤": "at most",
    "≥": "at least",
    "≠": "does not equal", "≈": "about", "±": "plus or minus", "×": "times", "÷": "divided by", "√": "square root of",
    "∞": "infinity",
    "§": "section", "¶": "paragraph", "©": "copyright", "°": "degrees", "→": "to", "⇒": "to", "@": "at", "#": "number",
    "¢": "cents",
    "$": "dollars", "£": "pounds", "€": "euros", "¥": "yen", "‰": "per mille", "℃": "degrees Celsius", "℉": "degrees Fahrenheit",
    "№": "number", "∼": "about", "~": "about", "\u2212": "minus", "^": "to the power of",
}  # fmt: skip


def _sign(match: re.Match[str]) -> str:
    return f" {_SIGNS[match[0]]} "


def _unread(match: re.Match[str]) -> str:
    """Emoji, bullets, marks of ownership and other pictures."""
    return " "


RULES: list[Rule] = [
    (re.compile(r"(?<!\w)(?:[:;=8][-']?[)(DPpO3|/\\]|[)(][-']?[:;=]|<3|\^_\^|¯\\_\(ツ\)_/¯)(?!\w)"), _unread),
    (re.compile(r"(?<=[a-zß-ÿ)\d])([.!?])(?=[A-Z][a-z]+\b)"), lambda m: f"{m[1]} "),  # "one.Two": a space was lost
    (re.compile(r"\.\s?\.\s?\.(?:\s?\.)*"), lambda m: "…"),
    (re.compile(r"(?<=\s)(?:--?-?|–)(?=\s)|(?<=\w)(?:--+|—)(?=\w)|--+"), lambda m: " — "),
    (re.compile(r"#(?=\d)|№\s?(?=\d)"), lambda m: "number "),
    (re.compile(r"(?<=\w)/(?=\w)|\s/\s"), lambda m: " "),
    (re.compile(r"(?<=[^\W_])\.(?=[A-Za-z0-9])"), lambda m: " dot "),
    (re.compile(r"(?<=\d),(?=\d)"), lambda m: ", "),
    (re.compile(r"(?<=\w)_+(?=\w)"), lambda m: " "),
    (re.compile(r"(?<=\w)\*+(?=\w)"), lambda m: " "),
    (re.compile(r"[\[{]"), lambda m: "("),
    (re.compile(r"[\]}]"), lambda m: ")"),
    (re.compile(r"\|"), lambda m: ", "),
    (re.compile("[" + re.escape("".join(_SIGNS)) + "]"), _sign),
    (re.compile(r"[™®℠•·‣◦▪●*_`\\†‡¦]|[^\w\s!-/:-@\[-`{-~‐-―‘-‟…]"), _unread),
]
"""In the order in which they have precedence."""


def usual(text: str) -> str:
    """Letters and digits of compatibility (full width, ligatures, Roman numerals in one character) as usual ones.

    Powers, indices and vulgar fractions stay: they mean more than their digits.
    """
    return "".join(char if _means_more(char) else unicodedata.normalize("NFKC", char) for char in text)


def _means_more(char: str) -> bool:
    kind = unicodedata.decomposition(char).partition(">")[0]
    return char in "…⁄µ™№℃℉\u00a0\u2009\u202f" or kind in ("<super", "<sub", "<fraction")
