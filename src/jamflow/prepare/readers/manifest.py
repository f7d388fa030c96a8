"""A CSV table with one clip a row: file, and as far as known speaker, text, from, to, licence, origin, source_rate_hz.

Paths are relative to the table. Columns with other names are ignored.
"""

from collections.abc import Iterator
from pathlib import Path

from jamflow.errors import UserError
from jamflow.prepare.clip import Clip
from jamflow.prepare.readers.files import table

_NAME = "manifest.csv"
_SECONDS, _RATE = (0, "seconds, such as 12.5"), (1, "a sample rate, such as 16000")  # the least number, and an example
_NUMBERS = {"from": _SECONDS, "to": _SECONDS, "source_rate_hz": _RATE}


def reads(source: Path) -> bool:
    """Whether the source is such a table, or a folder that has one of the usual name."""
    return source.suffix.lower() == ".csv" or (source / _NAME).is_file()


def clips(source: Path) -> Iterator[Clip]:
    path = source / _NAME if source.is_dir() else source
    rows = table(path)
    if rows and "file" not in rows[0]:
        raise UserError(f"The manifest {path} has no column named file.", "Name the column of the paths so.")
    for number, row in enumerate(rows, 1):
        name = row["file"].strip()
        start_s, end_s, rate_hz = (
            _number(row.get(column, ""), column, number, path) for column in ("from", "to", "source_rate_hz")
        )
        if end_s is not None and end_s <= (start_s or 0.0):
            raise UserError(f"Row {number} of {path} ends before it begins.", "Give seconds of the file in from and to.")
        yield Clip(
            path.parent / name,
            row.get("speaker", "").strip() or Path(name).stem,
            row.get("text", "").strip() or None,
            span_s=None if start_s is None and end_s is None else (start_s or 0.0, end_s),
            licence=row.get("licence", row.get("license", "")).strip(),
            origin=row.get("origin", "").strip(),
            source_rate_hz=rate_hz,
        )


def _number(cell: str, column: str, number: int, path: Path) -> float | None:
    if not cell.strip():
        return None
    try:
        value = float(cell)
    except ValueError:
        value = -1.0
    least, example = _NUMBERS[column]
    if not least <= value < 1e6:
        raise UserError(f"Row {number} of {path} has {cell!r} in the column {column}.", f"Give {example}.")
    return value
