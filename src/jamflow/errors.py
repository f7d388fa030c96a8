"""The two ways a command can fail, told apart by exit code.

Every message is one sentence that says what is wrong; the hint says what to do next.
"""

from collections.abc import Iterable


class JamFlowError(Exception):
    """Something went wrong on our side (exit code 1)."""

    exit_code = 1

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UserError(JamFlowError):
    """The input cannot be used as given (exit code 2)."""

    exit_code = 2


def listed(names: Iterable[object], last: str) -> str:
    """Names in a sentence: "a", "a or b", "a, b or c" where `last` is "or"."""
    *most, end = map(str, names)
    return f"{', '.join(most)} {last} {end}" if most else end
