"""What is spelled or said part by part: addresses of the web, file names, telephone numbers, versions, codes."""

import re

from jamflow.text.english.numbers import cardinal, digits, quantity, year
from jamflow.text.english.rules import END, START, Rule

_TLD = (
    "com|org|net|edu|gov|mil|int|info|biz|io|co|uk|de|fr|es|nl|eu|ca|au|jp|cn|ru|ch|se|dk|pl|nz|ie|tv|ai|app|dev|xyz|gg|ly|fm|"
    "example|test"
)
_WORDS = frozenset(
    ["com", "org", "net", "gov", "info", "biz", "co", "app", "dev", "example", "test", "zip", "doc", "py", "bat", "bin", "json"]
)  # the others are spelled
_FILE = (
    "pdf|docx?|xlsx?|pptx?|txt|md|csv|json|xml|ya?ml|toml|html?|css|js|ts|jsx|tsx|py|rb|rs|go|java|cpp|sh|exe|bat|dll|zip|tar|gz|rar|"
    "jpe?g|png|gif|svg|webp|mp3|mp4|wav|flac|avi|mov|mkv|iso|net|io|ai"
)
_MARKS = {
    ".": "dot",
    "/": "slash",
    "-": "dash",
    "_": "underscore",
    "+": "plus",
    "@": "at",
    "~": "tilde",
    ":": "colon",
    "\\": "backslash",
}
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}"  # bounded, or odd text would take long


def spelled(letters: str) -> str:
    """Letters one by one, as one word: "PDF" is "P.D.F"."""
    return ".".join(letters.upper())


def _part(text: str) -> str:
    """Letters and digits of an address or a code: "photo2024" is "photo twenty twenty four", "mp3" "M.P three"."""
    out = []
    for part in re.findall(r"[A-ZÀ-Þ]?[a-zß-ÿ]+|[A-ZÀ-Þ]+(?![a-zß-ÿ])|[A-ZÀ-Þ]|\d+", text):
        if part.isdigit():
            out.append(_number(part))
        else:
            out.append(_letters(part))
    return " ".join(out)


def _letters(part: str) -> str:
    if len(part) == 1:
        return "eh" if part in "Aa" else part.upper()  # not the article
    if (part.isupper() and len(part) <= 3) or not re.search(r"[aeiouyAEIOUYà-ÿ]", part):
        return spelled(part)
    return part


def _number(text: str) -> str:
    """A number within a name: 747 is "seven forty seven", 1080 "ten eighty", 0123 its digits."""
    if text[0] == "0" or len(text) > 4:
        return digits(text)
    if len(text) == 4 and text[1:] != "000":
        return year(int(text))
    if len(text) == 3 and text[1:] != "00":
        return f"{cardinal(int(text[0]))} {'oh ' if text[1] == '0' else ''}{cardinal(int(text[1:]))}"
    return cardinal(int(text))


def _said(address: str) -> str:
    """The parts of an address, with its marks by their names."""
    out = []
    for part in re.findall(r"[^\W_]+|[._/+@~:\\-]", address):
        out.append(_MARKS[part] if part in _MARKS else _part(part))
    return " ".join(out)


def _host(host: str) -> str:
    *names, last = host.removeprefix("www.").split(".")
    known = last.lower()
    return " dot ".join([*(_said(name) for name in names), known if known in _WORDS or len(known) > 3 else spelled(last)])


def _url(match: re.Match[str]) -> str:
    """Without protocol, "www.", user, port, query and fragment, which nobody reads."""
    address = re.sub(r"^(?:[a-z]+://)?(?:www\.)?", "", match[0], flags=re.I)
    address = re.split(r"[?#]", address)[0].rstrip("/.,;:!'")
    host, slash, path = address.partition("/")
    host = _host(re.sub(r":\d+$", "", host.rpartition("@")[2]))
    return f"{host} slash {_path(path)}" if slash and path else host


def _path(path: str) -> str:
    return " slash ".join(_file_name(part) for part in re.sub(r"%[0-9A-Fa-f]{2}", " ", path).split("/") if part)


def _file_name(name: str) -> str:
    stem, dot, kind = name.rpartition(".")
    if not dot or not kind.isalnum():
        return _said(name)
    kind = kind if kind.lower() in _WORDS else _part(kind) if kind[-1].isdigit() else spelled(kind)
    return f"{_said(stem)} dot {kind}".strip()


def _mail(match: re.Match[str]) -> str:
    user, _, host = match[0].removeprefix("mailto:").partition("@")
    return f"{_said(user)} at {_host(host)}"


def _tag(match: re.Match[str]) -> str:
    return f"{'hashtag' if match[1] == '#' else 'at'} {_said(match[2])}"


def _telephone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    words = ", ".join(digits(group) for group in groups)
    return f"plus {words}" if "+" in match[0] else words


def _hyphened(match: re.Match[str]) -> str | None:
    """555-0199, but not the range 100-1000."""
    first, last = match.groups()
    return None if last.endswith("00") and int(first) < int(last) and first.endswith("0") else f"{digits(first)}, {digits(last)}"


def _lettered(match: re.Match[str]) -> str:
    """1-800-FLOWERS"""
    return f"one, {'eight hundred' if match[1] == '800' else digits(match[1])}, {match[2].capitalize()}"


def _version(match: re.Match[str]) -> str:
    parts = re.split(r"\.", match[2])
    words = " point ".join(digits(part) if part[0] == "0" and len(part) > 1 else cardinal(int(part)) for part in parts)
    return f"version {words}" if match[1] else words


def _dotted(text: str) -> str:
    if re.fullmatch(r"\d{1,3}(\.000)+", text):  # thousands, as they are written in Europe
        return quantity(text.replace(".", ""))
    return " point ".join(cardinal(int(part)) for part in text.split("."))


