"""The page that shows a person what was kept and what was not: one HTML file that needs no other."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np

from jamflow.media.files import replacing
from jamflow.prepare.journal import Entry
from jamflow.prepare.verdicts import KEPT, REASONS, Verdict

_BINS, _WIDTH, _HEIGHT = 24, 300, 110
_FILES = 200  # refused files that are listed

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #222; }
table { border-collapse: collapse; }
td { vertical-align: top; } td, th { text-align: left; padding: .3em .8em; border-bottom: 1px solid #ddd; }
td.n { text-align: right; font-variant-numeric: tabular-nums; } img { height: 72px; margin-right: 3px; border-radius: 3px; }
figure { display: inline-block; margin: 0 1.5em 1em 0; } figcaption { font-size: 13px; color: #555; }
svg rect { fill: #4a7ab5; } svg text { font: 11px system-ui, sans-serif; fill: #555; } svg line { stroke: #999; }
"""

# Title, unit, and the value of a verdict.
_HISTOGRAMS: tuple[tuple[str, str, Callable[[Verdict], float | None]], ...] = (
    ("Length", "s", lambda v: v.seconds),
    ("Head: to the side (yaw)", "degrees", lambda v: v.measures.get("yaw")),
    ("Head: up and down (pitch)", "degrees", lambda v: v.measures.get("pitch")),
    ("Widest opening of the lips", "cm", lambda v: v.measures.get("opening")),
    ("Level", "dB", lambda v: v.measures.get("level_db")),
    ("Sync: score", "", lambda v: v.measures.get("sync")),
    ("Sync: lips late by", "s", lambda v: v.measures.get("lag")),
)


def write_report(path: Path, entries: Sequence[Entry], examples: Callable[[str], list[bytes]]) -> None:
    """Write the page; an older one is replaced.

    Args:
        examples: JPEG pictures of a reason.

    Raises:
        UserError: the file cannot be written.
    """
    verdicts = [verdict for entry in entries for verdict in entry.verdicts]
    kept = [verdict for verdict in verdicts if verdict.kept]
    speakers = {entry.speaker for entry in entries for verdict in entry.verdicts if verdict.kept}
    seconds = sum(verdict.seconds for verdict in kept)
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Prepared: {seconds / 60:.1f} minutes</title>",
        f"<style>{_STYLE}</style><h1>Prepared data</h1>",
        f"<p>{seconds / 60:.1f} minutes of {len(speakers)} speakers in {len(kept)} stretches, from {len(entries)} clips.</p>",
        _counts(verdicts, examples),
        "<h2>What was kept</h2>",
        *(_histogram(title, unit, [x for v in kept if (x := value(v)) is not None]) for title, unit, value in _HISTOGRAMS),
        _licences(entries),
        _refused(entries),
        "</html>",
    ]
    with replacing(path) as file:
        file.write_text("\n".join(parts), encoding="utf-8")


def _counts(verdicts: Iterable[Verdict], examples: Callable[[str], list[bytes]]) -> str:
    by_reason: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_reason[verdict.reason].append(verdict)
    rows = ["<h2>Verdicts</h2><table><tr><th>verdict<th>stretches<th>minutes<th>why<th>examples"]
    for reason in (r for r in REASONS if r in by_reason):
        some = by_reason[reason]
        minutes = sum(verdict.seconds for verdict in some) / 60
        pictures = "".join(f'<img alt="" src="data:image/jpeg;base64,{b64encode(p).decode()}">' for p in examples(reason))
        rows.append(
            f"<tr><td>{escape(reason)}<td class=n>{len(some)}<td class=n>{minutes:.1f}<td>{escape(REASONS[reason])}<td>{pictures}"
        )
    return "\n".join([*rows, "</table>"])


def _histogram(title: str, unit: str, values: Sequence[float]) -> str:
    """Bars as inline SVG, with the lowest, the middle and the highest value under them."""
    if not values:
        return ""
    low, high = float(min(values)), float(max(values))
    counts, _ = np.histogram(values, _BINS, (low, high if high > low else low + 1))
    step = _WIDTH / _BINS
    bars = "".join(
        f'<rect x="{k * step:.1f}" y="{_HEIGHT * (1 - n / counts.max()):.1f}" width="{step - 1:.1f}" '
        f'height="{_HEIGHT * n / counts.max():.1f}"><title>{n}</title></rect>'
        for k, n in enumerate(counts)
    )
    under = f'y="{_HEIGHT + 14}"'
    ends = f'<text x="0" {under}>{low:.3g}</text><text x="{_WIDTH}" {under} text-anchor="end">{high:.3g}</text>'
    line = f'<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}"/>'
    caption = f"{title}{f', {unit}' if unit else ''}: median {np.median(values):.3g}"
    return (
        f'<figure><svg width="{_WIDTH}" height="{_HEIGHT + 18}" role="img" aria-label="{escape(title)}">{bars}{line}{ends}</svg>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _licences(entries: Sequence[Entry]) -> str:
    minutes: dict[tuple[str, str], float] = defaultdict(float)
    for entry in entries:
        for verdict in entry.verdicts:
            if verdict.kept:
                minutes[entry.licence or "unknown", entry.origin] += verdict.seconds / 60
    rows = "".join(
        f"<tr><td>{escape(licence)}<td>{escape(origin)}<td class=n>{m:.1f}" for (licence, origin), m in sorted(minutes.items())
    )
    return f"<h2>Licences and origins of what was kept</h2><table><tr><th>licence<th>origin<th>minutes{rows}</table>"


def _refused(entries: Sequence[Entry]) -> str:
    some = [(entry, verdict) for entry in entries for verdict in entry.verdicts if verdict.reason != KEPT]
    rows = "".join(
        f"<tr><td>{escape(entry.file)}<td class=n>{verdict.start_s:.1f}<td>{escape(verdict.reason)}<td>{escape(verdict.detail)}"
        for entry, verdict in some[:_FILES]
    )
    more = f"<p>and {len(some) - _FILES} more, in .prepare/journal.jsonl</p>" if len(some) > _FILES else ""
    return f"<h2>What was refused</h2><table><tr><th>file<th>from, s<th>verdict<th>detail{rows}</table>{more}"
