"""Words that are written short. Each is read only where it is one: "no." before a number, "Gen." before a name."""

import re

from jamflow.text.english.rules import Rule, after, before, starts_sentence, with_dot

_TITLES = {  # before a name; with a dot
    "Gen": "General", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative", "Col": "Colonel", "Adm": "Admiral",
    "Maj": "Major", "Rev": "Reverend", "Hon": "Honorable", "Pres": "President", "Cpl": "Corporal", "Pvt": "Private",
    "Cmdr": "Commander", "Fr": "Father", "Msgr": "Monsignor", "Mt": "Mount", "Ft": "Fort", "Amb": "Ambassador",
    "Insp": "Inspector", "Supt": "Superintendent", "Atty": "Attorney", "Br": "Brother", "Messrs": "Messers", "Pt": "Point",
}  # fmt: skip
_PERSONS = {  # before a name, with a dot or without; with a dot also elsewhere
    "Mr": "Mister", "Mrs": "Mrs", "Ms": "Miz", "Mx": "Mix", "Prof": "Professor", "Sgt": "Sergeant", "Capt": "Captain",
    "Lt": "Lieutenant", "Mme": "Madame", "Mlle": "Mademoiselle",
}  # fmt: skip
_STREETS = {  # after a name or a number
    "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane", "Hwy": "Highway", "Pkwy": "Parkway", "Pl": "Place",
    "Sq": "Square", "Ct": "Court", "Ter": "Terrace", "Co": "Company", "Mt": "Mountain", "Bros": "Brothers",
}  # fmt: skip
_ANYWHERE = {
    "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation", "Jr": "Junior", "Sr": "Senior", "Esq": "Esquire",
    "Dept": "Department", "dept": "department", "depts": "departments", "Univ": "University", "Assn": "Association",
    "Assoc": "Associates", "Govt": "Government", "govt": "government", "Natl": "National", "Intl": "International",
    "approx": "approximately", "Approx": "Approximately", "vs": "versus", "misc": "miscellaneous", "incl": "including",
    "excl": "excluding", "resp": "respectively", "viz": "namely", "cf": "compare", "Cf": "Compare", "et al": "et al",
    "avg": "average", "attn": "attention", "Attn": "Attention", "tel": "telephone", "Tel": "Telephone", "asst": "assistant",
    "Asst": "Assistant", "mgr": "manager", "Mgr": "Manager", "hrs": "hours", "mins": "minutes", "secs": "seconds",
    "lbs": "pounds",
    "yrs": "years",
}  # fmt: skip
_LAST = {"etc": "et cetera", "Etc": "Et cetera"}
_BEFORE_NUMBER = {
    "no": "number", "nos": "numbers", "p": "page", "pp": "pages", "pg": "page", "pgs": "pages", "vol": "volume",
    "vols": "volumes",
    "fig": "figure", "figs": "figures", "ch": "chapter", "chap": "chapter", "chs": "chapters", "sec": "section",
    "sect": "section",
    "art": "article", "eq": "equation", "eqs": "equations", "ver": "version", "v": "version", "c": "circa", "ca": "circa",
    "ext": "extension", "apt": "apartment", "ste": "suite", "rm": "room", "bldg": "building", "fl": "floor", "op": "opus",
    "par": "paragraph", "para": "paragraph", "tab": "table", "est": "established", "max": "maximum", "min": "minimum",
    "ll": "lines", "pt": "part", "bk": "book", "app": "appendix", "ex": "example", "hwy": "highway", "rte": "route",
    "def": "definition",
}  # fmt: skip
_STATES = {  # after a town: "Boston, Mass."
    "Ala": "Alabama", "Ariz": "Arizona", "Ark": "Arkansas", "Calif": "California", "Colo": "Colorado", "Conn": "Connecticut",
    "Del": "Delaware", "Fla": "Florida", "Ga": "Georgia", "Ill": "Illinois", "Ind": "Indiana", "Kan": "Kansas", "Ky": "Kentucky",
    "La": "Louisiana", "Md": "Maryland", "Mass": "Massachusetts", "Mich": "Michigan", "Minn": "Minnesota", "Miss": "Mississippi",
    "Mo": "Missouri", "Mont": "Montana", "Neb": "Nebraska", "Nev": "Nevada", "Okla": "Oklahoma", "Ore": "Oregon",
    "Pa": "Pennsylvania", "Penn": "Pennsylvania", "Tenn": "Tennessee", "Tex": "Texas", "Vt": "Vermont", "Va": "Virginia",
    "Wash": "Washington", "Wis": "Wisconsin", "Wyo": "Wyoming",
}  # fmt: skip
_DEGREES = {
    "Ph.D": "P.H.D",
    "M.Sc": "M.S.C",
    "B.Sc": "B.S.C",
    "Ed.D": "E.D.D",
    "D.Phil": "D Phil",
    "LL.M": "L.L.M",
    "LL.B": "L.L.B",
}
_LABELS = frozenset([
    "plan", "vitamin", "option", "grade", "section", "appendix", "type", "hepatitis", "group", "team", "exhibit", "point",
    "letter", "class", "column", "room", "gate", "row", "level", "figure", "table", "part", "step", "side", "block",
    "terminal", "platform", "track", "zone", "size", "and", "or",
])  # fmt: skip
"""Words before a single letter that is no initial: "Plan B. Everybody left."."""
_NOT_A_STREET = frozenset(["the", "in", "at", "on", "from", "to", "near", "by", "of", "and", "or", "for", "with"])
_WORDS_TOO = frozenset(
    ["no", "art", "fig", "figs", "sec", "sect", "min", "max", "app", "tab", "par", "ex", "def", "c", "v", "ch", "op", "pt", "fl"]
)
_BEFORE_A_PART = frozenset(
    ["see", "in", "cf.", "and", "of", "under", "from", "to", "by", "per", "also", "at", "on", "or", "with"]
)
_AFTER_A_NUMBER = frozenset([
    "of", "in", "on", "and", "or", "is", "was", "are", "were", "has", "had", "at", "to", "for", "with", "from", "by", "the",
    "if", "when", "as", "but", "then",
])  # fmt: skip
_CAPITAL = r"(?=[ ]?[\"'“‘(]?[A-ZÀ-Þ])"


