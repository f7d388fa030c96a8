"""LibriSpeech: speaker / chapter / speaker-chapter-number.flac, with the texts of a chapter in one .trans.txt."""

from collections.abc import Iterator
from pathlib import Path

from jamflow.prepare.clip import Clip
from jamflow.prepare.readers.files import beside, text_of

_LICENCE, _ORIGIN = "CC-BY-4.0", "LibriSpeech, openslr.org/12"
_RATE_HZ = 16_000


def reads(source: Path) -> bool:
    return source.is_dir() and next(source.rglob("*.trans.txt"), None) is not None


def clips(source: Path) -> Iterator[Clip]:
    for transcript in sorted(source.rglob("*.trans.txt")):
        for line in text_of(transcript).splitlines():
            name, _, text = line.partition(" ")
            path = beside(transcript.with_name(f"{name}.flac"))
            if path is not None:
                speaker = f"libri_{name.partition('-')[0]}"
                said = text.strip().lower() or None
                yield Clip(path, speaker, said, licence=_LICENCE, origin=_ORIGIN, source_rate_hz=_RATE_HZ)
