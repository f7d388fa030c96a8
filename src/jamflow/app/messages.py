"""What the command line says when something is wrong."""

import sys

from jamflow.errors import JamFlowError


def as_known(error: Exception) -> JamFlowError:
    """Any failure as a sentence."""
    if isinstance(error, JamFlowError):
        return error
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = "Add --debug for the details; `jamflow doctor` checks the installation."
    return JamFlowError(f"Something went wrong inside JAM-Flow ({reason}).", hint)


def complain(message: str) -> None:
    """One line to the standard error."""
    print(f"jamflow: {' '.join(message.split())}", file=sys.stderr, flush=True)
