"""Amounts: numbers with units or money, percentages, degrees."""

import re

from jamflow.text.english.numbers import MINUS, QUANTITY, cardinal, is_one, is_year, quantity
from jamflow.text.english.rules import END, START, Rule, before, with_dot
from jamflow.text.english.units import CURRENCIES, PER, SCALES, SIGNS, UNITS

SIGN_WORDS = {"-": "minus", "\u2212": "minus", "+": "plus", "±": "plus or minus", "~": "about", "≈": "about"}
_SIGN = rf"(?:(?<![\w.)])([{MINUS}+±~≈])\s?)?"
_MONEY = "|".join(map(re.escape, sorted(SIGNS, key=len, reverse=True)))
_AMOUNT = rf"({QUANTITY})(?:(?:\s?[–—]\s?|-)(?:{_MONEY})?({QUANTITY}))?"
_UNIT = "|".join(map(re.escape, sorted(UNITS, key=len, reverse=True)))
_PER = "|".join(map(re.escape, sorted(PER, key=len, reverse=True)))
_CODE = "|".join(CURRENCIES)
_SCALE = "|".join(sorted(SCALES, key=len, reverse=True))
_WORD_SCALE = "hundred|thousand|million|billion|trillion|k|mn|mln|bn|tn"
_DOTTED = "in|ft|yd|mi|oz|lbs?|pt|qt|gal|tsp|tbsp|hrs?|mins?|secs?|yrs?|mos?|wks?"  # usually written with a dot
_SINGLE = frozenset(("a", "an", "A", "An"))  # "a 5 km race", "a $5 bill": no plural


def words_of(first: str, last: str | None) -> str:
    """The words for a number, or for a range of two."""
    return f"{quantity(first)} to {quantity(last)}" if last else quantity(first)


def _signed(sign: str | None, words: str) -> str:
    return f"{SIGN_WORDS[sign]} {words}" if sign else words


def _per(unit: str | None) -> str:
    return f" per {PER[unit]}" if unit else ""


def _unit(match: re.Match[str]) -> str | None:
    sign, first, last, between, unit, per = match.groups()
    dotted = match[0].endswith(".")
    if (unit == "in" and not dotted) or (unit in ("m", "s", "h", "l", "g") and not between and is_year(first)):
        return None  # "5 in the room", "1990s"
    if (
        unit == "m"
        and not between
        and re.match(r"\s(people|users|customers|viewers|followers|views|copies|downloads)\b", match.string[match.end() :])
    ):
        return f"{words_of(first, last)} million"
    one, many = UNITS[unit]
    singular = between == "-" or (is_one(first) and not last) or before(match) in _SINGLE
    words = f"{_signed(sign, words_of(first, last))} {one if singular else many}{_per(per)}"
    return with_dot(words, match) if dotted else words


def _money(match: re.Match[str]) -> str:
    sign, currency, inner, first, last, scale, per = match.groups()
    return _signed(sign or inner, _paid(SIGNS[currency], first, last, scale, before(match) in _SINGLE) + _per(per))


def _money_after(match: re.Match[str]) -> str:
    sign, first, last, scale, currency, per = match.groups()
    return _signed(sign, _paid(SIGNS.get(currency) or CURRENCIES[currency], first, last, scale, False) + _per(per))


def _money_code(match: re.Match[str]) -> str:
    currency, first, last, scale = match.groups()
    return _paid(CURRENCIES[currency], first, last, scale, False)


def _paid(name: tuple[str, ...], first: str, last: str | None, scale: str | None, single: bool) -> str:
    """name: of one, of many, of one hundredth, of many hundredths."""
    one, many, one_cent, many_cents = name
    if scale:
        return f"{words_of(first, last)} {SCALES[scale]} {one if single else many}"
    whole, _, cents = first.replace(",", "").partition(".")
    if not last and len(cents) == 2 and many_cents:
        spoken = [f"{cardinal(int(whole))} {one if whole == '1' else many}"] if int(whole or 0) else []
        if int(cents):
            spoken.append(f"{cardinal(int(cents))} {one_cent if cents == '01' else many_cents}")
        return " and ".join(spoken) or f"zero {many}"
    return f"{words_of(first, last)} {one if single or (is_one(first) and not last) else many}"


