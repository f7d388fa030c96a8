"""What the command line says when something is wrong."""

import os
import sys
from contextlib import suppress
from typing import TextIO

from jamflow.errors import JamFlowError


def as_known(error: Exception) -> JamFlowError:
    """Any failure as a sentence."""
    if isinstance(error, JamFlowError):
        return error
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = "Add --debug for the details; `jamflow doctor` checks the installation."
    return JamFlowError(f"Something went wrong inside JAM-Flow ({reason}).", hint)


def complain(message: str) -> None:
    """One line to the standard error. Where nobody can read it, the exit code alone tells."""
    try:
        print(f"jamflow: {' '.join(message.split())}", file=sys.stderr, flush=True)
    except OSError:
        give_up(sys.stderr)


def give_up(stream: TextIO) -> None:
    """Sends what a stream still holds nowhere, or Python would complain about it on exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def untold(why: OSError) -> int:
    """The exit code where the report could not be printed, though what it tells of was done."""
    give_up(sys.stdout)
    if isinstance(why, BrokenPipeError):
        return 141
    complain(f"The report cannot be printed ({why.strerror}), but what it tells of is done. Send the standard output elsewhere.")
    return 2
