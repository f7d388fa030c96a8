"""Files of a corpus, found and read in an order that does not change."""

import csv
import lzma
from collections.abc import Iterator
from pathlib import Path

from jamflow.errors import UserError

VIDEO = {".mp4", ".mkv", ".mov", ".avi", ".mpg", ".mpeg", ".webm", ".m4v", ".ts", ".flv", ".wmv", ".mts"}
SOUND = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".wma"}


def recordings(folder: Path, suffixes: set[str] = VIDEO | SOUND) -> Iterator[Path]:
    """Files below a folder with one of the suffixes, sorted by their path; hidden ones are left out."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in suffixes and not hidden and path.is_file():
            yield path


def beside(path: Path, suffixes: set[str] = VIDEO | SOUND) -> Path | None:
    """The recording of this name with another suffix."""
    return next((p for s in sorted(suffixes) if (p := path.with_suffix(s)).exists()), None)


def text_of(path: Path) -> str:
    """A text file, packed by xz or not.

    Raises:
        UserError: it is not UTF-8 text.
    """
    try:
        data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError, lzma.LZMAError) as error:
        raise UserError(f"The file {path} cannot be read as UTF-8 text.", f"The system says: {error}.") from error


def table(path: Path, separator: str = ",") -> list[dict[str, str]]:
    """The rows of a table with a header, by column.

    Raises:
        UserError: it is no table, or a row has more or fewer cells than the header.
    """
    try:
        rows = [row for row in csv.reader(text_of(path).splitlines(), delimiter=separator) if any(map(str.strip, row))]
    except csv.Error as error:
        raise UserError(f"The table {path} is not a CSV file.", f"Save it as CSV, UTF-8 ({error}).") from error
    if not rows:
        raise UserError(f"The table {path} is empty.", "Its first line names columns, every other line is one clip.")
    header = [column.strip().lower() for column in rows[0]]
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(header):
            raise UserError(
                f"Row {number} of {path} has {len(row)} cells, and the header has {len(header)}.",
                "Put cells with commas in quotes.",
            )
    return [dict(zip(header, row, strict=True)) for row in rows[1:]]
