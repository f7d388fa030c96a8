"""Finds the benchmarks, runs the one that is asked for, and writes down what it measured.

A benchmark is a module or package of `benchmarks/`, but for this one. It has a docstring, whose first line is shown in the
list, a dataclass `Options` (a child of `shared.options.Output`), and `run(options, report)`, which may return an exit code.
"""

import ast
import importlib
import pkgutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.shared.provenance import provenance
from benchmarks.shared.report import Report
from jamflow.errors import JamFlowError, UserError
from jamflow.extras import import_extra

ROOT = Path(__file__).parents[1]
RESULTS = Path("build/benchmarks")


def names() -> list[str]:
    """All benchmarks, in alphabetical order."""
    found = (module.name for module in pkgutil.iter_modules([str(ROOT)]))
    return sorted(name for name in found if name != "shared" and not name.startswith("_"))


def summary(name: str) -> str:
    """The first line of a benchmark's docstring. Nothing is imported, so that the list comes at once."""
    path = ROOT / f"{name}.py"
    text = (path if path.is_file() else ROOT / name / "__init__.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]


def main(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code: 2 for what cannot be run as it was given, as in `jamflow`."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("python -m benchmarks NAME [options]    (NAME --help shows the options)\n")
        width = max(map(len, names()))
        print("\n".join(f"{name:{width}}  {summary(name)}" for name in names()))
        return 0
    try:
        return run(arguments[0].replace("-", "_"), arguments)
    except JamFlowError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return error.exit_code


def run(name: str, arguments: Sequence[str]) -> int:
    """Measures, prints the tables, and writes them into a JSON file, also where the measurement is broken off.

    Raises:
        UserError: there is no such benchmark, or its input cannot be used.
    """
    if name not in names():
        raise UserError(f"There is no benchmark called {arguments[0]!r}.", "List them with: python -m benchmarks")
    tyro = import_extra("tyro")
    module = importlib.import_module(f"benchmarks.{name}")
    options = tyro.cli(module.Options, prog=f"python -m benchmarks {name}", description=module.__doc__, args=list(arguments[1:]))
    made_by = provenance(arguments)
    report = Report(name, options, options.out or RESULTS / name)
    start_s, finished, code = time.monotonic(), False, 0
    try:
        code = module.run(options, report) or 0
        finished = True
    finally:
        if finished or report.tables:
            path = report.write(made_by, time.monotonic() - start_s, finished)
            print(f"\n{made_by.sentence()}\nWritten to {path}", flush=True)
    return code
