"""The words of a text: how each is spoken, when it is said in a recording, and where some words are among others."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from jamflow.errors import UserError
from jamflow.text.phonemes import CONSONANTS, PUNCTUATION, SILENCE, VOWELS, Phonemizer
from jamflow.text.sentences import Reading, sentences, spoken


@dataclass(frozen=True)
class Word:
    """symbols: its phonemes and the punctuation that follows. last: whether a sentence ends with it."""

    text: str
    symbols: tuple[str, ...]
    last: bool


@dataclass(frozen=True)
class TimedWord:
    """A word that is heard from `start_s` to `end_s`. phones: (symbol, start s, end s), with the punctuation that follows."""

    text: str
    start_s: float
    end_s: float
    phones: tuple[tuple[str, float, float], ...]

    def later(self, seconds: float) -> "TimedWord":
        """The same word, moved by `seconds`."""
        phones = tuple((symbol, start_s + seconds, end_s + seconds) for symbol, start_s, end_s in self.phones)
        return TimedWord(self.text, self.start_s + seconds, self.end_s + seconds, phones)


def spoken_words(text: str, phonemizer: Phonemizer) -> list[Word]:
    """The words of a text in order, each pronounced as in its sentence.

    Raises:
        UserError: nothing to say, or letters of another script.
    """
    out: list[Word] = []
    for sentence in sentences(phonemizer.read(text)):
        out += _spoken(sentence, phonemizer)
    if not out:
        phonemizer(text)  # says what is wrong
        raise UserError("There is nothing to say in the text.", "Give it at least one word or number.")
    return out


def sequence(words: Sequence[Word]) -> tuple[list[str], list[tuple[int, int]]]:
    """All symbols, with silences around sentences and spaces between words; and (first, last) of each word's symbols."""
    symbols, spans = [SILENCE], []
    for number, word in enumerate(words):
        spans.append((len(symbols), len(symbols) + len(word.symbols)))
        symbols += word.symbols
        if number + 1 < len(words):
            symbols += [SILENCE] if word.last else [" "]
    return [*symbols, SILENCE], spans


def is_sound(symbol: str) -> bool:
    """Whether a symbol is heard, which pauses and punctuation are not."""
    return symbol not in PUNCTUATION and symbol not in (" ", SILENCE)


def key(word: str) -> str:
    """A word for comparison: its letters and digits in lower case."""
    plain = unicodedata.normalize("NFKC", word).casefold()
    return "".join(char for char in plain if char.isalnum())


def find(words: Sequence[str], wanted: str) -> tuple[int, int]:
    """Where `wanted` is said: the index of its first word, and of the word after its last.

    Raises:
        UserError: it is not there, or more than once.
    """
    said = [key(word) for word in words]
    asked = [k for k in map(key, wanted.split()) if k]
    if not asked:
        raise UserError("The words to change have no letters.", "Give words that are said in the recording.")
    at = [i for i in range(len(said) - len(asked) + 1) if said[i : i + len(asked)] == asked]
    if not at:
        raise UserError(
            f'"{_shown(wanted)}" is not said in the recording, which says: "{_shown(" ".join(words), 300)}".',
            "Give words as they stand there, or a time span with --from and --to.",
        )
    if len(at) > 1:
        raise UserError(
            f'"{_shown(wanted)}" is said {len(at)} times in the recording.',
            "Give more of the words around it in both, or a time span with --from and --to.",
        )
    return at[0], at[0] + len(asked)


def differing(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many words at the beginning and at the end are the same in both, and need not change."""
    a, b = [key(word) for word in old], [key(word) for word in new]
    first = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest = min(len(a), len(b)) - first
    last = next((i for i in range(rest) if a[-1 - i] != b[-1 - i]), rest)
    return first, last


def _spoken(readings: Sequence[Reading], phonemizer: Phonemizer) -> list[Word]:
    """The words of one sentence. It is pronounced as a whole if its words can be told apart, else word by word."""
    alone = [_parts(reading.spoken, phonemizer) for reading in readings]
    together = _parts(spoken(readings), phonemizer)
    if len(together) != sum(map(len, alone)):
        together = [part for parts in alone for part in parts]
    out, first = [], 0
    for reading, parts in zip(readings, alone, strict=True):
        symbols = [s for part in together[first : first + len(parts)] for s in (" ", *part)][1:]
        first += len(parts)
        if symbols and (reading.written or not out):
            out.append(Word(reading.written, tuple(symbols), False))
        elif symbols:  # the rest of a long one
            out[-1] = Word(out[-1].text, (*out[-1].symbols, " ", *symbols), False)
        elif out:  # a dash
            out[-1] = Word(f"{out[-1].text} {reading.written}", out[-1].symbols, False)
    return [*out[:-1], Word(out[-1].text, out[-1].symbols, True)] if out else []


def _parts(text: str, phonemizer: Phonemizer) -> list[list[str]]:
    """The phonemes between spaces; punctuation alone joins the part before it."""
    try:
        symbols = phonemizer(text)
    except UserError:
        if any(char.isalnum() for char in text):
            raise
        return []
    parts: list[list[str]] = [[]]
    for symbol in symbols:
        if symbol == " ":
            parts.append([])
        else:
            parts[-1].append(symbol)
    out: list[list[str]] = []
    for part in parts:
        if any(s[-1] in VOWELS or s in CONSONANTS for s in part):
            out.append(part)
        elif out:
            out[-1] += part
    return out


def _shown(text: str, n: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= n else text[: n - 1] + "…"