def _scaled(match: re.Match[str]) -> str:
    return f"{words_of(match[1], match[2])} {SCALES[match[3]]}"


def _cents(match: re.Match[str]) -> str:
    number, one, many = (match[3], "penny", "pence") if match[4] else (match[1], "cent", "cents")
    return f"{quantity(number)} {one if is_one(number) else many}"


def _percent(match: re.Match[str]) -> str:
    sign, first, last, symbol = match.groups()
    return f"{_signed(sign, words_of(first, last))} {'percent' if symbol == '%' else 'per mille'}"


def _degrees(match: re.Match[str]) -> str:
    sign, first, last, scale = match.groups()
    words = f"{_signed(sign, words_of(first, last))} degree{'' if is_one(first) and not last else 's'}"
    return words + {"C": " Celsius", "F": " Fahrenheit", "K": " Kelvin", None: ""}[scale]


def _feet(match: re.Match[str]) -> str:
    return f"{cardinal(int(match[1]))} foot {quantity(match[2])}"


def _inches(match: re.Match[str]) -> str | None:
    """27″; a straight quote only where no quotation is open."""
    if match[2] == '"' and match.string[: match.start()].count('"') % 2:
        return None
    return f"{quantity(match[1])} inch{'' if is_one(match[1]) or before(match) in _SINGLE else 'es'}"


def _area(match: re.Match[str]) -> str:
    return UNITS[match[0]][0]


def _decimal_comma(match: re.Match[str]) -> str:
    """5,50 €, as it is written in Europe."""
    return _paid(SIGNS["€"], f"{match[1] or match[3]}.{match[2] or match[4]}", None, None, False)


RULES: list[Rule] = [
    (re.compile(rf"{START}(\d+),(\d\d)\s?€|€\s?(\d+),(\d\d){END}"), _decimal_comma),
    (
        re.compile(
            rf"(?:(?<!\w)([{MINUS}+])\s?)?(?<![A-Za-z])({_MONEY})\s?([{MINUS}])?{_AMOUNT}(?:[ -]?({_SCALE})\b)?"
            rf"(?:\s?/\s?({_PER})\b)?{END}"
        ),
        _money,
    ),
    (
        re.compile(rf"{_SIGN}{START}{_AMOUNT}(?:\s?({_WORD_SCALE})\b)?\s?({_CODE}|[$£€¥₹₩₽₺₪])(?:\s?/\s?({_PER})\b)?(?!\w)"),
        _money_after,
    ),
    (re.compile(rf"\b({_CODE})\s?{_AMOUNT}(?:\s?({_SCALE})\b)?{END}"), _money_code),
    (re.compile(rf"{START}({QUANTITY})\s?(¢)|{START}(\d\d?)(p)\b"), _cents),
    (re.compile(rf"{_SIGN}{START}{_AMOUNT}\s?([%‰])"), _percent),
    (re.compile(rf"{_SIGN}{START}{_AMOUNT}\s?[°º]\s?(?:([CFK])(?!\w))?"), _degrees),
    (re.compile(rf"{START}(\d)\s?['′’]\s?(\d\d?[½¼¾]?)\s?(?:[\"″”]|''|′′)"), _feet),
    (re.compile(rf"{START}({QUANTITY})\s?(″|\")(?![\w])"), _inches),
    (re.compile(rf"{_SIGN}{START}{_AMOUNT}([\s-]?)({_DOTTED})\.(?!\w)()"), _unit),
    (re.compile(rf"{_SIGN}{START}{_AMOUNT}([\s-]?)({_UNIT})(?![\w²³^'’])(?:\s?/\s?({_PER})(?!\w))?"), _unit),
    (re.compile(rf"{START}{_AMOUNT}\s?(hundred|thousand|million|billion|trillion|k|bn|mn)\b"), _scaled),
    (re.compile(r"\b(?:km|m|dm|cm|mm|mi|yd|ft|in)[²³](?!\w)"), _area),
]
"""In the order in which they have precedence."""
