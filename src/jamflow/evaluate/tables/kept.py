"""What was seen and heard in files, by their content: a run that was stopped goes on, and another table begins with it."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from jamflow.media.files import replacing

Arrays = dict[str, np.ndarray]


class Kept:
    """Arrays by name, a file each. A file is whole or absent."""

    def __init__(self, folder: Path):
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """What is kept under this name; if there is nothing (or it is damaged), what `make` gives, which is kept from now on.

        Raises:
            UserError: the disk is full.
        """
        path = self._folder / f"{name}.npz"
        try:
            with np.load(path, allow_pickle=False) as file:
                return dict(file)
        except (FileNotFoundError, zipfile.BadZipFile, ValueError, EOFError):
            arrays = make()
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        return arrays
