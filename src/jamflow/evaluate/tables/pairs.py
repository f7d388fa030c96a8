"""The CSV of pairs: one result a row, with what it is compared with. Everything it tells is checked before any long work."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jamflow.errors import UserError, listed
from jamflow.evaluate.tables.protocols import Protocol
from jamflow.evaluate.wer import normalise
from jamflow.media.files import existing_file

COLUMNS = ("result", "reference", "text", "prompt", "person", "system", "speech", "seconds")
_FILES = ("result", "reference", "prompt", "speech")
_OWN_NAME = "results"


@dataclass(frozen=True)
class Pair:
    """One row.

    Attributes:
        number: of the row, from 1.
        result: the file that is judged.
        reference: the ground truth of the same clip.
        text: what is said; empty if it is not known.
        prompt: a recording of the voice that the result should have.
        person: who is seen or heard; empty if it is not known.
        system: what made the result.
        speech: the sound that is judged instead of the result's own.
        seconds: that the result took.
    """

    number: int
    result: Path
    reference: Path | None = None
    text: str = ""
    prompt: Path | None = None
    person: str = ""
    system: str = _OWN_NAME
    speech: Path | None = None
    seconds: float | None = None

    @property
    def spoken(self) -> Path:
        """The file whose speech is judged."""
        return self.speech or self.result

    @property
    def files(self) -> list[Path]:
        return [file for file in (self.result, self.reference, self.prompt, self.speech) if file is not None]


def read_pairs(path: Path, table: Protocol) -> list[Pair]:
    """The rows of a CSV file; paths are relative to its folder.

    Raises:
        UserError: it is no such table, a column is unknown, a cell is empty that the table needs, or a file is missing.
    """
    rows = _cells(path)
    header = rows[0]
    for column in header:
        if column not in COLUMNS:
            raise UserError(
                f"The table {path} has the column {column!r}, which is not known.", f"Known are {listed(COLUMNS, 'and')}."
            )
        if header.count(column) > 1:
            raise UserError(f"The table {path} has the column {column!r} twice.", "Leave one out.")
    for column in ("result", *table.needs):
        if column not in header:
            raise UserError(f"The table {path} has no column {column!r}, which {table.name} needs.", "See docs/evaluate.md.")
    pairs = []
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(header):
            hint = "Put cells with commas in quotes."
            raise UserError(f"Row {number} of {path} has {len(row)} cells, and the header has {len(header)}.", hint)
        pairs.append(_pair(number, dict(zip(header, row, strict=True)), path, table))
    _refuse_twins(pairs, path)
    return pairs


def _cells(path: Path) -> list[list[str]]:
    existing_file(path, "table")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"The table {path} is not a CSV file in UTF-8.", "Save it as CSV, UTF-8.") from error
    rows = [row for row in rows if any(row)]
    if len(rows) < 2:
        raise UserError(f"The table {path} has no rows.", "Its first line names the columns, every other line is one result.")
    return rows


def _pair(number: int, cells: dict[str, str], path: Path, table: Protocol) -> Pair:
    for column in ("result", *table.needs):
        if not cells[column]:
            raise UserError(
                f"Row {number} of {path} has no {column}, which {table.name} needs.", "Fill it in, or leave the row out."
            )
    files = {name: existing_file(path.parent / cells[name], f"{name} of row {number},") for name in _FILES if cells.get(name)}
    text = cells.get("text", "")
    if text and not normalise(text):
        raise UserError(f"Row {number} of {path} has a text without words: {text!r}.", "Write what is said.")
    seconds = _seconds(number, cells.get("seconds", ""))
    system = cells.get("system") or _OWN_NAME
    return Pair(number, text=text, person=cells.get("person", ""), system=system, seconds=seconds, **files)


def _seconds(number: int, cell: str) -> float | None:
    if not cell:
        return None
    try:
        seconds = float(cell)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise UserError(f"The seconds of row {number} are {cell!r}.", "Write a number over 0.")
    return seconds


def _refuse_twins(pairs: Sequence[Pair], path: Path) -> None:
    """The same result twice would count twice."""
    rows: dict[tuple[str, Path], int] = {}
    for pair in pairs:
        first = rows.setdefault((pair.system, pair.result.resolve()), pair.number)
        if first != pair.number:
            raise UserError(f"Rows {first} and {pair.number} of {path} are the same result of {pair.system}.", "Leave one out.")
