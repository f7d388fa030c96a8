"""``jamflow``: parses the command line, runs the command, turns every end into a sentence and an exit code.

Exit codes: 0 made, 1 our fault, 2 the user's, 130 stopped by Ctrl-C, 141 output not read, 129 the terminal was closed, 143
terminated.
"""

import argparse
import json
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any

from jamflow import __version__
from jamflow.app.messages import as_known, complain, give_up, untold
from jamflow.app.options import (
    Demo,
    Doctor,
    Evaluate,
    Init,
    ModelChoice,
    MotionOutput,
    Output,
    Prepare,
    Run,
    Voices,
    WeightsList,
    WeightsPath,
    WeightsPull,
    WeightsVerify,
)
from jamflow.app.parser import Parser, add_options, read_texts, refuse_missing, values
from jamflow.app.process import clean_up_when_ended, open_missing_streams
from jamflow.compute.threads import set_threads
from jamflow.errors import UserError
from jamflow.tasks.inputs import Inputs
from jamflow.tasks.table import TASKS, Task

Done = tuple[dict[str, Any], str, int]
"""The report as data and in words, and the exit code."""


def main() -> None:
    """The entry point of the package."""
    open_missing_streams()
    set_threads()  # before a command imports torch
    clean_up_when_ended()
    try:
        code = run(sys.argv[1:])
    except SystemExit as end:  # of --help, or by a signal
        code = end.code
    try:
        sys.stdout.flush()
    except OSError as error:
        code = untold(error)
    sys.exit(code)


def run(argv: list[str]) -> int:
    """Runs one command line; returns its exit code. ``--help`` and ``--version`` raise SystemExit(0), as argparse does."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a file name need not be printable
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    as_json, debug = "--json" in argv, "--debug" in argv  # also for a command line that cannot be read
    try:
        words = build_parser().words(argv)
        if not debug:
            warnings.simplefilter("ignore")  # the libraries' warnings are for developers
        report, said, code = words.run(words)
        try:
            print(json.dumps(report) if as_json else said, flush=True)
        except OSError as error:
            return untold(error)
        return code
    except KeyboardInterrupt as stop:
        complain(str(stop) or "Stopped; nothing was written.")
        return 130
    except Exception as error:
        if debug:
            traceback.print_exc()
        known = as_known(error)
        complain(str(known))
        if as_json:
            try:
                print(json.dumps({"error": known.message, "hint": known.hint}), flush=True)
            except OSError:
                give_up(sys.stdout)  # the standard error has it
        return known.exit_code


def build_parser() -> Parser:
    """Tasks in the order of their table, then the other commands."""
    parser = Parser("jamflow", description="One flow-matching model that generates speech and facial motion together.")
    parser.add_argument("--version", action="version", version=f"jamflow {__version__}")
    parser.set_defaults(run=_no_command)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    for task in TASKS.values():
        _add_task(commands, task)
    _add(commands, "demo", Demo, _demo)
    _add(commands, "voices", Voices, _voices)
    _add(commands, "doctor", Doctor, _doctor)
    _add(commands, "init", Init, _init)
    _add(commands, "prepare", Prepare, _prepare)
    _add(commands, "evaluate", Evaluate, _evaluate)
    weights = _add(commands, "weights", None, _no_action, "Published weights, for the model base.")
    actions = weights.add_subparsers(metavar="ACTION", title="actions")
    for name, inputs in (("list", WeightsList), ("pull", WeightsPull), ("verify", WeightsVerify), ("path", WeightsPath)):
        _add(actions, name, inputs, _weights)
    return parser


def _add_task(commands: Any, task: Task) -> None:
    parser = _add(commands, task.name, task.inputs, _task, task.summary, run_options=False)
    add_options(parser, MotionOutput if task.saves_motion else Output, "output", task.saves)
    if task.generates:
        add_options(parser, ModelChoice, "model")
    batch = parser.add_argument_group("many at once")
    help = "A table whose columns are named as the options: one result a row. What is made already is not made again."
    batch.add_argument("--batch", metavar="JOBS.csv", help=help)
    add_options(parser, Run, "report")
    parser.set_defaults(task=task)


def _add(
    commands: Any, name: str, inputs: type[Inputs] | None, run: Callable[..., Done], summary: str = "", run_options: bool = True
) -> argparse.ArgumentParser:
    summary = summary or (inputs.__doc__ or "" if inputs else "")
    parser = commands.add_parser(name, help=summary, description=summary)
    if inputs is not None:
        add_options(parser, inputs, "given")
    if run_options:
        add_options(parser, Run, "report")
    parser.set_defaults(run=run, inputs=inputs, _parser=parser)
    return parser


def _given(words: argparse.Namespace) -> Any:
    refuse_missing(words, words._parser.prog, words.inputs)
    given = words.inputs(**values(words.inputs, words))
    given.check()
    return given


def _no_command(words: argparse.Namespace) -> Done:
    raise UserError("No command is given.", "See jamflow --help.")


def _no_action(words: argparse.Namespace) -> Done:
    raise UserError("Nothing is said about what to do with weights.", "See jamflow weights --help.")


def _task(words: argparse.Namespace) -> Done:
    from jamflow.app import batch, commands

    read_texts(words, words.inputs)
    if words.batch is not None:
        return batch.run(words)
    return commands.run(words)


def _demo(words: argparse.Namespace) -> Done:
    from jamflow.app import commands

    return commands.demo(_given(words))


def _voices(words: argparse.Namespace) -> Done:
    from jamflow.app import voices

    return voices.run(_given(words))


def _doctor(words: argparse.Namespace) -> Done:
    from jamflow.app.doctor import examine, in_words

    report = examine()
    return report, in_words(report), 0 if report["ready"] else 1


def _init(words: argparse.Namespace) -> Done:
    from jamflow.app import init

    return *init.run(_given(words)), 0


def _prepare(words: argparse.Namespace) -> Done:
    from jamflow.app import prepare

    return *prepare.run(_given(words)), 0


def _evaluate(words: argparse.Namespace) -> Done:
    from jamflow.app import evaluate

    return *evaluate.run(_given(words)), 0


def _weights(words: argparse.Namespace) -> Done:
    from jamflow.app import weights

    return weights.run(_given(words))
