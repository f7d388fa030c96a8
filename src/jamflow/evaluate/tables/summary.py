"""Rows of the table: means over clips, with intervals over clips and over people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jamflow.evaluate.tables.measure import Numbers
from jamflow.evaluate.tables.protocols import DISTANCES
from jamflow.evaluate.tables.statistics import Moments, Statistic, draw_counts, frechet, interval, weighted_mean
from jamflow.evaluate.tables.trials import Trial

_DRAWS, _DISTANCE_DRAWS = 2000, 200  # a Fréchet distance takes a millisecond
Interval = tuple[float, float]


@dataclass(frozen=True)
class Cell:
    """One number: over how many clips, and its intervals over clips and people; None where they cannot be told."""

    value: float
    clips: int
    over_clips: Interval | None
    over_people: Interval | None


@dataclass(frozen=True)
class Row:
    """A system or a control."""

    name: str
    control: bool
    clips: int
    people: int
    cells: dict[str, Cell]


def summarised(results: Sequence[tuple[Trial, Numbers]], measures: Sequence[str]) -> list[Row]:
    """A row for each name, in the order in which they come first. The clips of a row are taken in the order of their content."""
    names = list(dict.fromkeys(trial.row if not trial.control else f"\0{trial.row}" for trial, _ in results))
    rows = []
    for name in names:
        some = [(t, n) for t, n in results if (f"\0{t.row}" if t.control else t.row) == name]
        some.sort(key=lambda pair: pair[0].key)
        rows.append(_row(some, measures))
    return rows


def _row(some: Sequence[tuple[Trial, Numbers]], measures: Sequence[str]) -> Row:
    first = some[0][0]
    people = [trial.pair.person for trial, _ in some]
    cells = {}
    for name in measures:
        known = np.array([name in numbers.values or name in numbers.sides for _, numbers in some])
        if not known.any():
            continue
        statistic, draws = _statistic([numbers for _, numbers in some], name)
        value = statistic(known.astype(float))
        if np.isfinite(value):
            middle = value if name in DISTANCES else None
            over = [interval(statistic, draw_counts(people, over, draws), middle) for over in ("clips", "people")]
            cells[name] = Cell(value, int(known.sum()), *over)
    return Row(first.row, first.control, len(some), len({*people} - {""}), cells)


def _statistic(numbers: Sequence[Numbers], name: str) -> tuple[Statistic, int]:
    if name in DISTANCES:
        features = next(len(n.sides[name][0].sum_d) for n in numbers if name in n.sides)
        nothing = Moments.of(np.empty((0, features)))
        sides = [n.sides.get(name, (nothing, nothing)) for n in numbers]
        return frechet([one for one, _ in sides], [other for _, other in sides]), _DISTANCE_DRAWS
    values = np.array([n.values.get(name, np.nan) for n in numbers])
    weights = np.array([float(n.words) for n in numbers]) if name == "wer_corpus" else None
    return weighted_mean(values, weights), _DRAWS
