"""When words and phonemes are said in a clip.

Word times come from the source (GRID), or from an aligner. Within a word that the source has timed, phonemes share its time as
the duration predictor expects.

Shapes: F mel frames, M mel bands.
"""

from collections.abc import Callable, Sequence

import numpy as np

from jamflow.data.corpus import Span
from jamflow.errors import UserError
from jamflow.text.frontend import TextFrontend
from jamflow.text.phonemes import PUNCTUATION, SILENCE
from jamflow.text.words import TimedWord, Word, is_sound, sequence, spoken_words

Align = Callable[[Sequence[Word], np.ndarray], list[TimedWord]]
"""Words and the (F, M) log mel of a recording at the model's level, which says exactly these, to the words with their times."""

PAUSE_S = 0.12  # a longer gap between two words is a silence
_SPACE_S, _SPACE_SHARE, _SPACE_MOST_S = 0.02, 0.3, 0.025  # of a space after a pause; what a space takes of a word without one
_CUT_S = 0.02  # a word may reach so far over the end of a stretch


def placed(words: Sequence[Span], frontend: TextFrontend) -> list[TimedWord]:
    """Words whose times are known, with their phonemes.

    Raises:
        UserError: a word cannot be spoken.
    """
    spoken = spoken_words(" ".join(word for word, _, _ in words), frontend.phonemizer)
    if len(spoken) != len(words):  # a word without letters, or several in one
        spoken = [_alone(word, frontend) for word, _, _ in words]
    symbols, spans = sequence(spoken)
    seconds = frontend.seconds(symbols).double().numpy()
    out = []
    for (text, start_s, end_s), (first, last) in zip(words, spans, strict=True):
        own = [k for k in range(first, last) if is_sound(symbols[k])]
        ends = np.cumsum(seconds[own]) / seconds[own].sum() * (end_s - start_s) + start_s
        edges = [start_s, *ends.tolist()]
        phones = tuple((symbols[k], edges[i], edges[i + 1]) for i, k in enumerate(own))
        out.append(TimedWord(text, start_s, end_s, phones))
    return out


def as_words(words: Sequence[Word], phones: Sequence[Span]) -> list[TimedWord]:
    """The words whose sounds, and punctuation behind them, are in `phones`: all of them and in order, between pauses."""
    out: list[TimedWord] = []
    own: list[Span] = []
    waiting = iter(words)
    word, missing = None, 0
    for phone in phones:
        if is_sound(phone[0]):
            if not missing:
                if word is not None:
                    out.append(_timed(word, own))
                word, own = next(waiting), []
                missing = sum(map(is_sound, word.symbols))
            own.append(phone)
            missing -= 1
        elif word is not None and not missing and phone[0] in PUNCTUATION:
            own.append(phone)
    return [*out, _timed(word, own)] if word is not None else out


def _timed(word: Word, phones: Sequence[Span]) -> TimedWord:
    heard = [phone for phone in phones if is_sound(phone[0])]
    return TimedWord(word.text, heard[0][1], heard[-1][2], tuple(phones))


def within(words: Sequence[TimedWord], start_s: float, end_s: float) -> tuple[list[TimedWord], float, float]:
    """The words that are said in a stretch as a whole, and the stretch without parts of others.

    Returns:
        The words in the time of the clip; start and end of the stretch, in seconds of the clip.
    """
    whole = [w for w in words if w.start_s >= start_s - _CUT_S and w.end_s <= end_s + _CUT_S]
    for word in words:
        if word.start_s < start_s - _CUT_S < word.end_s:
            start_s = word.end_s
        if word.start_s < end_s + _CUT_S < word.end_s:
            end_s = word.start_s
    return whole, start_s, max(start_s, end_s)


def phones_of(words: Sequence[TimedWord], length_s: float) -> list[Span]:
    """Phones from 0 to `length_s` without gaps: those of the words, and spaces or silences between them.

    Args:
        words: in order, in seconds of the stretch; at least one.
    """
    out: list[Span] = []
    at_s = 0.0
    for word in words:
        phones = list(word.phones)
        start_s = max(at_s, phones[0][1])
        if not out:
            out += [(SILENCE, 0.0, start_s)] if start_s > 0 else []
        elif start_s - at_s >= PAUSE_S:
            out += [(SILENCE, at_s, start_s - _SPACE_S), (" ", start_s - _SPACE_S, start_s)]
        else:
            symbol, last_start_s, _ = out.pop()
            left_s = min(_SPACE_SHARE * (at_s - last_start_s), _SPACE_MOST_S) if start_s - at_s < _SPACE_S else 0.0
            out += [(symbol, last_start_s, at_s - left_s), (" ", at_s - left_s, start_s)]
        for symbol, _, end_s in phones:
            end_s = min(max(end_s, start_s), length_s)
            out.append((symbol, start_s, end_s))
            start_s = end_s
        at_s = start_s
    if at_s < length_s:
        out.append((SILENCE, at_s, length_s))
    return [(symbol, round(a, 4), round(b, 4)) for symbol, a, b in out if round(b, 4) > round(a, 4)]


def _alone(text: str, frontend: TextFrontend) -> Word:
    parts = spoken_words(text, frontend.phonemizer)
    if not parts:
        raise UserError(f"There is nothing to say in {text!r}.", "Give it at least one letter.")
    return Word(text, tuple(s for part in parts for s in part.symbols), False)
