"""A text that is too long or too short for its time (the paper's failure case 1): what can be done about it.

Rates are relative to the predicted speaking rate: 2 is twice as fast.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from jamflow.errors import UserError, listed

FitMode = Literal["rate", "pause", "trim", "loop", "refuse"]

DUB_FITS: tuple[FitMode, ...] = ("rate", "pause", "trim", "refuse")  # its picture stays as it is: nothing is repeated
LIPSYNC_FITS: tuple[FitMode, ...] = ("trim", "loop", "refuse")  # its speech stays as it is

SMALL = 1.25  # up to this rate, and down to its inverse, there is no warning
# Fast speech loses words from about 275 words a minute on, and people speak 175 (Foulke and Sticht 1969). Slower than the second
# rate, the model has hardly heard anyone speak.
FASTEST, SLOWEST = 1.6, 0.6


@dataclass(frozen=True)
class Fitted:
    """What is done about the length.

    Attributes:
        rate: how fast to speak.
        keep_s: how many seconds of the text, at rate 1, are said; None is all of it.
        way: which one was taken; None where the difference is small.
        warning: what the user should know, if there is anything.
    """

    rate: float
    keep_s: float | None = None
    way: FitMode | None = None
    warning: str | None = None


def check_fit(way: str | None, ways: Collection[FitMode], what: str) -> None:
    """Raises UserError for a way that is none, or means nothing for the task `what`."""
    if way is None or way in ways:
        return
    if way in get_args(FitMode):
        raise UserError(f"--fit {way} means nothing for {what}.", f"Use {listed(ways, 'or')}.")
    raise UserError(f"There is no --fit {way!r}.", f"Use {listed(ways, 'or')}.")


def fitted(natural_s: float, room_s: float, whole_s: float, way: FitMode | None, ways: Collection[FitMode], room: str) -> Fitted:
    """How to say a text of `natural_s` seconds in `room_s` seconds, or in `whole_s` at the very most.

    Args:
        way: the user's choice; None speaks faster what is too long, and ends early with what is too short.
        ways: what can be chosen in this task.
        room: how the warning calls the room, such as "the lips move for".

    Raises:
        UserError: it is a `way` to refuse, or does not make it fit.
    """
    need = natural_s / max(room_s, 1e-3)
    if 1 / SMALL <= need <= SMALL:
        return Fitted(need)
    facts = f"The text takes about {natural_s:.1f} s to say, and {room} {room_s:.1f} s"
    others = listed([one for one in ways if one != way], "or")
    way = way or ("rate" if need > 1 else "pause")
    if way == "refuse":
        raise UserError(f"{facts}.", f"Change the text, or use --fit {others}.")
    if way == "loop":
        return Fitted(1.0, None, way, f"{facts}: the picture is repeated (--fit {others} would not).")
    if way == "trim":
        if need < 1:
            raise UserError(f"{facts}: there is nothing to trim.", "Use --fit rate or pause.")
        return Fitted(SMALL, room_s * SMALL, way, f"{facts}: what does not fit is left out (--fit trim).")
    rate = min(max(need, SLOWEST), FASTEST) if way == "rate" else 1.0
    if natural_s / rate > whole_s:
        raise UserError(f"{facts}: too long even at {rate:g} times the usual rate.", "Shorten the text, or use --fit trim.")
    how = f"it is spoken {rate:.2f} times as fast" if way == "rate" else "it is spoken at its own rate, with silence for the rest"
    return Fitted(rate, None, way, f"{facts}: {how} (--fit {way}; others: {others}).")
