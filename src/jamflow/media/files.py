"""Checks files that the user names, and writes files completely or not at all."""

import errno
import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from jamflow.errors import UserError

SOUND_SUFFIXES = (".wav", ".mp3", ".flac", ".opus")  # sound files that can be written
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def existing_file(path: str | Path, what: str) -> Path:
    """The path, if it is a regular, readable, non-empty file; otherwise UserError, in which ``what`` names the file."""
    path = Path(path)
    try:
        if path.is_dir():
            raise UserError(f"The {what} {path} is a folder.", "Give the path of a file.")
        if not path.exists():
            raise UserError(f"The {what} {path} does not exist.", "Check the path.")
        if not path.is_file():
            raise UserError(f"The {what} {path} is not a regular file.", "Save it to a file first.")
        if path.stat().st_size == 0:
            raise UserError(f"The {what} {path} is empty.", "Give another file.")
        path.open("rb").close()
    except PermissionError as error:
        raise UserError(f"The {what} {path} may not be read.", "Check its permissions.") from error
    except (OSError, ValueError) as error:  # the name is too long or has a zero byte, or the disk fails
        raise UserError(f"The {what} {path} cannot be opened.", f"The system says: {error}.") from error
    return path


def output_file(path: str | Path, *suffixes: str) -> Path:
    """The path, if a file with one of these suffixes (``".mp4"``) can be put there; UserError otherwise.

    Creates and removes an empty file in the folder: no other test of "writable" is reliable.
    """
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        some = " or ".join(suffixes)
        raise UserError(f"The output {path} does not end in {some}.", f"Give a name such as out{suffixes[0]}.")
    probe = _temporary(path)
    try:
        if path.is_dir():
            raise UserError(f"The output {path} is a folder.", "Give the path of a file.")
        probe.open("xb").close()
        probe.unlink()
    except OSError as error:
        raise _output_error(path, error) from error
    return path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path beside ``path``; renames it to ``path`` at the end, removes it on any exception.

    An older file at ``path`` stays until the new one is complete. OSErrors (disk full, read-only, folder missing) become
    UserErrors.
    """
    path = Path(path)
    temporary = _temporary(path)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise _output_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


class Writing(ABC):
    """Base class of writers that write one file in a `with` block."""

    @abstractmethod
    def _open(self) -> AbstractContextManager[None]:
        """Context of the whole `with` block: opens the file, and finishes or removes it."""

    def __enter__(self) -> Self:
        self._session = self._open()
        self._session.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        return self._session.__exit__(kind, error, trace)


def _temporary(path: Path) -> Path:
    return path.parent / f".jamflow-{secrets.token_hex(6)}.part"


def _output_error(path: Path, error: OSError) -> UserError:
    if error.errno in _NO_ROOM:
        return UserError(f"There is no room on the disk for {path}.", "Free some or choose another folder.")
    if error.errno == errno.ENAMETOOLONG:
        return UserError(f"The output name {path.name} is too long.", "Choose a shorter one.")
    if not path.parent.exists():
        return UserError(f"The output folder {path.parent} does not exist.", "Create it or choose another.")
    if not path.parent.is_dir():
        return UserError(f"The output folder {path.parent} is not a folder.", "Choose another one.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return UserError(f"The output folder {path.parent} is not writable.", "Choose another folder.")
    return UserError(f"The output {path} cannot be written.", f"The system says: {error.strerror or error}.")
