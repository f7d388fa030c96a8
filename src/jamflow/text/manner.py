"""How a voice times what it says: a few numbers that can be measured on any speech whose phonemes are known in time.

For each kind of symbol, a manner has the logarithm of how much longer the voice makes it than voices do on average. Zeros are an
average voice; a voice that does everything 10 % faster has -0.1 everywhere.

Shapes: N symbols, K kinds, V symbols that exist.
"""

import numpy as np

from jamflow.text.phonemes import CONSONANTS, PUNCTUATION, STRESS, VOWELS, symbols

_LONG_PAUSES, _LONG_CONSONANTS = ".!?…", "fszʃʒθlmnŋɹ"
KINDS = ("space", "short pause", "long pause", "stressed vowel", "other vowel", "long consonant", "short consonant")
_DOUBT = 4.0  # a kind that is heard n times counts n / (n + 4): few symbols say little about a voice


def kinds_of_symbols() -> np.ndarray:
    """(V,) the kind of every symbol, an index of `KINDS`. Silence, which depends on how a recording was cut, has none: -1."""

    def kind(symbol: str) -> str | None:
        if symbol == " ":
            return "space"
        if symbol in PUNCTUATION:
            return "long pause" if symbol in _LONG_PAUSES else "short pause"
        if symbol[0] in STRESS:
            return "stressed vowel"
        if symbol in VOWELS:
            return "other vowel"
        if symbol in CONSONANTS:
            return "long consonant" if symbol in _LONG_CONSONANTS else "short consonant"
        return None

    return np.array([-1 if (name := kind(symbol)) is None else KINDS.index(name) for symbol in symbols()])


def measured(tokens_n: np.ndarray, seconds_n: np.ndarray, usual_s_v: np.ndarray) -> np.ndarray:
    """(K,) the manner of a voice, from symbols and how long they last.

    Args:
        tokens_n: (N,) indices of symbols, of one or more utterances.
        seconds_n: (N,) how long each lasts.
        usual_s_v: (V,) how long each symbol lasts on average over voices.
    """
    kinds_n = kinds_of_symbols()[tokens_n]
    heard = kinds_n >= 0

    def total(x_n: np.ndarray) -> np.ndarray:
        return np.bincount(kinds_n[heard], x_n[heard], minlength=len(KINDS))

    count, spent, usual = total(np.ones(len(tokens_n))), total(seconds_n), total(usual_s_v[tokens_n])
    doubt = _DOUBT * usual / np.maximum(count, 1)
    return np.where(count > 0, np.log((spent + doubt + 1e-9) / (usual + doubt + 1e-9)), 0.0).astype(np.float32)
