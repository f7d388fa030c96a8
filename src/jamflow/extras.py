"""Packages that only evaluation or training needs, asked for when they are used."""

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from jamflow.errors import UserError


def import_extra(module: str, extra: str = "eval") -> ModuleType:
    """Import a module of an extra; UserError that names the extra where it is missing."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise _missing(error.name or module, extra) from error


def extra_folder(package: str, extra: str = "eval") -> Path:
    """Folder of an installed package of an extra, without running its code."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise _missing(package, extra)
    return Path(spec.origin).parent


def _missing(module: str, extra: str) -> UserError:
    return UserError(
        f"The Python module {module}, of the extra {extra}, is not installed.",
        f"Run: pip install 'jamflow[{extra}]'",
    )
