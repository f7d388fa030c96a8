"""Drawings for the page: intervals and curves as inline SVG, frames of a clip as one embedded PNG."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np

from jamflow.evaluate.tables.protocols import MEASURES
from jamflow.evaluate.tables.summary import Row
from jamflow.media.video_reader import frame_times, read_video

_WIDTH, _LINE, _NAMES = 560, 22, 170  # pixels: of a plot, of a row in it, of the rows' names
_FRAMES, _FRAME_PX = 8, 110
_BLUE, _ORANGE, _GREY = "#2b6cb0", "#dd7a1c", "#888"


def intervals_svg(rows: Sequence[Row], name: str) -> str:
    """A dot for each row's value, a thick line for the interval over clips and a thin one for that over people."""
    cells = [(row, row.cells[name]) for row in rows if name in row.cells]
    ends = [x for _, cell in cells for pair in (cell.over_clips, cell.over_people) if pair for x in pair]
    ends += [cell.value for _, cell in cells]
    if not ends:
        return "<p>Nothing was measured.</p>"
    low, high = min(ends), max(ends)
    wide = (high - low) or 1.0

    def x(value: float) -> str:
        return f"{_NAMES + (value - low) / wide * (_WIDTH - _NAMES - 20) + 8:.1f}"

    out = []
    for at, (row, cell) in enumerate(cells):
        y, colour = at * _LINE + _LINE / 2, _GREY if row.control else _BLUE
        out.append(f'<text x="0" y="{y + 4}">{escape(row.name[:28])}</text>')
        for interval, thick in ((cell.over_people, 1.5), (cell.over_clips, 5)):
            if interval:
                ends_x = f'x1="{x(interval[0])}" x2="{x(interval[1])}" y1="{y}" y2="{y}"'
                out.append(f'<line {ends_x} stroke="{colour}" stroke-width="{thick}" opacity="0.6"/>')
        out.append(f'<circle cx="{x(cell.value)}" cy="{y}" r="4" fill="{colour}"><title>{cell.value:.4g}</title></circle>')
    under, digits = len(cells) * _LINE + 12, MEASURES[name].digits
    out.append(f'<text x="{x(low)}" y="{under}">{low:.{digits}f}</text>')
    out.append(f'<text x="{x(high)}" y="{under}" text-anchor="end">{high:.{digits}f}</text>')
    return (
        f'<svg width="{_WIDTH}" height="{under + 6}" role="img" aria-label="{escape(MEASURES[name].title)}">{"".join(out)}</svg>'
    )


def curves_svg(curves_2t: np.ndarray) -> str:
    """What is seen and what is heard, over the frames of a clip; gaps where there is nothing."""
    known = curves_2t[np.isfinite(curves_2t)]
    if not known.size:
        return "<p>Neither lips nor sound.</p>"
    low, high = float(known.min()), float(known.max())
    height, step = 120, _WIDTH / max(1, curves_2t.shape[1] - 1)
    lines = []
    for curve, colour in zip(curves_2t, (_BLUE, _ORANGE), strict=True):
        path, drawing = [], False
        for k, value in enumerate(curve):
            if not np.isfinite(value):
                drawing = False
                continue
            y = height - (value - low) / ((high - low) or 1.0) * (height - 10) - 5
            path.append(f"{'L' if drawing else 'M'}{k * step:.1f} {y:.1f}")
            drawing = True
        lines.append(f'<path d="{"".join(path)}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    labels = f'<text x="0" y="10">{high:.1f}</text><text x="0" y="{height}">{low:.1f}</text>'
    return f'<svg width="{_WIDTH}" height="{height}" role="img" aria-label="lips and sound">{"".join(lines)}{labels}</svg>'


def strip(path: Path) -> str:
    """Frames of a video, evenly in time, as one picture in the page."""
    count = len(frame_times(path))
    wanted = {round(k) for k in np.linspace(0, max(0, count - 1), _FRAMES)}
    frames = []
    for number, (_, rgb) in enumerate(read_video(path)):
        if number in wanted:
            width = max(1, round(rgb.shape[1] * _FRAME_PX / rgb.shape[0]))
            frames.append(cv2.resize(rgb, (width, _FRAME_PX), interpolation=cv2.INTER_AREA))
    _, data = cv2.imencode(".png", cv2.cvtColor(np.concatenate(frames, axis=1), cv2.COLOR_RGB2BGR))
    return f'<img alt="{escape(path.name)}" src="data:image/png;base64,{b64encode(data.tobytes()).decode()}">'
