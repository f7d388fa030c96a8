"""What a process owes the system: standard streams that are there, and an end that leaves nothing half-written."""

import os
import signal
import sys

_ENDING = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU")  # not all systems have all of them


def open_missing_streams() -> None:
    """Opens standard streams that are closed; else the first file that is opened would take their place, and what is printed."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115


def clean_up_when_ended() -> None:
    """Signals that end the process raise SystemExit first; only those do that are not ignored, as SIGHUP is by `nohup`."""
    known = [number for name in _ENDING if (number := getattr(signal, name, None)) is not None]

    def end(number: int, frame: object) -> None:
        for other in known:
            signal.signal(other, signal.SIG_IGN)  # a second one must not break off the cleaning
        sys.exit(128 + number)

    for number in known:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end)
