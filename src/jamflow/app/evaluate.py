"""``jamflow evaluate``: the paper's tables, for anybody's results."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jamflow.app.messages import complain
from jamflow.app.options import Evaluate
from jamflow.app.progress import Progress

if TYPE_CHECKING:
    from jamflow.evaluate.tables.run import Outcome


def run(options: Evaluate) -> tuple[dict[str, Any], str]:
    """Makes a table; report as data and in words."""
    with Progress(sys.stderr) as progress:
        progress.say("Looking at the files")
        from jamflow.evaluate.tables.run import evaluate

        try:
            outcome = evaluate(
                options.table, options.pairs, options.output, lambda done, total: progress(done, total, "clips"), complain
            )
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt("Stopped; what is done so far is kept, start the same again to go on.") from stop
    report = {
        "rows": [asdict(row) for row in outcome.rows],
        "said": outcome.said,
        "clips": str(outcome.clips),
        "table": str(outcome.table),
        "report": str(outcome.page),
    }
    return report, f"{_in_words(outcome)}\n{outcome.page} has the plots and the worst clips, {outcome.clips} every number."


def _in_words(outcome: "Outcome") -> str:
    """The table: a line for each number, because intervals are wide."""
    from jamflow.evaluate.tables.page import bounds, shown
    from jamflow.evaluate.tables.protocols import MEASURES

    lines = []
    for row in outcome.rows:
        people = f", {row.people} people" if row.people else ""
        lines.append(f"{row.name}{' (control)' if row.control else ''}: {row.clips} clips{people}")
        for name in outcome.measures:
            if name in row.cells:
                cell = row.cells[name]
                over = f"{bounds(cell.over_clips, name)} over clips, {bounds(cell.over_people, name)} over people"
                fewer = f", {cell.clips} clips" if cell.clips < row.clips else ""
                lines.append(f"  {MEASURES[name].title:18} {shown(cell, name):>8}  ({over}{fewer})")
    return "\n".join(lines)
