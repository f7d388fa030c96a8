"""Means over clips or voices, with how far they can be trusted."""

from collections.abc import Sequence

import numpy as np

from benchmarks.shared.report import Report, Table
from jamflow.evaluate.interval import bootstrap_interval

COLUMNS = {"measure": "", "n": "d", "mean": "+.3f", "95 % interval": "+.3f"}


def means_table(report: Report, title: str) -> Table:
    """For rows of `add_mean`."""
    return report.table(title, COLUMNS)


def add_mean(table: Table, measure: str, value_n: Sequence[float] | np.ndarray) -> None:
    """A row with the mean of the values that are numbers, and the bootstrap interval of that mean; empty without any."""
    value_n = np.asarray(value_n, float)
    value_n = value_n[np.isfinite(value_n)]
    if len(value_n):
        table.add(measure, len(value_n), float(value_n.mean()), bootstrap_interval(value_n))
    else:
        table.add(measure, 0, None, None)
