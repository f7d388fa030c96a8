"""The SHA-256 of a file."""

import hashlib
from pathlib import Path

from jamflow.errors import JamFlowError


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal. Raises JamFlowError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise JamFlowError(f"{path} cannot be read ({error.strerror}).", "Check the disk.") from error
