"""Another checkout of JAM-Flow, whose code runs beside this one's."""

from pathlib import Path

from jamflow.errors import UserError


def source_of(checkout: Path) -> Path:
    """The folder for PYTHONPATH, absolute.

    Raises:
        UserError: it is not a checkout of JAM-Flow.
    """
    source = checkout.resolve() / "src"
    if not (source / "jamflow" / "__init__.py").is_file():
        raise UserError(f"{checkout} is not a checkout of JAM-Flow.", "Give the folder that has src/jamflow.")
    return source


def check_code(package: str, source: Path) -> None:
    """`package`: the `jamflow.__file__` of a process that should run the code in `source`.

    Raises:
        UserError: it ran other code.
    """
    if not Path(package).is_relative_to(source):
        raise UserError(f"Python took {package} instead of the code in {source}.", "Run this in a plain environment.")
