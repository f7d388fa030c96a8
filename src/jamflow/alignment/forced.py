"""Places a known sequence of phonemes in a recording: the most probable path through what the recogniser hears (Viterbi).

Shapes: F mel frames, S sounds, N states.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from jamflow.alignment.recogniser import sound_of
from jamflow.text.phonemes import PUNCTUATION, SILENCE

Phones = list[tuple[str, float, float]]
Window = tuple[float, float]

_LEAST_FRAMES = 2  # of a sound; shorter ones are noise of the recogniser
_SPACE_SHARE, _SPACE_MOST_S = 0.3, 0.025  # what a space between words takes of each neighbour, as in the corpus
_OUTSIDE = 1.0  # nats a frame for a sound outside of its window
_PAUSES = frozenset(PUNCTUATION + SILENCE)


def align(
    symbols: Sequence[str], log_probabilities_fs: np.ndarray, rate_hz: float, windows: Sequence[Window | None] | None = None
) -> tuple[Phones, float]:
    """When each symbol is said.

    Args:
        symbols: phonemes, spaces and punctuation, as the text frontend gives them.
        log_probabilities_fs: (F, S) of the recogniser.
        rate_hz: frames a second.
        windows: for each symbol the seconds in which it should lie, if that is known.

    Returns:
        (symbol, start s, end s) without gaps, from 0 to the end of the recording, silence included; and the mean log probability
        of the sounds that are said (0 is certain, under -3 the recording says something else).

    Raises:
        ValueError: there is no sound among the symbols, or the recording is too short for them.
    """
    sounds, owner = _states(symbols)
    optional = np.array([o < 0 or symbols[o] == " " or symbols[o] in _PAUSES for o in owner])
    if optional.all():
        raise ValueError("nothing is said")
    scores = log_probabilities_fs[:, sounds].astype(np.float64)
    if windows is not None:
        middle_s = (np.arange(len(scores)) + 0.5) / rate_hz
        for n, o in enumerate(owner):
            window = windows[o] if o >= 0 else None
            if window is not None:
                scores[:, n] -= _OUTSIDE * ((middle_s < window[0]) | (middle_s > window[1]))
    path = _viterbi(scores, owner, optional)
    spoken = ~optional[path]
    return _phones(symbols, owner[path], rate_hz), float(scores[np.arange(len(path)), path][spoken].mean())


def _states(symbols: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(N,) sound of every state and (N,) the symbol it belongs to; -1 is the silence before and after everything.

    A pause or a space is one state that may be skipped; a sound is `_LEAST_FRAMES` states in a row.
    """
    sounds, owner = [0], [-1]
    for i, symbol in enumerate(symbols):
        sound = sound_of(symbol)
        times = _LEAST_FRAMES if sound else 1
        sounds += [sound or 0] * times
        owner += [i] * times
    return np.array([*sounds, 0]), np.array([*owner, -1])


def _viterbi(scores_fn: np.ndarray, owner: np.ndarray, optional: np.ndarray) -> np.ndarray:
    """(F,) the best state of every frame. Steps: stay, next, and over optional states."""
    frames, n = scores_fn.shape
    jumps = np.full(n, 1)
    for k in range(1, n):  # how far back the nearest state lies that must not be skipped
        jumps[k] = 1 if not optional[k - 1] else jumps[k - 1] + 1
    best = np.full(n, -np.inf)
    start = [0, *[k for k in range(1, n) if optional[:k].all()]]
    best[start] = scores_fn[0, start]
    came = np.zeros((frames, n), np.int32)
    stay = np.arange(n)
    lasts = np.r_[owner[1:] != owner[:-1], True]  # states that one may stay in: the last of each symbol
    reach = int(jumps.max())
    for f in range(1, frames):
        ways = [np.where(lasts, best, -np.inf)]
        for step in range(1, reach + 1):
            moved = np.full(n, -np.inf)
            allowed = jumps >= step
            moved[step:] = best[:-step]
            ways.append(np.where(allowed, moved, -np.inf))
        table = np.stack(ways)
        choice = table.argmax(0)
        came[f] = stay - choice
        best = table[choice, stay] + scores_fn[f]
    ends = [n - 1, *[k for k in range(n - 2, -1, -1) if optional[k + 1 :].all()]]
    state = max(ends, key=lambda k: best[k])
    if not np.isfinite(best[state]):
        raise ValueError("the recording is too short for its text")
    path = np.empty(frames, np.int32)
    for f in range(frames - 1, -1, -1):
        path[f] = state
        state = came[f, state]
    return path


def _phones(symbols: Sequence[str], owner_f: np.ndarray, rate_hz: float) -> Phones:
    """Spans of the symbols. A space or a mark without time of its own takes a little of its neighbours."""
    edges = np.flatnonzero(np.r_[True, owner_f[1:] != owner_f[:-1], True]).tolist()
    spans = {int(owner_f[a]): (a / rate_hz, b / rate_hz) for a, b in pairwise(edges) if owner_f[a] >= 0}
    total = len(owner_f) / rate_hz
    said = sorted(spans)
    out: Phones = []
    end = spans[said[0]][0] if said else 0.0
    if end > 0:
        out.append((SILENCE, 0.0, end))
    waiting: list[str] = []
    for i, symbol in enumerate(symbols):
        if i not in spans:
            waiting.append(symbol)
            continue
        start, stop = spans[i]
        if waiting:
            start = _squeeze(out, waiting, start, stop)
            waiting = []
        if symbol == " ":  # a pause between words is a silence; the space is its edge
            width = min(0.5 * (stop - start), 2 * _SPACE_MOST_S)
            out += [(" ", start, start + width), (SILENCE, start + width, stop)]
        else:
            out.append((symbol, start, stop))
        end = stop
    if waiting and total > end:
        out.append((waiting[0], end, total))
    elif total > end:
        out.append((SILENCE, end, total))
    rounded = [(symbol, round(a, 4), round(b, 4)) for symbol, a, b in out]
    return [p for p in rounded if p[2] > p[1]]


def _squeeze(out: Phones, marks: list[str], start: float, stop: float) -> float:
    """Put marks between the last phone of `out` and the one from `start` to `stop`; returns the new start of that one."""
    if not out:
        return start
    symbol, a, b = out[-1]
    left = min(_SPACE_SHARE * (b - a), _SPACE_MOST_S)
    right = min(_SPACE_SHARE * (stop - start), _SPACE_MOST_S)
    out[-1] = (symbol, a, b - left)
    each = (left + right) / len(marks)
    for k, mark in enumerate(marks):
        out.append((mark, b - left + k * each, b - left + (k + 1) * each))
    return start + right
