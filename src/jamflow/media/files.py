"""Checks files that the user names, and writes files completely or not at all."""

import errno
import os
import secrets
import shutil
import stat
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
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

    Creates and removes an empty file in the folder: no other test of "writable" is reliable. A pipe is not opened, because that
    would wait for its reader.
    """
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        some = " or ".join(suffixes)
        raise UserError(f"The output {path} does not end in {some}.", f"Give a name such as out{suffixes[0]}.")
    try:
        if path.is_dir():
            raise UserError(f"The output {path} is a folder.", "Give the path of a file.")
        if path.exists() and not os.access(path, os.W_OK):
            raise UserError(f"The output {path} is there already and may not be written.", "Choose another name.")
        if not _is_pipe(path):
            probe = _temporary(_followed(path))
            probe.open("xb").close()
            probe.unlink()
    except OSError as error:
        raise _output_error(path, error) from error
    except ValueError as error:
        raise UserError(f"The output {str(path)!r} is no name for a file.", f"The system says: {error}.") from error
    return path


def refuse_overwriting(output: str | Path, inputs: Iterable[str | Path]) -> None:
    """Raises UserError where the output is one of the files that are read, however it is spelled and whatever links to it."""
    for file in inputs:
        if _same(output, file):
            which = "" if str(output) == str(file) else f" {file}"
            raise UserError(f"The output {output} would take the place of the input{which}.", "Choose another name for it.")


def refuse_same(output: str | Path, others: Iterable[str | Path]) -> None:
    """Raises UserError where an output is another output too."""
    for other in others:
        if _same(output, other):
            raise UserError(f"{output} and {other} are the same file, and both would be made.", "Choose another name for one.")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path; what is written there becomes the file `path` at the end, and is removed on any exception.

    An older file at `path` stays until the new one is complete, which then has its permissions. A link is followed. The complete
    file is copied into a pipe or a device. OSErrors (disk full, read-only, folder missing) become UserErrors.
    """
    path = Path(path)
    pipe = _is_pipe(path)
    try:
        target = path if pipe else _followed(path)
    except OSError as error:
        raise _output_error(path, error) from error
    temporary = _temporary(Path(tempfile.gettempdir(), path.name) if pipe else target)
    try:
        yield temporary
        if pipe:
            with temporary.open("rb") as whole, path.open("wb") as out:
                shutil.copyfileobj(whole, out)
        else:
            with suppress(FileNotFoundError):
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            os.replace(temporary, target)
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


def _same(one: str | Path, other: str | Path) -> bool:
    with suppress(OSError, ValueError):  # one of them is not there, or is no name
        return os.path.realpath(one) == os.path.realpath(other) or os.path.samefile(one, other)
    return False


def _temporary(path: Path) -> Path:
    return path.parent / f".jamflow-{secrets.token_hex(6)}.part"


def _is_pipe(path: Path) -> bool:
    """Whether there is something that only takes bytes: a pipe or a device."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _followed(path: Path) -> Path:
    """The path itself, or what a link leads to in the end, which need not exist. Raises OSError where links go in a circle."""
    if not path.is_symlink():
        return path
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


def _output_error(path: Path, error: OSError) -> UserError:
    if error.errno in _NO_ROOM:
        return UserError(f"There is no room on the disk for {path}.", "Free some or choose another folder.")
    if error.errno == errno.ENAMETOOLONG:
        return UserError(f"The output name {path.name} is too long.", "Choose a shorter one.")
    with suppress(OSError):
        path = _followed(path)
    if not path.parent.exists():
        return UserError(f"The output folder {path.parent} does not exist.", "Create it or choose another.")
    if not path.parent.is_dir():
        return UserError(f"The output folder {path.parent} is not a folder.", "Choose another one.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return UserError(f"The output folder {path.parent} is not writable.", "Choose another folder.")
    if error.errno == errno.EPIPE:
        return UserError(f"The reader of {path} was gone before it had all.", "Start the reader again, or write to a file.")
    return UserError(f"The output {path} cannot be written.", f"The system says: {error.strerror or error}.")
