"""VCTK: wav48 (or wav48_silence_trimmed) / speaker / speaker_number, with texts in txt / speaker."""

from collections.abc import Iterator
from pathlib import Path

from jamflow.prepare.clip import Clip
from jamflow.prepare.readers.files import SOUND, recordings, text_of

_FOLDERS = ("wav48_silence_trimmed", "wav48")
_SECOND = "_mic2"  # the same sentence through another microphone
_LICENCE, _ORIGIN = "CC-BY-4.0", "VCTK, doi 10.7488/ds/2645"


def reads(source: Path) -> bool:
    return source.is_dir() and any((source / name).is_dir() for name in _FOLDERS)


def clips(source: Path) -> Iterator[Clip]:
    sounds = next(source / name for name in _FOLDERS if (source / name).is_dir())
    for path in recordings(sounds, SOUND):
        if path.stem.endswith(_SECOND):
            continue
        speaker = path.parent.name
        file = source / "txt" / speaker / f"{path.stem.removesuffix('_mic1')}.txt"
        text = text_of(file).strip() if file.is_file() else None
        yield Clip(path, f"vctk_{speaker}", text or None, licence=_LICENCE, origin=_ORIGIN)
