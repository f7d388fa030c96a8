"""report.html: the table with its intervals, plots, and the worst clips to look at; one file that needs no other."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from jamflow.evaluate.tables.drawings import curves_svg, intervals_svg, strip
from jamflow.evaluate.tables.measure import Numbers
from jamflow.evaluate.tables.protocols import MEASURES, Protocol
from jamflow.evaluate.tables.summary import Cell, Row
from jamflow.evaluate.tables.trials import Trial
from jamflow.media.files import replacing

_WORST = 6
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #222; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .3em .8em; border-bottom: 1px solid #ddd; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td small { color: #555; }
tr.control td { color: #555; } figure { display: inline-block; margin: 0 1.5em 1.5em 0; vertical-align: top; }
figcaption { font-size: 13px; color: #555; } img { display: block; max-width: 100%; }
svg text { font: 11px system-ui, sans-serif; fill: #444; }
"""


def write_page(
    path: Path,
    table: Protocol,
    rows: Sequence[Row],
    results: Sequence[tuple[Trial, Numbers]],
    measures: Sequence[str],
    said: Sequence[str],
) -> None:
    """Write the page; an older one is replaced.

    Raises:
        UserError: the file cannot be written.
    """
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(table.title)}</title><style>{_STYLE}</style>",
        f"<h1>{escape(table.title)}</h1>",
        _table(rows, measures),
        "<p>Under each number: 95 % interval over clips; over people. Controls are grey; they are made of the references. "
        "An empty cell says what the ground truth says, or cannot be measured.</p>",
        *(f"<p>{escape(line)}</p>" for line in said),
        "<h2>Means and intervals</h2><p>Thick: over clips. Thin: over people.</p>",
        *(_figure(intervals_svg(rows, name), f"{MEASURES[name].title} ({MEASURES[name].better} is better)") for name in measures),
        _worst(results, measures),
        "</html>",
    ]
    with replacing(path) as file:
        file.write_text("\n".join(parts), encoding="utf-8")


def shown(cell: Cell, name: str) -> str:
    """The number, with the digits of its measure."""
    return f"{cell.value:.{MEASURES[name].digits}f}"


def bounds(interval: tuple[float, float] | None, name: str) -> str:
    """An interval in words; a dash where there is none."""
    digits = MEASURES[name].digits
    return "–" if interval is None else f"{interval[0]:.{digits}f} to {interval[1]:.{digits}f}"


def _table(rows: Sequence[Row], measures: Sequence[str]) -> str:
    arrows = {"higher": "↑", "lower": "↓"}
    heads = "".join(
        f'<th title="{escape(MEASURES[name].about)}">{escape(MEASURES[name].title)} {arrows[MEASURES[name].better]}'
        for name in measures
    )
    out = [f"<table><tr><th>row<th>clips<th>people{heads}"]
    for row in rows:
        cells = "".join(_cell(row, name) for name in measures)
        kind = " class=control" if row.control else ""
        out.append(f"<tr{kind}><td>{escape(row.name)}<td class=n>{row.clips}<td class=n>{row.people or '–'}{cells}")
    return "\n".join([*out, "</table>"])


def _cell(row: Row, name: str) -> str:
    cell = row.cells.get(name)
    if cell is None:
        return "<td class=n>"
    fewer = f" <small>({cell.clips} clips)</small>" if cell.clips < row.clips else ""
    intervals = f"{bounds(cell.over_clips, name)}; {bounds(cell.over_people, name)}"
    return f"<td class=n>{shown(cell, name)}{fewer}<br><small>{intervals}</small>"


def _figure(drawing: str, caption: str) -> str:
    return f"<figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>"


def _worst(results: Sequence[tuple[Trial, Numbers]], measures: Sequence[str]) -> str:
    """The results with the worst first measure: a strip of frames over one of the reference, lips and sound, what was heard."""
    name = measures[0]
    sign = 1 if MEASURES[name].better == "higher" else -1
    own = [(trial, numbers) for trial, numbers in results if not trial.control and name in numbers.values]
    own.sort(key=lambda one: (sign * one[1].values[name], one[0].key))
    parts = [f"<h2>The worst clips, by {escape(MEASURES[name].title)}</h2>"]
    for trial, numbers in own[:_WORST]:
        pair = trial.pair
        value = f"{numbers.values[name]:.{MEASURES[name].digits}f}"
        parts.append(
            f"<h3>{value}: {escape(str(pair.result))} ({escape(', '.join(filter(None, (trial.row, pair.person))))})</h3>"
        )
        if trial.picture is not None and trial.reference is not None:
            parts.append(_figure(strip(trial.picture.path), "the result") + _figure(strip(trial.reference.path), "the reference"))
        if numbers.curves is not None:
            parts.append(_figure(curves_svg(numbers.curves), "lip opening, cm: seen (blue), and heard in the sound (orange)"))
        if numbers.heard or "wer" in numbers.values:
            parts.append(f"<p>Text: {escape(pair.text)}<br>Heard: {escape(numbers.heard)}</p>")
        parts += [f"<p>{escape(note)}</p>" for note in numbers.notes]
    return "\n".join(parts)
