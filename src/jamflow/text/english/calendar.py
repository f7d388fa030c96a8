"""Dates and times of day."""

import re

from jamflow.text.english.numbers import cardinal, is_year, ordinal, plural, year
from jamflow.text.english.rules import END, START, Rule, after, before, starts_sentence, with_dot

MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]  # fmt: skip
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = {name[:3]: name for name in MONTHS} | {"Sept": "September"} | {name: name for name in MONTHS}
_WEEK = {name[:3]: name for name in _DAYS} | {"Tues": "Tuesday", "Thur": "Thursday", "Thurs": "Thursday", "Weds": "Wednesday"}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_NAME = "|".join(sorted([*_WEEK, *_DAYS], key=len, reverse=True))
_WORDS_TOO = ("Mar", "Sat", "Sun", "Wed", "Mon", "Jan", "May", "Dec", "Fri")  # also words or names
_BEFORE_A_DATE = frozenset([
    "in", "on", "since", "until", "till", "by", "from", "to", "every", "last", "next", "this", "early", "late", "mid", "of",
    "before", "after", "and", "or", "through",
])  # fmt: skip
_TO = r"\s?[-–—]\s?"
_TIME = r"(\d{1,2})(?:[:.](\d\d)(?::(\d\d))?)?"
_HALF = r"\s?(?:([AaPp])(?:\.\s?[Mm]\.|[Mm](?![A-Za-z])))"


def _clock(hour: str, minute: str | None, second: str | None, half: bool) -> str | None:
    """The words for a time of day without a.m. or p.m.; None if there is none such."""
    h, m = int(hour), int(minute or 0)
    if h > 24 or m > 59 or int(second or 0) > 59 or (half and not 1 <= h <= 12):
        return None
    words = cardinal(h) if h or half else "zero"
    if m:
        words += f" oh {cardinal(m)}" if m < 10 else f" {cardinal(m)}"
    elif not half and not second:
        words += " o'clock" if 1 <= h <= 12 else " hundred"
    if second:
        words += f" and {cardinal(int(second))} second{'' if int(second) == 1 else 's'}"
    return words


def _half_day(match: re.Match[str]) -> str | None:
    """5 p.m., 5:30 PM, 9-11 a.m."""
    first, last, letter = match.group(1, 2, 3), match.group(5, 6, 7), match[8]
    words = _clock(*first, half=True) if first[0] else ""
    end = _clock(*last, half=True)
    if words is None or end is None:
        return None
    spoken = [words] if words else []
    if words and match[4]:
        spoken.append(f"{match[4].upper()}.M")
    spoken += [*(["to"] if words else []), end, f"{letter.upper()}.M"]
    if not match[0].endswith("."):
        return " ".join(spoken)
    rest = after(match)
    name = re.match(rf"[A-Z]{{2,4}}\b|(?:{_DAY_NAME}|{_MONTH})\b|Eastern|Pacific|Central|Mountain", rest)
    return with_dot(" ".join(spoken), match, names_follow=bool(name) and not starts_sentence(rest))


def _time(match: re.Match[str]) -> str | None:
    first = _clock(*match.group(1, 2, 3), half=False)
    if match[4] is None:
        return first
    last = _clock(*match.group(4, 5, 6), half=False)
    return f"{first} to {last}" if first and last else None


def _ratio(match: re.Match[str]) -> str:
    return f"{cardinal(int(match[1]))} to {cardinal(int(match[2]))}"


def _date(day: int, month: int, in_year: str | None) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{MONTHS[month - 1]} {ordinal(day)}" + (f", {_year(in_year)}" if in_year else "")


def _year(text: str) -> str:
    if len(text) == 2:
        text = ("19" if int(text) > 30 else "20") + text
    return year(int(text))


def _iso(match: re.Match[str]) -> str | None:
    return _date(int(match[3]), int(match[2]), match[1])


def _slashes(match: re.Match[str]) -> str | None:
    """5/6/2024: the month first, as in America, unless it cannot be one."""
    first, second = int(match[1]), int(match[2])
    return _date(second, first, match[3]) or _date(first, second, match[3])


def _dots(match: re.Match[str]) -> str | None:
    return _date(int(match[1]), int(match[2]), match[3])


def _month_day(match: re.Match[str]) -> str | None:
    """Jan. 5; May 5-7; "May 5" but neither "may 5" nor "May 50"."""
    day, last = int(match[2]), int(match[3] or 1)
    if not (1 <= day <= 31 and 1 <= last <= 31):
        return None
    return f"{_MONTHS[match[1]]} {ordinal(day)}" + (f" to {ordinal(last)}" if match[3] else "")


