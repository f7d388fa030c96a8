"""When visible lips say a text: its phonemes are laid out in time by dynamic programming.

The articulatory model tells what the lips should look like: it performs the text at its predicted timing, and each phoneme is cut
into states of 80 ms or less with a mean lip shape. `articulate` lets lips move before the sound, as people's do, so a state shows
what is seen *while* its phoneme is heard. States follow each other without gaps. The cost of a state is how far it is from its
predicted duration and from the lips. Between words there may be pauses, in which the lips rest. Before a phrase the lips may get
ready: they part and move 0.1 to 0.3 s before the voice begins (Chandrasekaran et al. 2009), unlike any phoneme.

Shapes: T frames, G steps of the grid, S states, 6 lip points, 3 = x, y, z in cm from the person at rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from jamflow.face.articulation import articulate
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.text.phonemes import PUNCTUATION, SILENCE

Phones = list[tuple[str, float, float]]

GRID_HZ = 50.0
STILL = 0.35  # below this value of `moving`, lips rest: synthetic lips then speak for 0.9 to 1.15 of their phonemes' time
_TEMPLATE_HZ = 100.0
_STATE_S = 0.08  # longer phonemes are several states
PAUSES = frozenset(SILENCE + PUNCTUATION)
_BAND_S = 12.0  # how far a state is searched around the place that the lips' activity alone suggests
_FASTEST, _SLOWEST = 0.35, 3.0  # of a state's predicted duration
_INFINITE = 1e9


@dataclass(frozen=True)
class Weights:
    """What deviations cost.

    The values were found on synthetic lips of the training voices, with a tracker's noise and with twice as much motion that no
    phoneme explains as there is speech (docs/decisions.md). Half or twice of any value changes little.
    """

    opening: float = 1.0
    width: float = 0.5
    duration: float = 4.0  # of the squared logarithm of a state's rate
    pause: float = 4.0  # a pause between two words without a punctuation mark
    ready: float = 0.2  # a step of getting ready to speak: more than rest, less than moving rest or a wrong phoneme
    still: float = 0.12  # a step of rest while the lips move, or of speech while they do not
    parted: float = 0.5  # factor of the opening's cost where lips rest: people breathe and listen with open mouths
    robust: float = 4.0  # squared deviations saturate here


@dataclass(frozen=True)
class Shape:
    """The lips on the grid: (G,) opening and half width in units of the person's own (`_unit`); activity in [0, 1], 0 at rest."""

    opening_g: np.ndarray
    width_g: np.ndarray
    activity_g: np.ndarray


def moving(mouth_t63: np.ndarray, fps: float) -> np.ndarray:
    """(T,) in [0, 1]: how much the lips move around each frame, relative to how much they move in speech."""
    measures = np.stack([lip_opening_cm(mouth_t63), 0.5 * _half_width(mouth_t63)])
    reach = max(1, round(0.12 * fps))
    padded = np.pad(measures, ((0, 0), (reach, reach)), mode="edge")
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=1)
    swing = near.std(axis=-1).sum(0)
    # Even resting lips move by the tracker's noise; the quietest frames tell how much.
    low, high = np.quantile(swing, [0.05, 0.9])
    low = min(low, 0.3 * high)
    return np.clip((swing - low) / max(0.5 * (high - low), 0.01), 0, 1)


