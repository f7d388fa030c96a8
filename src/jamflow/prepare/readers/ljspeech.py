"""LJSpeech: metadata.csv with name | text | normalised text, and wavs / name.wav."""

from collections.abc import Iterator
from pathlib import Path

from jamflow.prepare.clip import Clip
from jamflow.prepare.readers.files import beside, text_of

_LICENCE, _ORIGIN = "Public-Domain", "LJSpeech, keithito.com/LJ-Speech-Dataset"


def reads(source: Path) -> bool:
    return (source / "metadata.csv").is_file() and (source / "wavs").is_dir()


def clips(source: Path) -> Iterator[Clip]:
    for line in text_of(source / "metadata.csv").splitlines():
        name, _, texts = line.partition("|")
        path = beside(source / "wavs" / f"{name}.wav")
        if path is not None:
            text = texts.rpartition("|")[2] or texts.partition("|")[0]
            yield Clip(path, "ljspeech", text.strip() or None, licence=_LICENCE, origin=_ORIGIN)