def _day_month(match: re.Match[str]) -> str | None:
    """5 May, 5-7 May, 5th May."""
    the, day, last = match[1], int(match[2]), int(match[3] or 1)
    if not (1 <= day <= 31 and 1 <= last <= 31):
        return None
    days = ordinal(day) + (f" to the {ordinal(last)}" if match[3] else "")
    name = f"{the or 'the '}{days} of {_MONTHS[match[4]]}"
    return with_dot(name, match) if match[0].endswith(".") else name


def _month(match: re.Match[str]) -> str | None:
    rest = after(match)
    if (
        match[1] in _WORDS_TOO
        and not rest[:1].islower()
        and not re.match(r"'?\d{2,4}\b", rest)
        and before(match).lower() not in _BEFORE_A_DATE
    ):
        return None
    return with_dot(_MONTHS[match[1]], match)


def _day(match: re.Match[str]) -> str | None:
    """Mon., Tues.: a day before a number or a month, or where only a day can be; "in the sun" stays."""
    rest = after(match).lstrip(",. ")
    dated = rest[:1].islower() or re.match(
        rf"(?:{_MONTH})\b|\d|(?:{_DAY_NAME}|morning|afternoon|evening|night|through|to|and|at)\b", rest
    )
    if match[1] in _WORDS_TOO and not dated and before(match).lower() not in _BEFORE_A_DATE:
        return None
    return with_dot(_WEEK[match[1]], match)


def _days(match: re.Match[str]) -> str:
    return f"{_WEEK.get(match[1], match[1])} to {_WEEK.get(match[2], match[2])}"


def _decade(match: re.Match[str]) -> str | None:
    """1990s, '90s, 1900s, 100s."""
    text = match[1]
    if text[-1] != "0":
        return None
    if len(text) == 4:
        return plural(year(int(text))) if is_year(text) and int(text) % 1000 else plural(cardinal(int(text)))
    return plural(cardinal(int(text)))


def _short_year(match: re.Match[str]) -> str:
    return f"oh {cardinal(int(match[1]))}" if match[1][0] == "0" else cardinal(int(match[1]))


def _era(match: re.Match[str]) -> str:
    short = re.sub(r"[.\s]", "", match[2])
    words = f"{cardinal(int(match[1].replace(',', '')))} {'.'.join(short)}"
    return with_dot(words, match) if match[0].endswith(".") else words


RULES: list[Rule] = [
    (re.compile(rf"{START}(?:{_TIME}(?:{_HALF})?{_TO})?{_TIME}{_HALF}"), _half_day),
    (re.compile(rf"{START}(\d\d?):(\d\d)(?::(\d\d))?(?:{_TO}(\d\d?):(\d\d)(?::(\d\d))?)?{END}(?!:\d)"), _time),
    (re.compile(rf"{START}(\d{{1,3}}):(\d{{1,3}}){END}(?!:)"), _ratio),
    (re.compile(rf"{START}(\d{{4}})-(\d\d)-(\d\d){END}"), _iso),
    (re.compile(rf"{START}(\d\d?)/(\d\d?)/(\d{{4}}|\d\d){END}(?!/)"), _slashes),
    (re.compile(rf"{START}(\d\d?)\.(\d\d?)\.(\d{{4}}){END}"), _dots),
    (re.compile(rf"\b({_MONTH})\.?\s(\d\d?)(?:st|nd|rd|th)?(?:{_TO}(\d\d?)(?:st|nd|rd|th)?)?{END}(?![:%/])"), _month_day),
    (
        re.compile(rf"{START}(the )?(\d\d?)(?:st|nd|rd|th)?(?:{_TO}(\d\d?)(?:st|nd|rd|th)?)? (?:of )?({_MONTH})\b(?:\.|(?!\w))"),
        _day_month,
    ),
    (re.compile(rf"\b({_DAY_NAME})\.?{_TO}({_DAY_NAME})\b"), _days),
    (re.compile(rf"\b({'|'.join(m for m in _MONTHS if m not in MONTHS)})\."), _month),
    (re.compile(rf"\b({'|'.join(sorted(_WEEK, key=len, reverse=True))})\."), _day),
    (re.compile(rf"{START}['’‘]?(\d{{2,4}})['’]?s\b"), _decade),
    (re.compile(r"(?<![\w'’])['’‘](\d\d)(?![\w'’])"), _short_year),
    (re.compile(rf"{START}(\d[\d,]*)\s?(B\.\s?C\.(?:\s?E\.)?|A\.\s?D\.|(?:BCE|BC|CE|AD)\b)"), _era),
    (re.compile(rf"(?<=\bAD )(\d{{1,4}}){END}"), lambda m: year(int(m[1])) if len(m[1]) == 4 else cardinal(int(m[1]))),
]
"""In the order in which they have precedence."""
