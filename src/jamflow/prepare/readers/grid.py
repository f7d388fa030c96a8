"""GRID: a folder for each speaker with short videos, and word times in .align files or in one table.

The name of a clip is its sentence: "bbaf2n" is "bin blue at f two now".
"""

from collections.abc import Iterator
from pathlib import Path

from jamflow.data.corpus import Span
from jamflow.prepare.clip import Clip
from jamflow.prepare.readers.files import VIDEO, recordings, text_of

_TABLES = ("alignments.tsv", "alignments.tsv.xz")
_UNITS = 25_000  # of word times, in a second
_SILENCE = ("sil", "sp")
_LICENCE, _ORIGIN = "CC-BY-4.0", "GRID, doi 10.5281/zenodo.3625687"

_SLOTS = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter.upper() for letter in "abcdefghijklmnopqrstuvxyz"},
    dict(zip("z123456789", ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), strict=True)),
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)


def reads(source: Path) -> bool:
    return source.is_dir() and (_table(source) is not None or next(source.rglob("*.align"), None) is not None)


def clips(source: Path) -> Iterator[Clip]:
    times = _times(source)
    for path in recordings(source, VIDEO):
        speaker = next((part for part in reversed(path.relative_to(source).parts[:-1]) if part.lower().startswith("s")), "s")
        spoken = times.get((speaker.lower(), path.stem.lower())) or times.get(("", path.stem.lower())) or ()
        text = " ".join(word for word, _, _ in spoken) or sentence(path.stem)
        yield Clip(path, f"grid_{speaker.lower()}", text, spoken, licence=_LICENCE, origin=_ORIGIN)


def sentence(name: str) -> str | None:
    """The sentence of a clip's name; None if it is not one of the corpus's."""
    words = [slot.get(letter, "") for slot, letter in zip(_SLOTS, name.lower(), strict=False)]
    return " ".join(words) if len(name) == len(words) == len(_SLOTS) and all(words) else None


def _table(source: Path) -> Path | None:
    return next((source / name for name in _TABLES if (source / name).is_file()), None)


def _times(source: Path) -> dict[tuple[str, str], tuple[Span, ...]]:
    """Words by (speaker, clip); the speaker is "" where an .align file lies in no folder of a speaker."""
    out: dict[tuple[str, str], tuple[Span, ...]] = {}
    table = _table(source)
    for line in text_of(table).splitlines()[1:] if table else []:
        speaker, name, _, words = line.split("\t")
        marks = (word.replace(":", " ").replace("-", " ").split() for word in words.split(";"))
        out[speaker, name] = _spans((start, end, word) for word, start, end in marks)
    for path in sorted(source.rglob("*.align")):
        words = (line.split() for line in text_of(path).splitlines() if line.strip())
        speaker = next((p for p in reversed(path.relative_to(source).parts[:-1]) if p[:1] == "s" and p[1:].isdigit()), "")
        out[speaker.lower(), path.stem.lower()] = _spans((start, end, word) for start, end, word in words)
    return out


def _spans(marks: Iterator[tuple[str, str, str]]) -> tuple[Span, ...]:
    """Letters become capitals, which are read as letters: "a" would be the article."""
    spans = ((word, int(a) / _UNITS, int(b) / _UNITS) for a, b, word in marks if word not in _SILENCE)
    return tuple((word.upper() if len(word) == 1 else word, a, b) for word, a, b in spans)
