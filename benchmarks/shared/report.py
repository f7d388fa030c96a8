"""What a benchmark reports: tables, printed as Markdown while they grow, and all of them in one JSON file."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shared.provenance import Provenance
from jamflow.media.files import replacing


@dataclass(frozen=True)
class Shown:
    """A cell that is printed as `text`; the file gets `value`."""

    value: Any
    text: str


def number(value: float | np.number, spec: str, unit: str = "") -> Shown:
    """A cell with a format of its own, where the column's would not do."""
    return Shown(value, f"{_text(value, spec)} {unit}".strip())


class Table:
    """Rows under named columns, each printed when it is added."""

    def __init__(self, title: str, columns: Mapping[str, str]):
        self.title = title
        self.columns = dict(columns)
        self.rows: list[dict[str, Any]] = []
        print(f"\n{title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)

    def add(self, *cells: Any) -> None:
        """One cell a column: text, numbers, pairs of numbers (an interval), `Shown`, or None for an empty one."""
        pairs = list(zip(self.columns.items(), cells, strict=True))
        self.rows.append({name: cell.value if isinstance(cell, Shown) else cell for (name, _), cell in pairs})
        print(f"| {' | '.join(_text(cell, spec) for (_, spec), cell in pairs)} |", flush=True)


class Report:
    """All that one run of a benchmark measured.

    Attributes:
        folder: for what the benchmark keeps; it is there.
        tables: in the order in which they were begun.
        seeds: those that were used; where a benchmark sets none, its option `seed`.
        details: more than a table holds (what was heard in each utterance); for the file only.
    """

    def __init__(self, name: str, options: Any, folder: Path):
        self.name = name
        self.options = options
        self.folder = folder
        self.tables: list[Table] = []
        self.seeds: Sequence[int] = [options.seed] if hasattr(options, "seed") else []
        self.details: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def table(self, title: str, columns: Mapping[str, str]) -> Table:
        """Begins a table; `columns` are names with formats of their numbers (as of `format`, "" for text)."""
        self.tables.append(Table(title, columns))
        return self.tables[-1]

    def say(self, text: str) -> None:
        """Progress, for whoever waits."""
        print(text, file=sys.stderr, flush=True)

    def write(self, made_by: Provenance, seconds: float, finished: bool) -> Path:
        """Writes the file, whose name is the date; `finished` is false where the run was broken off."""
        path = self.folder / f"{made_by.date[:19].replace(':', '-')}.json"
        content = {
            "benchmark": self.name,
            **asdict(made_by),
            "options": asdict(self.options),
            "seeds": list(self.seeds),
            "seconds": round(seconds, 1),
            "finished": finished,
            "tables": [{"title": table.title, "rows": table.rows} for table in self.tables],
            "details": self.details,
        }
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(_plain(content), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return path


def _text(cell: Any, spec: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Shown):
        return cell.text
    if isinstance(cell, tuple):
        return " to ".join(_text(one, spec) for one in cell)
    if isinstance(cell, str):
        return cell.replace("|", "\\|")
    return format(cell, spec).replace("%", " %")


def _plain(value: Any) -> Any:
    """As JSON can hold it: numbers that are not finite are null."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)
