"""The sentences that are spoken: no training text contains one of them (`tests/evaluate/test_sentences.py`)."""

from pathlib import Path

PATH = Path(__file__).parents[1] / "sentences.txt"


def sentences(count: int | None = None) -> list[str]:
    """The first `count` of them, or all."""
    return PATH.read_text(encoding="utf-8").splitlines()[:count]
