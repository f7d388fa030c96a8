"""From English text to phoneme symbols, which `mini` reads.

Symbols are misaki's (the ones Kokoro and hibari were trained on): one character per phoneme, with the
stress mark joined to its vowel ("ˈO"), a space between words, punctuation for pauses, "_" for silence.
"""

import re
import unicodedata

import numpy as np

from jamflow.errors import UserError

SILENCE = "_"
STRESS = "ˈˌ"
PUNCTUATION = ';:,.!?—…"()“”'
VOWELS = "AIOQWYaiuæɑɐɒɔəɛɜɪʊʌᵊᵻ"
CONSONANTS = "Tbdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθʔʍ"  # T is the flap of "water"
LONGEST_SENTENCE = 180  # characters that are spoken at once


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


class Phonemizer:
    """Sentences to symbols, by hibari's grapheme-to-phoneme rules (US or British English, offline)."""

    def __init__(self, british: bool = False) -> None:
        from hibari.g2p import G2P  # loads its lexicon: half a second

        self._g2p = G2P(british=british)
        self._index = {symbol: i for i, symbol in enumerate(symbols())}

    def check(self, text: str) -> None:
        """Raises UserError for letters that cannot be read."""
        check_script(text)

    def __call__(self, sentence: str) -> list[str]:
        """Symbols of one sentence.

        Raises:
            UserError: the text has nothing that can be spoken, or letters of another script.
        """
        self.check(sentence)
        plain = unicodedata.normalize("NFKC", sentence)  # superscripts, ligatures, full-width letters: as usual ones
        out = split_symbols(self._g2p(plain))
        if not any(s[-1] in VOWELS or s in CONSONANTS for s in out):
            raise UserError(f"There is nothing to say in {_shorten(sentence)!r}.", "Give it at least one word or number.")
        return out

    def tokens(self, phones: list[str]) -> list[int]:
        """Indices of symbols, as the model reads them."""
        return [self._index[p] for p in phones]


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


def split_sentences(text: str) -> list[str]:
    """Cut text into pieces of at most about 180 characters: at sentence ends, then at commas, then at spaces.

    Pieces without a letter or digit are left out.
    """
    text = re.sub(r"\s+", " ", text).strip()
    pieces: list[str] = []
    for sentence in re.split(r"(?<=[.!?…])[\"'”’)]*\s+", text):
        while len(sentence) > LONGEST_SENTENCE:
            head = sentence[:LONGEST_SENTENCE]
            cut = max(head.rfind(mark) for mark in (", ", "; ", ": ", " — "))
            cut = cut + 1 if cut > LONGEST_SENTENCE // 3 else head.rfind(" ")
            cut = cut if cut > 0 else LONGEST_SENTENCE
            pieces.append(sentence[:cut].strip())
            sentence = sentence[cut:].strip()
        if sentence:
            pieces.append(sentence)
    return [p for p in pieces if any(c.isalnum() for c in p)]


def _shorten(text: str, n: int = 40) -> str:
    text = " ".join(text.split())
    return text if len(text) <= n else text[: n - 1] + "…"