def _any_of(words: dict[str, str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def _both_cases(words: dict[str, str]) -> dict[str, str]:
    """Also as in a text all in capitals."""
    return words | {short.upper(): long for short, long in words.items()}


def _named(name: str) -> str:
    """One letter of a name. A is not the article."""
    return "eh" if name == "A" else name


def _title(match: re.Match[str]) -> str | None:
    return None if starts_sentence(after(match)) else f"{_both_cases(_TITLES)[match[1]]} "


def _person(match: re.Match[str]) -> str:
    words = _both_cases(_PERSONS)[match[1]]
    return f"{words} " if not match[0].endswith(".") else with_dot(words, match)


def _follows_name(match: re.Match[str]) -> bool:
    """Whether a match comes after what may be the name of a street: "5th", "Main", "Mulholland"; not "The", "In" or "Visit"."""
    word = before(match)
    if re.fullmatch(r"\d+(st|nd|rd|th)", word):
        return True
    first = match.string[: match.start()].rstrip().rpartition(" ")[0].rstrip()
    begins = not first or first[-1] in ".!?:"
    return (
        word[:1].isupper() and word[-1:].isalpha() and word.lower() not in _NOT_A_STREET and (not begins or not _name_next(match))
    )


def _name_next(match: re.Match[str]) -> bool:
    rest = after(match)
    return rest[:1].isupper() and not starts_sentence(rest)


def _street_or(saint: str, street: str, match: re.Match[str]) -> str:
    """ "St. John" and "Dr. Brown", but "Main St." and "Rodeo Dr."."""
    dotted = match[0].endswith(".")
    is_street = _follows_name(match) and (not _name_next(match) or before(match)[:1].isdigit())
    if is_street or (street == "Street" and not _name_next(match)):
        return with_dot(street, match) if dotted else street
    return with_dot(saint, match) if dotted else saint


def _street(match: re.Match[str]) -> str | None:
    word = before(match)
    named = word == "&" or re.fullmatch(r"[A-ZÀ-Þ][\w'’.-]*|\d+(st|nd|rd|th)", word)
    return with_dot(_STREETS[match[1].capitalize()], match) if named else None


def _before_number(match: re.Match[str]) -> str | None:
    """ "He is no. 5 of them", but "The answer is no. 5 people said so."."""
    short, word = match[1], before(match).lower()
    if short in _WORDS_TOO and " " in match[0]:
        shown = (
            match.string[: match.start()].endswith("(") or not word or word.strip(",;:") in _BEFORE_A_PART or word[-1] in ",;:"
        )
        if short not in ("no", "max", "min") and not shown:
            return None
        following = re.match(r"[\d.,-]+\s([a-z]+)", match.string[match.end() :])
        counts = following and following[1] not in _AFTER_A_NUMBER
        if short == "no" and (counts or re.search(r"\b(answer|said|say|says)\b", match.string[: match.start()])):
            return None
        if short in ("max", "min", "sec") and word in ("a", "the", "one", "this", "my", "to"):
            return None
    return f"{_BEFORE_NUMBER[short.lower()]} "


def _dotted(match: re.Match[str]) -> str:
    """U.S., J.R.R., p.m.: letters."""
    short = re.sub(r"\s", "", match[0]).rstrip(".")
    if short.lower() in ("e.g", "i.e"):
        return "for example" if short.lower() == "e.g" else "that is"
    spelled = short.upper()
    if not match[0].endswith("."):
        return spelled
    return with_dot(spelled, match, names_follow=short.lower() not in ("a.m", "p.m") or _of_time(after(match)))


def _of_time(rest: str) -> bool:
    """Whether what follows "p.m." belongs to it: a zone, a day, a month."""
    return bool(
        re.match(r"[A-Z]{2,4}\b|(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|Eastern|Pacific|Central|Mountain|[A-Z][a-z]+ \d", rest)
    )


def _degree(match: re.Match[str]) -> str:
    return _DEGREES[match[1]] if not match[0].endswith(".") else with_dot(_DEGREES[match[1]], match)


def _initial(match: re.Match[str]) -> str | None:
    rest = after(match)
    if not rest or not rest[0].isupper() or starts_sentence(rest) or before(match).lower().strip(",;:") in _LABELS:
        return None
    return _named(match[1])


def _and_so_on(match: re.Match[str]) -> str:
    return with_dot(_both_cases(_LAST)[match[1]], match, names_follow=False)


RULES: list[Rule] = [
    (re.compile(rf"\b({_any_of(_both_cases(_TITLES))})\.[ ]?{_CAPITAL}"), _title),
    (re.compile(rf"\b({_any_of(_both_cases(_PERSONS))})(?:\.|[ ]{_CAPITAL})"), _person),
    (re.compile(r"\b(?:St|ST)(?:\.|(?=[ ][A-Z][a-z]))"), lambda m: _street_or("Saint", "Street", m)),
    (re.compile(r"\b(?:Dr|DR)(?:\.|(?=[ ][A-Z]))"), lambda m: _street_or("Doctor", "Drive", m)),
    (re.compile(r"\bDrs\.?(?=[ ][A-Z])"), lambda m: "Doctors"),
    (re.compile(rf"(?<=[a-z], )({_any_of(_STATES)})\."), lambda m: with_dot(_STATES[m[1]], m)),
    (re.compile(rf"\b({_any_of(_BEFORE_NUMBER)})\.\s?(?=[\d#][\w]|[\d#])", re.I), _before_number),
    (re.compile(r"\b(Op|Vol|Fig|Ch|Pt|Bk|Art|Sec)\.\s?(?=[IVXLC]+\b)"), _before_number),
    (re.compile(rf"\b({_any_of(_STREETS)})\."), _street),
    (re.compile(rf"\b({_any_of(_ANYWHERE)})\."), lambda m: with_dot(_ANYWHERE[m[1]], m)),
    (re.compile(rf"\b({_any_of(_both_cases(_LAST))})\."), _and_so_on),
    (re.compile(rf"\b({_any_of(_DEGREES)})(?:\.|\b)"), _degree),
    (re.compile(r"\b(?:[A-Za-z]\.){2,}(?![A-Za-z])|\b(?:[A-Z]\.)+[A-Z]\b|\b[ei]\. [ge]\.|\b[ap]\. m\."), _dotted),
    (re.compile(r"(?<![\w'’.-])([A-Z])\.(?=\s)"), _initial),
    (re.compile(r"(?<=\d(?:st|nd|rd|th) )[Ee]d\."), lambda m: with_dot("edition", m)),
    (re.compile(r"\bvs\b|(?<=[a-z] )v\.(?=\s[A-Z])"), lambda m: "versus"),
    (re.compile(r"(?<!\w)w/o(?!\w)"), lambda m: "without"),
    (re.compile(r"(?<!\w)w/[ ]?(?=\w)"), lambda m: "with "),
    (re.compile(r"(?<!\w)b/c(?!\w)"), lambda m: "because"),
    (re.compile(r"(?<!\w)(?:n/a|N/A)(?!\w)"), lambda m: "not applicable"),
    (re.compile(r"(?<!\w)(?:c/o)(?!\w)"), lambda m: "care of"),
]
"""In the order in which they have precedence."""
