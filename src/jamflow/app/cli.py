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
from typing import Any

import tyro

from jamflow.app.options import Animate, Demo, Doctor, Dub, Edit, Init, Lipsync, Reenact, Retell, Run, Speak, Tts, Weights
from jamflow.errors import JamFlowError

_ABOUT = "One flow-matching model that generates speech and facial motion together."
_CONFIG = (tyro.conf.OmitSubcommandPrefixes, tyro.conf.FlagCreatePairsOff)


def main() -> None:
    """The entry point of the package."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a terminated run cleans up as well
    sys.exit(run(sys.argv[1:]))


def run(argv: list[str]) -> int:
    """Runs one command line; returns its exit code. A wrong option raises SystemExit(2), as argparse does."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a file name need not be printable
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options: Speak | Animate | Lipsync | Dub | Retell | Edit | Tts | Reenact | Demo | Doctor | Init | Weights = tyro.cli(
        Speak | Animate | Lipsync | Dub | Retell | Edit | Tts | Reenact | Demo | Doctor | Init | Weights,  # type: ignore[arg-type]
        prog="jamflow",
        description=_ABOUT,
        args=argv,
        config=_CONFIG,
    )
    common = options.action if isinstance(options, Weights) else options
    try:
        if not common.debug:
            warnings.simplefilter("ignore")  # the libraries' warnings are for developers
        return _run(options)
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


def _run(options: Speak | Animate | Lipsync | Dub | Retell | Edit | Tts | Reenact | Demo | Doctor | Init | Weights) -> int:
    if isinstance(options, Weights):
        from jamflow.app import weights

        report, words, code = weights.run(options.action)
        _print(json.dumps(report) if options.action.json else words)
        return code
    if isinstance(options, Init):
        from jamflow.app import init

        report, words = init.run(options)
        _print(json.dumps(report) if options.json else words)
        return 0
    if isinstance(options, Doctor):
        from jamflow.app.doctor import examine, in_words

        report = examine()
        _print(json.dumps(report) if options.json else in_words(report))
        return 0 if report["ready"] else 1

    from jamflow.app import commands

    start_s = time.monotonic()
    if isinstance(options, Speak):
        report = commands.speak(options)
    elif isinstance(options, Animate):
        report = commands.animate(options)
    elif isinstance(options, Lipsync):
        report = commands.lipsync(options)
    elif isinstance(options, Retell):
        report = commands.retell(options)
    elif isinstance(options, Edit):
        report = commands.edit(options)
    elif isinstance(options, Dub):
        report = commands.dub(options)
    elif isinstance(options, Tts):
        report = commands.tts(options)
    elif isinstance(options, Reenact):
        report = commands.reenact(options)
    else:
        report = commands.demo(options)
    for warning in report["warnings"]:
        _complain(warning)
    _print(json.dumps(report) if options.json else _summary(report, time.monotonic() - start_s))
    return 0


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