def _release(match: re.Match[str]) -> str:
    """ "Python 3.10": not the decimal three point one zero."""
    return f"{match[1]} {' point '.join(cardinal(int(part)) for part in match[2].split('.'))}"


def _network(match: re.Match[str]) -> str | None:
    parts = match[0].split(".")
    return " dot ".join(map(digits, parts)) if all(int(part) < 256 for part in parts) else None


def _code(match: re.Match[str]) -> str | None:
    """B2B, MP3, CO₂, x86, 4K, F-16: letters and digits in one."""
    return _said(match[0].translate(_SUBSCRIPTS)).replace(" dash ", " ")


def _number_and_word(match: re.Match[str]) -> str:
    return f"{quantity(match[1])}-{match[2]}"


def _greek(match: re.Match[str]) -> str:
    return _GREEK[match[0].lower()]


_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau upsilon phi chi psi "
    "omega"
)
_GREEK = dict(zip("αβγδεζηθικλμνξοπρςστυφχψω", _NAMES.split(), strict=True))

RULES: list[Rule] = [
    (re.compile(r"\b(?:(?:https?|ftps?)://|www\.)[^\s<>\"“”]*[^\s<>\"“”.,;:!?')\]’]", re.I), _url),
    (re.compile(rf"\b(?:mailto:)?[\w.+-]{{1,64}}@{_HOST}[A-Za-z]{{2,}}\b"), _mail),
    (re.compile(rf"\b{_HOST}(?:{_TLD}|{_TLD.upper()})\b(?![.-]?\w)(?:/[^\s<>\"“”]*[^\s<>\"“”.,;:!?')\]’]|/)?"), _url),
    (re.compile(r"\b([A-Z]):\\([\w.\\-]*\w)"), lambda m: f"{m[1]} colon backslash {_said(m[2])}"),
    (
        re.compile(rf"\b[\w-]{{1,80}}(?:\.[\w-]{{1,40}}){{0,4}}\.(?:{_FILE}|{_FILE.upper()})\b(?![.-]?\w)"),
        lambda m: _file_name(m[0]),
    ),
    (re.compile(r"(?<![\w.])\.([A-Za-z]{2,5})\b"), lambda m: f"dot {m[1] if m[1].lower() in _WORDS else spelled(m[1])}"),
    (re.compile(r"(?<![\w.:/<])~?/[A-Za-z][\w.-]*(?:/[\w.-]*\w)+"), lambda m: _said(m[0])),
    (re.compile(r"(?<![\w&])([#@])([A-Za-z]\w*)"), _tag),
    (re.compile(rf"{START}\+\d{{1,3}}(?:[ .-]?\(?\d{{1,4}}\)?){{2,6}}{END}|(?<![\w+])\+\d{{7,15}}{END}"), _telephone),
    (re.compile(rf"(?<![\w.-])(?:1[ .-])?(?:\(\d{{3}}\) ?|\d{{3}}[ .-])\d{{3}}[ .-]\d{{4}}{END}(?!-)"), _telephone),
    (re.compile(rf"(?<![\w.-])(?<!\d )(?:\(0\d{{1,4}}\)|0\d{{1,4}})(?:[ -]\d{{2,8}}){{1,4}}{END}(?![-/:])"), _telephone),
    (
        re.compile(rf"{START}\d{{4}}(?:[ -]\d{{4}}){{2,4}}{END}|{START}\d{{3}}-\d\d-\d{{4}}{END}|{START}\d{{5}}-\d{{4}}{END}"),
        _telephone,
    ),
    (re.compile(rf"{START}(?<!-)\d{{1,3}}(?:-\d{{1,4}}){{3,8}}{END}|{START}(?<!-)\d-\d-\d{END}"), _telephone),
    (re.compile(rf"{START}(?<!-)(\d{{3}})-(\d{{4}}){END}(?!-)"), _hyphened),
    (re.compile(r"\b1-(\d{3})-([A-Z]{4,10})\b"), _lettered),
    (re.compile(rf"{START}\d{{1,3}}(?:\.\d{{1,3}}){{3}}{END}"), _network),
    (
        re.compile(rf"\b([vV])\.?(\d+(?:\.\d+){{0,6}}){END}|{START}()(?!\d\d?\.\d\d?\.\d{{4}}(?!\d))(\d+(?:\.\d+){{2,6}}){END}"),
        lambda m: _version(m) if m[2] else _dotted(m[4]),
    ),
    (
        re.compile(rf"\b((?:[Vv]ersion|Python|Ubuntu|Android|iOS|macOS|Windows|PyTorch|CUDA|Java|release) )(\d+\.\d+){END}"),
        _release,
    ),
]
"""Before all others, in the order in which they have precedence."""
CODES: list[Rule] = [
    (re.compile(r"(?<![\w.])(\d{1,3})-([a-z]{3,}(?:-[a-z]+)*)\b"), _number_and_word),
    (re.compile(r"\b(?=[A-Za-z-]*[\d₀-₉])(?=[\d₀-₉]*-?[A-Za-z])[A-Za-z\d₀-₉]+(?:-[A-Z\d]*\d[A-Z\d]*)*(?![\w'’])"), _code),
    (re.compile(r"\b(?:C\+\+)(?!\w)"), lambda m: "C plus plus"),
    (re.compile(r"\b([CF])#(?!\w)"), lambda m: f"{m[1]} sharp"),
    (re.compile(r"(?<![Ͱ-Ͽ])[Α-Ωα-ω](?![Ͱ-Ͽ])"), _greek),
]
"""After numbers with units."""
