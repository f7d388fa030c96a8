"""``jamflow``: parses the command line, runs the command, turns every end into a sentence and an exit code.

Exit codes: 0 made, 1 our fault, 2 the user's, 130 stopped by Ctrl-C, 141 output not read, 143 terminated.
"""

import json
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any, Union

import tyro

from jamflow.app.options import Animate, Demo, Doctor, Dub, Edit, Init, Lipsync, Reenact, Retell, Run, Speak, Tts, Weights
from jamflow.compute.threads import set_threads
from jamflow.errors import JamFlowError

_ABOUT = "One flow-matching model that generates speech and facial motion together."
_CONFIG = (tyro.conf.OmitSubcommandPrefixes, tyro.conf.FlagCreatePairsOff)


def main() -> None:
    """The entry point of the package."""
    set_threads()  # before a command imports torch
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a terminated run cleans up as well
    sys.exit(run(sys.argv[1:]))


def run(argv: list[str]) -> int:
    """Runs one command line; returns its exit code. A wrong option raises SystemExit(2), as argparse does."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a file name need not be printable
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options: Any = tyro.cli(
        Union[tuple(_COMMANDS)],  # type: ignore[arg-type]  # noqa: UP007 - of as many as there are
        prog="jamflow",
        description=_ABOUT,
        args=argv,
        config=_CONFIG,
    )
    common: Run = options.action if isinstance(options, Weights) else options
    try:
        if not common.debug:
            warnings.simplefilter("ignore")  # the libraries' warnings are for developers
        report, words, code = _COMMANDS[type(options)](options)
        _print(json.dumps(report) if common.json else words)
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains on exit
        return 141
    except KeyboardInterrupt:
        _complain("Stopped; nothing was written.")
        return 130
    except JamFlowError as error:
        return _fail(common, error)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        hint = "Add --debug for the details; `jamflow doctor` checks the installation."
        return _fail(common, JamFlowError(f"Something went wrong inside JAM-Flow ({reason}).", hint))


_Done = tuple[dict[str, Any], str, int]  # the report as data and in words, and the exit code


def _making(name: str) -> Callable[[Run], _Done]:
    """A command that makes a file: the function of `commands` that is called so, imported and found when it runs."""

    def make(options: Run) -> _Done:
        from jamflow.app import commands

        start_s = time.monotonic()
        report = getattr(commands, name)(options)
        for warning in report["warnings"]:
            _complain(warning)
        return report, _summary(report, time.monotonic() - start_s), 0

    return make


def _doctor(_: Doctor) -> _Done:
    from jamflow.app.doctor import examine, in_words

    report = examine()
    return report, in_words(report), 0 if report["ready"] else 1


def _init(options: Init) -> _Done:
    from jamflow.app import init

    return *init.run(options), 0


def _weights(options: Weights) -> _Done:
    from jamflow.app import weights

    return weights.run(options.action)


# What runs each command, in the order of the help.
_COMMANDS: dict[type, Callable[[Any], _Done]] = {
    Speak: _making("speak"),
    Animate: _making("animate"),
    Lipsync: _making("lipsync"),
    Dub: _making("dub"),
    Retell: _making("retell"),
    Edit: _making("edit"),
    Tts: _making("tts"),
    Reenact: _making("reenact"),
    Demo: _making("demo"),
    Doctor: _doctor,
    Init: _init,
    Weights: _weights,
}


def _summary(report: dict[str, Any], spent_s: float) -> str:
    return f"{report['file']}: {report['seconds']:.1f} s long, made in {spent_s:.1f} s"


def _fail(options: Run, error: JamFlowError) -> int:
    if options.debug:
        traceback.print_exc()
    _complain(str(error))
    if options.json:
        _print(json.dumps({"error": error.message, "hint": error.hint}))
    return error.exit_code


def _print(text: str) -> None:
    print(text, flush=True)


def _complain(message: str) -> None:
    print(f"jamflow: {' '.join(message.split())}", file=sys.stderr, flush=True)
