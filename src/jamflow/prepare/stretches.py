"""Which stretches of a tracked shot show a face well enough to teach from, and why the others do not.

Shapes: T frames of a shot.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from jamflow.prepare.film import Shot

HEIGHT_MIN_PX = 64.0
TURNED_DEG = 35.0  # yaw or pitch: beyond, the far corner of the mouth is guessed
SHORTEST_S = 1.0
_BLINK_FRAMES = 3  # so few bad frames between good ones are bridged


@dataclass(frozen=True)
class Stretch:
    """Frames of a shot: from `first` to `last` (exclusive), `start_s` to `end_s` of the file. reason: why they do not teach, or
    None."""

    first: int
    last: int
    start_s: float
    end_s: float
    reason: str | None
    detail: str = ""


def stretches(shot: Shot) -> list[Stretch]:
    """All frames of a shot as stretches in order. Good ones last a second at least."""
    if shot.track is None:
        return [_stretch(shot, 0, len(shot.times_s), "no face")]
    labels = _bridged(_labels(shot))
    runs = [(a, b, labels[a]) for a, b in _runs(labels)]
    joined: list[tuple[int, int, Counter[str]]] = []  # good ones have no reasons
    for first, last, label in runs:
        short = _seconds(shot, first, last) < SHORTEST_S
        reasons = Counter({label or "too short": last - first}) if label or short else Counter[str]()
        if joined and reasons and joined[-1][2]:
            joined[-1] = joined[-1][0], last, joined[-1][2] + reasons
        else:
            joined.append((first, last, reasons))
    return [_stretch(shot, first, last, _main(reasons)) for first, last, reasons in joined]


def _labels(shot: Shot) -> list[str | None]:
    """Why each frame is bad, or None."""
    assert shot.track is not None
    turned = np.abs(shot.track.motion.rotation_t3[:, :2]).max(1) > TURNED_DEG
    small = shot.height_t < HEIGHT_MIN_PX
    bad = (("face lost", ~shot.found_t), ("face small", small), ("face turned", turned), ("face covered", shot.covered_t))
    return [next((reason for reason, where in bad if where[t]), None) for t in range(len(shot.times_s))]


def _bridged(labels: list[str | None]) -> list[str | None]:
    out = list(labels)
    bad = [label is not None for label in labels]
    for first, last in _runs(bad):
        if bad[first] and last - first <= _BLINK_FRAMES and first > 0 and last < len(labels):
            out[first:last] = [None] * (last - first)
    return out


def _runs(values: list) -> list[tuple[int, int]]:
    """(first, last) of equal neighbours."""
    out, at = [], 0
    for _, group in groupby(values):
        size = len(list(group))
        out.append((at, at + size))
        at += size
    return out


def _main(reasons: Counter[str]) -> str | None:
    """What most frames have; "too short" only where there is nothing else."""
    real = Counter({reason: n for reason, n in reasons.items() if reason != "too short"})
    return (real or reasons).most_common(1)[0][0] if reasons else None


def _end_s(shot: Shot, last: int) -> float:
    return float(shot.times_s[last]) if last < len(shot.times_s) else shot.end_s


def _seconds(shot: Shot, first: int, last: int) -> float:
    return _end_s(shot, last) - float(shot.times_s[first])


def _stretch(shot: Shot, first: int, last: int, reason: str | None) -> Stretch:
    detail = f"{shot.faces} faces, the one that was followed" if shot.faces > 1 else ""
    if shot.track is None:
        detail = shot.trouble
    elif reason == "face small":
        detail = f"{np.nanmedian(shot.height_t[first:last]):.0f} pixels high, {HEIGHT_MIN_PX:.0f} are needed"
    elif reason == "face turned":
        most = np.abs(shot.track.motion.rotation_t3[first:last, :2]).max()
        detail = f"up to {most:.0f} degrees, {TURNED_DEG:.0f} at most"
    return Stretch(first, last, float(shot.times_s[first]), _end_s(shot, last), reason, detail)
