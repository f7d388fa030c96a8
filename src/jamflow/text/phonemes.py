"""From English text to phoneme symbols, which `mini` reads.

Symbols are misaki's (the ones Kokoro and hibari were trained on): one character per phoneme, with the
stress mark joined to its vowel ("ˈO"), a space between words, punctuation for pauses, "_" for silence.
"""

import re
import unicodedata
from collections.abc import Callable

import numpy as np

from jamflow.errors import UserError
from jamflow.text.english.reading import read as read_english
from jamflow.text.markup import paragraphs, plain
from jamflow.text.sentences import Reading, spoken

SILENCE = "_"
STRESS = "ˈˌ"
PUNCTUATION = ';:,.!?—…"()“”'
VOWELS = "AIOQWYaiuæɑɐɒɔəɛɜɪʊʌᵊᵻ"
CONSONANTS = "Tbdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθʔʍ"  # T is the flap of "water"


def symbols() -> tuple[str, ...]:
    """All symbols in a fixed order; the index is the token the model sees (never reorder)."""
    stressed = tuple(s + v for s in STRESS for v in VOWELS)
    return (SILENCE, " ", *PUNCTUATION, *VOWELS, *CONSONANTS, *stressed)


def split_symbols(phonemes: str) -> list[str]:
    """Cut a phoneme string into symbols. A stress mark joins the next vowel, also if a consonant is between them.

    Characters that are not symbols are dropped.
    """
    known = set(symbols())
    out: list[str] = []
    stress = ""
    for char in phonemes:
        if char in STRESS:
            stress = char
            continue
        if stress and char in VOWELS:
            char, stress = stress + char, ""
        if char in known:
            out.append(char)
    return out


def tokens_in_time(phones: list[tuple[str, float, float]], n: int, token_rate_hz: float) -> np.ndarray:
    """(n,) the token of the phoneme at the middle of each of `n` audio tokens; silence after the last phoneme."""
    index = {s: i for i, s in enumerate(symbols())}
    ends = np.array([end for _, _, end in phones])
    ids = np.array([index[s] for s, _, _ in phones] + [0])
    middle_s = (np.arange(n) + 0.5) / token_rate_hz
    return ids[np.searchsorted(ends, middle_s, side="right")]


_INDEX = {symbol: i for i, symbol in enumerate(symbols())}


class Phonemizer:
    """How a language is read: text to words, words to symbols. Another language says how its sentences sound (`__call__`)."""

    def check(self, text: str) -> None:
        """Raises UserError for letters that cannot be read."""

    def read(self, text: str) -> list[Reading]:
        """The words of a text in order, each with what is said for it."""
        return _in_paragraphs(text, lambda paragraph: [Reading(word, word) for word in paragraph.split()])

    def __call__(self, sentence: str) -> list[str]:
        """Symbols of one sentence.

        Raises:
            UserError: the text has nothing that can be spoken, or letters that cannot be read.
        """
        raise NotImplementedError

    def tokens(self, phones: list[str]) -> list[int]:
        """Indices of symbols, as the model reads them."""
        return [_INDEX[p] for p in phones]


class EnglishPhonemizer(Phonemizer):
    """English by hibari's grapheme-to-phoneme rules (US or British, offline)."""

    def __init__(self, british: bool = False) -> None:
        from hibari.g2p import G2P  # loads its lexicon: half a second

        self._g2p = G2P(british=british)

    def check(self, text: str) -> None:
        check_script(text)

    def read(self, text: str) -> list[Reading]:
        return _in_paragraphs(text, read_english)

    def __call__(self, sentence: str) -> list[str]:
        said = spoken(self.read(sentence))  # of words that are said already, the same
        self.check(said)
        apart = re.sub(
            r"((?:\b[A-Z]\.)+[A-Z])(?=\.(?!\w))", r"\1 ", said
        )  # the dot behind U.S is a pause, not a part of the word
        # Our own reading of numbers and abbreviations: hibari's takes "no." at the end of a sentence for "number".
        phonemes = self._g2p(apart, normalize_text=False)
        out = split_symbols(re.sub(r" +(?=[ .,;:!?…])", "", phonemes))
        if not any(s[-1] in VOWELS or s in CONSONANTS for s in out):
            raise UserError(f"There is nothing to say in {_shorten(sentence)!r}.", "Give it at least one word or number.")
        return out


def check_script(text: str) -> None:
    """Refuse letters that `mini` never learned to speak.

    Raises:
        UserError: a letter that is not Latin.
    """
    for char in text:
        if char.isalpha() and not unicodedata.name(char, "").startswith(("LATIN", "FULLWIDTH LATIN")):
            script = unicodedata.name(char, "UNKNOWN").split()[0].capitalize()
            raise UserError(
                f"The text has {script} letters ({char!r}), and mini speaks English only.",
                "Write it in English, in Latin letters.",
            )


def _in_paragraphs(text: str, read: Callable[[str], list[Reading]]) -> list[Reading]:
    """The words of all paragraphs. A paragraph ends as a sentence does."""
    out: list[Reading] = []
    for paragraph in paragraphs(plain(text)):
        words = read(paragraph)
        end = next((at for at in range(len(words) - 1, -1, -1) if words[at].spoken), None)
        if end is not None:
            said = words[end].spoken
            words[end] = Reading(words[end].written, said, last=True)
        out += words
    return out


def _shorten(text: str, n: int = 40) -> str:
    text = " ".join(text.split())
    return text if len(text) <= n else text[: n - 1] + "…"
