"""Readers of corpora as they are published: from a folder or a table to clips."""

from collections.abc import Iterator
from pathlib import Path

from jamflow.errors import UserError
from jamflow.media.files import existing_file
from jamflow.prepare.clip import Clip
from jamflow.prepare.readers import folder, grid, librispeech, ljspeech, manifest, vctk

# In this order: a manifest says more than the files beside it, and a folder of files is the last guess.
_READERS = (manifest, grid, librispeech, vctk, ljspeech, folder)


def read_clips(source: str | Path) -> Iterator[Clip]:
    """The clips of a source, in an order that does not change: a video or sound file, a CSV manifest, or a folder.

    Raises:
        UserError: there is nothing there, or a table is damaged.
    """
    if source == "":  # which would be this folder
        raise UserError("A source is an empty name.", "Give a file or a folder.")
    source = Path(source)
    try:
        exists = source.exists()
    except (OSError, ValueError) as error:  # the name is too long or has a zero byte
        raise UserError(f"The source {source} cannot be opened.", f"The system says: {error}.") from error
    if not exists:
        raise UserError(f"The source {source} does not exist.", "Check the path.")
    if source.is_file():
        existing_file(source, "source")
    for reader in _READERS:
        if reader.reads(source):
            return reader.clips(source)
    raise AssertionError("a folder of files reads everything")
