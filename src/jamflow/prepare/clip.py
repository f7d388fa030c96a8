"""What is prepared: a file, or a stretch of one, with what its source says about it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jamflow.data.corpus import Span

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Clip:
    """One clip of a source.

    Attributes:
        path: a video or sound file.
        speaker: name of the person who speaks.
        text: what is said; None if unknown.
        words: (word, start, end) in seconds of the file, without pauses; empty if unknown.
        span_s: start and end in seconds of the file; None is all of it. An end of None is the file's.
        licence, origin: as the source states them; empty if it does not.
        source_rate_hz: sample rate of the original, where the file is a copy at another one; None is the file's. A lossy copy has
            faint sound above what the original can have.
    """

    path: Path
    speaker: str
    text: str | None = None
    words: tuple[Span, ...] = ()
    span_s: tuple[float, float | None] | None = None
    licence: str = ""
    origin: str = ""
    source_rate_hz: float | None = None

    def key(self, file_sha256: str, settings: dict[str, Any]) -> str:
        """Names everything that the result depends on: the file's content, what is said about it, and the settings."""
        said = asdict(self) | {"path": file_sha256, "settings": settings}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def sha256_of(path: Path) -> str:
    """Of a file's content. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
