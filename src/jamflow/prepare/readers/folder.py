"""Any video or sound files in a folder, as in HDTF: the name of a file is its speaker, its text and licence are unknown.

A text may lie beside a file, in a .txt of the same name.
"""

from collections.abc import Iterator
from pathlib import Path

from jamflow.errors import UserError
from jamflow.prepare.clip import Clip
from jamflow.prepare.readers.files import recordings, text_of


def reads(source: Path) -> bool:
    return True


def clips(source: Path) -> Iterator[Clip]:
    paths = [source] if source.is_file() else list(recordings(source))
    if not paths:
        raise UserError(f"There is no video and no sound in the folder {source}.", "Check the path.")
    for path in paths:
        beside = path.with_suffix(".txt")
        text = text_of(beside).strip() if path != beside and beside.is_file() else None
        yield Clip(path, path.stem, text or None)
