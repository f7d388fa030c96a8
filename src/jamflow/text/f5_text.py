"""Text as F5-TTS reads it: characters and pinyin, cut into chunks, and how long their speech lasts.

Lengths of text are UTF-8 bytes, as in the official code (1.1.20).
"""

import re
from pathlib import Path

from jamflow.errors import UserError

_PLAIN = str.maketrans({";": ",", "“": '"', "”": '"', "‘": "'", "’": "'"})
_LONGEST_S = 22  # of reference and chunk together
_SHORT_BYTES, _SHORT_SPEED = 10, 0.3  # very short texts are always spoken slowly


def tokenize(text: str) -> list[str]:
    """Characters, and syllables such as "ni3" for Chinese, with the spaces that F5-TTS was trained with.

    Raises:
        UserError: rjieba or pypinyin is not installed. (Another cutter gives other tokens.)
    """
    try:
        import rjieba
        from pypinyin import Style, lazy_pinyin
    except ModuleNotFoundError as error:
        raise UserError(f"F5-TTS's text needs {error.name}.", "Run: pip install 'jamflow[base]'") from error

    def pinyin(chinese: str) -> list[str]:
        return lazy_pinyin(chinese, style=Style.TONE3, tone_sandhi=True)

    out: list[str] = []
    for word in rjieba.cut(text.translate(_PLAIN)):
        size = len(word.encode())
        if size == len(word):  # ASCII
            if out and size > 1 and out[-1] not in " :'\"":
                out.append(" ")
            out.extend(word)
        elif size == 3 * len(word):
            for char, syllable in zip(word, pinyin(word), strict=False):
                out.extend([" ", syllable] if _is_chinese(char) else [syllable])
        else:
            for char in word:
                out.extend([" ", *pinyin(char)] if _is_chinese(char) else [char])
    return out


class Vocabulary:
    """Tokens to rows of the embedding table; unknown ones become the space, row 0."""

    def __init__(self, path: Path):
        # Not `splitlines`: some entries are characters that it would cut at.
        lines = path.read_text(encoding="utf-8").replace("\r\n", "\n").removesuffix("\n").split("\n")
        if not lines or lines[0] != " ":
            raise UserError(f"{path} is not F5-TTS's vocabulary: its first line is not a space.", "Get vocab.txt again.")
        self._index = {token: i for i, token in enumerate(lines)}

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, token: str) -> bool:
        return token in self._index

    def indices(self, tokens: list[str]) -> list[int]:
        return [self._index.get(token, 0) for token in tokens]


def load_vocabulary(path: Path, size: int) -> Vocabulary:
    """The vocabulary in a file, one token a line, of a model that knows `size` tokens.

    Raises:
        UserError: it is no vocabulary, or of another model.
    """
    try:
        vocabulary = Vocabulary(path)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text.", "Give the vocab.txt that the model was trained with.") from error
    if len(vocabulary) != size:
        raise UserError(
            f"The model knows {size} tokens, and {path} has {len(vocabulary)}.", "Give the vocab.txt that it was trained with."
        )
    return vocabulary


def chunks(text: str, max_bytes: int) -> list[str]:
    """Sentences and clauses, joined while they fit; one that is too long alone is not cut."""
    out, current = [], ""
    for part in re.split(r"(?<=[;:,.!?])\s+|(?<=[；：，。！？])", text):
        if len((current + part).encode()) > max_bytes:
            if current:
                out.append(current.strip())
            current = ""
        current += part + " " if part and len(part[-1].encode()) == 1 else part
    return [*out, current.strip()] if current else out


def prepared_reference(text: str) -> str:
    """The text of the reference recording, ended as a sentence."""
    if text.endswith((". ", "。")):
        return text
    return text + " " if text.endswith(".") else text + ". "


def joined(reference: str, text: str) -> str:
    """Reference and new text as one, with a space between them after a one-byte character."""
    return _spaced(reference) + text


def chunk_bytes(reference: str, reference_s: float, speed: float) -> int:
    """How many bytes of text fit after a reference; 0 or less if none do."""
    return int(len(reference.encode()) / reference_s * (_LONGEST_S - reference_s) * speed)


def mel_frames(reference_frames: int, reference: str, text: str, speed: float) -> int:
    """Mel frames of reference and new speech together: in proportion to the text."""
    if len(text.encode()) < _SHORT_BYTES:
        speed = _SHORT_SPEED
    return reference_frames + int(reference_frames / len(_spaced(reference).encode()) * len(text.encode()) / speed)


def _spaced(reference: str) -> str:
    return reference + " " if reference and len(reference[-1].encode()) == 1 else reference


def _is_chinese(char: str) -> bool:
    return "\u3100" <= char <= "\u9fff"
