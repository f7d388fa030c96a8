"""What is said when in an edited recording, and how the rest of it moves in time.

All times are seconds. *Old* times are those of the recording, *new* times those of the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from jamflow.text.frontend import TextFrontend
from jamflow.text.phonemes import SILENCE, tokens_in_time
from jamflow.text.words import TimedWord, Word, is_sound, sequence

Phones = list[tuple[str, float, float]]

_PAUSE_S = 0.2  # a longer gap between words is a silence
_RATES = (0.6, 1.6)  # how much longer or shorter than predicted people's sounds last; beyond that, the alignment is wrong


@dataclass(frozen=True)
class EditTimeline:
    """The old seconds from `start_s` to `end_s` are replaced by `new_s` seconds. What comes before stays, what follows moves.

    Attributes:
        phones: (symbol, start s, end s) of what is said, in new times.
        words: the words, each with the new time of its middle.
        known: whether the words around the span are known, too.
    """

    start_s: Fraction
    end_s: Fraction
    new_s: Fraction
    phones: Phones
    words: list[tuple[str, float]]
    known: bool

    @property
    def shift_s(self) -> Fraction:
        return self.new_s - (self.end_s - self.start_s)

    def timed(self, from_s: Fraction, tokens: int, rate_hz: float) -> Tensor:
        """(tokens,) phoneme tokens from a new time on, one for each audio token; -1 where it is not known what is said."""
        moved = [(s, a - float(from_s), b - float(from_s)) for s, a, b in self.phones]
        text_n = torch.from_numpy(tokens_in_time([phone for phone in moved if phone[2] > 0], tokens, rate_hz))
        if not self.known:
            first, last = (float(s - from_s) * rate_hz for s in (self.start_s, self.start_s + self.new_s))
            at = torch.arange(tokens) + 0.5
            text_n[(at < first) | (at > last)] = -1
        return text_n

    def spelled(self, from_s: Fraction, to_s: Fraction) -> str:
        """The words whose middle lies between two new times."""
        return " ".join(word for word, middle_s in self.words if from_s <= middle_s < to_s)


def edit_timeline(
    words: Sequence[TimedWord],
    first: int,
    last: int,
    new: Sequence[Word],
    text: TextFrontend,
    unit_s: Fraction,
    span_s: tuple[float, float] | None = None,
) -> EditTimeline:
    """Replace the words from `first` to `last` (exclusive).

    Args:
        words: what is said, with times; empty if it is not known.
        new: what is to be said: the words before, the new ones, the words after.
        text: predicts how long the new words take.
        unit_s: what follows moves by a multiple of this.
        span_s: the old times that are replaced; None takes them from the words.
    """
    start_s, end_s, gap_s = (*span_s, 0.0) if span_s else _place(words, first, last)
    count = len(new) - (len(words) - (last - first))
    symbols, spans = sequence(new)
    seconds = text.seconds(symbols).numpy() * _rate(words, text)
    fresh = _fresh(symbols, seconds, spans, first, first + count, gap_s if first == last else 0.0)
    wanted_s = sum(s for _, s in fresh) - (end_s - start_s)
    shift_s = round(Fraction(wanted_s) / unit_s) * unit_s
    shift_s = max(shift_s, -(Fraction(end_s - start_s) // unit_s) * unit_s)  # at most the whole span can be taken out
    stretch = (end_s - start_s + float(shift_s)) / max(sum(s for _, s in fresh), 1e-3)
    phones = _timed(words[:first], 0.0)
    if words:
        phones.insert(0, (SILENCE, 0.0, phones[0][1] if phones else start_s))
    if phones and start_s > phones[-1][2]:
        phones.append((_gap(start_s - phones[-1][2]), phones[-1][2], start_s))
    now = start_s
    for symbol, s in fresh:
        phones.append((symbol, now, now + s * stretch))
        now = phones[-1][2]
    after = _timed(words[last:], float(shift_s))
    if after and after[0][1] > now:
        phones.append((_gap(after[0][1] - now), now, after[0][1]))
    old = Fraction(start_s), Fraction(end_s)
    new_s = old[1] - old[0] + shift_s
    said = [(w.text, (w.start_s + w.end_s) / 2) for w in words[:first]]
    said += [(w.text, start_s + float(new_s) / 2) for w in new[first : first + count]]
    said += [(w.text, (w.start_s + w.end_s) / 2 + float(shift_s)) for w in words[last:]]
    return EditTimeline(*old, new_s, phones + after, said, bool(words))


def _place(words: Sequence[TimedWord], first: int, last: int) -> tuple[float, float, float]:
    """Start and end of the old words, and 0. Without old words: end and start of the words around, and the gap between them."""
    if last > first:
        return words[first].start_s, words[last - 1].end_s, 0.0
    before = words[first - 1].end_s if first else words[0].start_s
    after = words[first].start_s if first < len(words) else words[-1].end_s
    return before, after, after - before


def _fresh(
    symbols: list[str], seconds: np.ndarray, spans: list[tuple[int, int]], first: int, last: int, gap_s: float
) -> list[tuple[str, float]]:
    """(symbol, seconds) of the new words. If they go into a gap, there is a space before them, and the gap after."""
    if first == last:
        return []
    a, b = spans[first][0], spans[last - 1][1]
    while not is_sound(symbols[b - 1]):
        b -= 1  # the pause after the last word is the recording's
    out = [(symbols[i], float(seconds[i])) for i in range(a, b)]
    if gap_s > 0:
        space = [(" ", float(seconds[a - 1]))] if first else []
        out = [*space, *out, (_gap(gap_s), gap_s)]
    return out


def _rate(words: Sequence[TimedWord], text: TextFrontend) -> float:
    """How much longer this person's sounds last than predicted."""
    heard = expected = 0.0
    for word in words:
        symbols = [s for s, _, _ in word.phones]
        if symbols:
            heard += word.end_s - word.start_s
    symbols, spans = sequence([Word(w.text, tuple(s for s, _, _ in w.phones), False) for w in words if w.phones])
    seconds = text.seconds(symbols).tolist()
    for a, b in spans:
        sounds = [i for i in range(a, b) if is_sound(symbols[i])]
        expected += sum(seconds[a : sounds[-1] + 1]) if sounds else 0.0
    return float(np.clip(heard / expected, *_RATES)) if expected else 1.0


def _timed(words: Sequence[TimedWord], shift_s: float) -> Phones:
    out: Phones = []
    for word in words:
        heard = [p for p in word.phones if p[1] < word.end_s]
        if out and heard and word.start_s + shift_s > out[-1][2]:
            out.append((_gap(word.start_s + shift_s - out[-1][2]), out[-1][2], word.start_s + shift_s))
        out += [(s, a + shift_s, b + shift_s) for s, a, b in heard]
    return out


def _gap(seconds: float) -> str:
    return SILENCE if seconds > _PAUSE_S else " "