def moving_s(mouth_t63: np.ndarray, fps: float) -> float:
    """How long the lips speak, in seconds: rests of a third of a second or more do not count."""
    still = moving(mouth_t63, fps) < STILL
    edges = np.flatnonzero(np.diff(np.r_[False, still, False]))
    rests = [end - start for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return (len(still) - sum(n for n in rests if n >= fps / 3)) / fps


def kept(spoken: Sequence[tuple[str, float]], keep_s: float) -> tuple[list[tuple[str, float]], str]:
    """The first words of a text that take at most `keep_s` to say, and a sentence for the user about the others.

    The text ends with a whole sentence if that leaves at least half of `keep_s`.

    Args:
        spoken: (symbol, seconds) of the text.
    """
    ends = np.cumsum([0.0 if symbol == SILENCE else seconds for symbol, seconds in spoken])
    words = [i for i, (symbol, _) in enumerate(spoken) if i and (symbol == " " or symbol == SILENCE)]
    fit = [i for i in words if ends[i - 1] <= keep_s]
    whole = [i for i in fit if spoken[i][0] == SILENCE and ends[i - 1] >= keep_s / 2]
    end = (whole or fit or words[:1] or [len(spoken)])[-1]
    return list(spoken[:end]), f"The last {sum(i > end for i in words) + 1} of the text's {len(words) + 1} words are left out."


def lip_times(symbols: Sequence[str], seconds: Sequence[float], mouth_t63: np.ndarray, fps: float, length_s: float) -> Phones:
    """Phonemes to (symbol, start s, end s) that cover 0 to `length_s` without gaps.

    Args:
        symbols: of one text; it begins and ends with silence.
        seconds: how long each is expected to last, at the rate that fits.
        mouth_t63: lips of the video from second 0 on, relative to the person at rest.
    """
    states = _states(symbols, seconds)
    count = max(round(length_s * GRID_HZ), len(states) + 1)
    step_s = length_s / count
    seen = _shape(mouth_t63, fps, (np.arange(count) + 0.5) * step_s)
    bounds = _best_path(states, seen, step_s, Weights())
    phones: Phones = []
    for state, start, end in zip(states, bounds[:-1], bounds[1:], strict=True):
        if end == start:
            continue
        symbol = symbols[state.symbol] if state.symbol >= 0 else SILENCE
        if phones and state.part > 0:
            symbol, start_s, _ = phones.pop()
        else:
            start_s = start * step_s
        phones.append((symbol, float(start_s), float(end * step_s)))
    return phones


@dataclass(frozen=True)
class _State:
    """Part `part` of symbol number `symbol` (-1: nobody wrote it); its lip shape.

    What is not a sound lasts as long as it likes; what nobody wrote may be left out.
    """

    symbol: int
    part: int
    seconds: float
    opening: float
    width: float
    kind: Literal["sound", "rest", "ready"] = "sound"


def _states(symbols: Sequence[str], seconds: Sequence[float]) -> list[_State]:
    ends = np.cumsum(seconds)
    starts = np.r_[0.0, ends[:-1]]
    performed = articulate(list(zip(symbols, starts, ends, strict=True)), float(ends[-1]) + 0.1, _TEMPLATE_HZ)
    speaking = np.ones(len(performed), bool)
    for symbol, start, end in zip(symbols, starts, ends, strict=True):
        if symbol in PAUSES:
            speaking[int(start * _TEMPLATE_HZ) : int(end * _TEMPLATE_HZ)] = False
    opening, width = _unit(lip_opening_cm(performed), _half_width(performed), speaking)
    states: list[_State] = []
    for i, symbol in enumerate(symbols):
        if symbol in PAUSES:
            states.append(_State(i, 0, seconds[i], 0.0, 0.0, "rest"))
            if i + 1 < len(symbols):
                states.append(_State(-1, 0, 0.0, 0.0, 0.0, "ready"))
            continue
        parts = max(1, round(seconds[i] / _STATE_S))
        edges = np.linspace(starts[i], ends[i], parts + 1)
        for part, (a, b) in enumerate(pairwise(edges)):
            at = slice(int(a * _TEMPLATE_HZ), max(int(a * _TEMPLATE_HZ) + 1, round(b * _TEMPLATE_HZ)))
            states.append(_State(i, part, b - a, float(opening[at].mean()), float(width[at].mean())))
        if symbol == " " and symbols[i - 1] not in PAUSES:
            states.append(_State(-1, 0, 0.0, 0.0, 0.0, "rest"))
    return states


def _shape(mouth_t63: np.ndarray, fps: float, times_s: np.ndarray) -> Shape:
    active = moving(mouth_t63, fps)
    opening, width = _unit(lip_opening_cm(mouth_t63), _half_width(mouth_t63), active > STILL)
    have = np.arange(len(mouth_t63)) / fps
    return Shape(*(np.interp(times_s, have, x) for x in (opening, width, active)))


def _half_width(mouth_t63: np.ndarray) -> np.ndarray:
    return (mouth_t63[:, 1, 0] - mouth_t63[:, 0, 0]) / 2


def _unit(opening: np.ndarray, width: np.ndarray, speaking: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Opening (0 is shut, 1 wide open) and width (from its median) in the person's own units, whatever the tracker's scale."""
    if not speaking.any():
        speaking = np.ones(len(opening), bool)
    shut, wide = np.quantile(opening[speaking], [0.05, 0.9])
    shut = min(shut, 0.05) if shut < 0.3 * wide else 0.0
    opening = np.clip((opening - shut) / max(wide - shut, 0.05), -0.2, 2.0)
    middle = np.median(width[speaking])
    spread = np.std(width[speaking])
    return opening, np.clip((width - middle) / max(2 * spread, 0.05), -2, 2)


def _best_path(states: list[_State], seen: Shape, step_s: float, weights: Weights) -> np.ndarray:
    """(S + 1,) steps of the grid between which each state lasts."""
    count = len(seen.opening_g)
    done = np.full(count + 1, _INFINITE)  # cost of having finished the state before at each step
    done[0] = 0.0
    came: list[tuple[int, np.ndarray]] = []  # first step of a state's band, and where its state began for each end in it
    for (low, high), state in zip(_band(states, seen, step_s), states, strict=True):
        steps = slice(low, high + 1)
        off = _off(state, seen, low, high, weights)
        cost = np.r_[0.0, np.cumsum(off)] * (step_s * GRID_HZ)
        before = done[steps] - cost
        best, start = np.full(len(before), _INFINITE), np.zeros(len(before), np.int32)
        if state.kind != "sound":
            # As long as it likes: the cheapest beginning so far.
            here = np.arange(len(before), dtype=np.int32)
            least = np.minimum.accumulate(before)
            start = np.maximum.accumulate(np.where(before <= least, here, 0)).astype(np.int32)
            unwritten = state.symbol < 0
            entry = weights.pause if unwritten and state.kind == "rest" else 0.0
            best = before[start] + cost + np.where(start < here, entry, 0.0)
            if unwritten:
                skip = done[steps] < best
                best, start = np.where(skip, done[steps], best), np.where(skip, here, start)
        else:
            expected = state.seconds / step_s
            for k in range(max(1, int(expected * _FASTEST)), max(2, int(np.ceil(expected * _SLOWEST))) + 1):
                if k >= len(before):
                    break
                rate_cost = weights.duration * max(expected, 1.0) ** 0.5 * np.log(k / max(expected, 0.5)) ** 2
                found = before[:-k] + cost[k:] + rate_cost
                better = found < best[k:]
                best[k:][better] = found[better]
                start[k:][better] = np.flatnonzero(better)
        done = np.full(count + 1, _INFINITE)
        done[steps] = best
        came.append((low, start + low))
    bounds = [count]
    for low, start in reversed(came):
        bounds.append(int(start[min(max(bounds[-1] - low, 0), len(start) - 1)]))
    return np.array(bounds[::-1])


def _off(state: _State, seen: Shape, low: int, high: int, weights: Weights) -> np.ndarray:
    """(high - low,) what each step of the grid costs in this state."""
    if state.kind == "ready":
        return np.full(high - low, weights.ready)
    off = weights.opening * (seen.opening_g - state.opening)[low:high] ** 2
    active = seen.activity_g[low:high]
    if state.kind == "rest":
        off, unlike = weights.parted * off, active
    else:
        off, unlike = off + weights.width * (seen.width_g - state.width)[low:high] ** 2, 1 - active
    return off / (1 + off / weights.robust) + weights.still * unlike


def _band(states: list[_State], seen: Shape, step_s: float) -> list[tuple[int, int]]:
    """(first, last) step of the grid between which each state is searched: where text and lips' activity are equally far."""
    count = len(seen.activity_g)
    said = np.cumsum([state.seconds if state.kind == "sound" else 0.0 for state in states])
    moved = np.cumsum(seen.activity_g + 1e-3)
    at = np.searchsorted(moved / moved[-1], said / max(said[-1], 1e-9) - 1e-9)
    reach = int(_BAND_S / step_s)
    return [(max(0, int(x) - reach), min(count, int(x) + reach)) for x in at]
