"""``--batch jobs.csv``: one result a row, by one command, with the model loaded once.

The columns are named as the options; options on the command line hold for all rows. A row that fails is reported and the others
are made. A row whose output is there already is skipped, so a batch that was stopped goes on where it was.
"""

import argparse
import csv
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jamflow.app.commands import checked, is_made, job, load, make, refuse_loss, summary
from jamflow.app.messages import as_known, complain
from jamflow.app.options import ModelChoice, MotionOutput, Output
from jamflow.app.parser import option_words, read_texts, values
from jamflow.app.progress import Progress
from jamflow.errors import UserError
from jamflow.media.files import existing_file
from jamflow.tasks.table import Task

if TYPE_CHECKING:
    from jamflow.pipeline import JamFlow


def run(words: argparse.Namespace) -> tuple[dict[str, Any], str, int]:
    """Makes all rows; the report as data and in words, and the exit code: that of the worst row."""
    rows = _rows(Path(words.batch), words.task)
    asked = [_asked(row, words) for row in rows]  # every row is checked before the first is made
    _refuse_same_outputs(asked, words.batch)
    models: dict[ModelChoice | None, JamFlow | None] = {}
    out: list[dict[str, Any]] = []
    for number, one in enumerate(asked, 1):
        if isinstance(one, argparse.Namespace):
            with Progress(sys.stderr) as progress:
                progress.say(f"Row {number} of {len(rows)}")
                one = _made(one, models, progress)
        out.append({"row": number} | one)
        for line in (*one.get("warnings", ()), *([f"{one['error']} {one['hint']}"] if "error" in one else ())):
            complain(f"Row {number}: {line}")
    counts = {state: sum(row["state"] == state for row in out) for state in ("made", "skipped", "failed")}
    said = [row.pop("words") for row in out if "words" in row]
    said.append(f"{counts['made']} made, {counts['skipped']} there already, {counts['failed']} failed")
    codes = {row.pop("code") for row in out if "code" in row}
    return {"rows": out, **counts}, "\n".join(said), next((code for code in (1, 2) if code in codes), 0)


def _asked(row: dict[str, str], common: argparse.Namespace) -> argparse.Namespace | dict[str, Any]:
    """The words of a row, or why it cannot be made."""
    try:
        words = _words(row, common)
        wanted = job(words)
        refuse_loss(wanted)
        if not is_made(wanted.output.output):
            checked(wanted)
        return words
    except Exception as error:
        return _failed(error)


def _made(words: argparse.Namespace, models: "dict[ModelChoice | None, JamFlow | None]", progress: Progress) -> dict[str, Any]:
    start_s = time.monotonic()
    try:
        if is_made(_output(words).output):
            return {"state": "skipped", "file": str(_output(words).output)}
        wanted = checked(job(words))
        if wanted.model not in models:
            models[wanted.model] = load(wanted.model)
        report = make(wanted, models[wanted.model], progress)
        return {"state": "made", **report, "words": summary(report, time.monotonic() - start_s)}
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> dict[str, Any]:
    known = as_known(error)
    return {"state": "failed", "error": known.message, "hint": known.hint, "code": known.exit_code}


def _rows(path: Path, task: Task) -> list[dict[str, str]]:
    """The cells of every row by column.

    Raises:
        UserError: it is no table with a header and rows of equal length.
    """
    existing_file(path, "table")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"The table {path} is not a CSV file in UTF-8.", "Save it as CSV, UTF-8.") from error
    if len(table) < 2:
        raise UserError(f"The table {path} has no rows.", "Its first line names options, every other line is one result.")
    header = [column.strip() for column in table[0]]
    for number, row in enumerate(table[1:], 1):
        if len(row) != len(header):
            raise UserError(
                f"Row {number} of {path} has {len(row)} cells, and the header has {len(header)}.",
                "Put cells with commas in quotes.",
            )
    for column in header:
        if column in ("batch", "json", "debug") or header.count(column) > 1:
            raise UserError(f"The table {path} cannot have the column {column!r} like this.", f"See jamflow {task.name} --help.")
    return [dict(zip(header, row, strict=True)) for row in table[1:]]


def _words(row: dict[str, str], common: argparse.Namespace) -> argparse.Namespace:
    """The words of a row, and where it says nothing those of the command line."""
    task: Task = common.task
    kinds = [task.inputs, MotionOutput if task.saves_motion else Output, *([ModelChoice] if task.generates else [])]
    words = common._parser.words(option_words(row, *kinds))
    if getattr(words, "given_text_file", None) == "-":
        raise UserError("A row cannot read the standard input.", "Give it a file, or its text.")
    words.texts = (common.batch, *common.texts)
    read_texts(words, task.inputs)
    for key, value in vars(common).items():
        # A text of the row takes the place of a text file of the command line, and the other way round.
        other = key.removesuffix("_file") if key.endswith("_file") else f"{key}_file"
        if key.startswith("given_") and getattr(words, key) is None and getattr(words, other, None) is None:
            setattr(words, key, value)
    return words


def _output(words: argparse.Namespace) -> Output:
    kind = MotionOutput if words.task.saves_motion else Output
    return kind(**values(kind, words))


def _refuse_same_outputs(asked: list[argparse.Namespace | dict[str, Any]], table: str) -> None:
    """UserError where two rows would make one file: the second would count as made."""
    names = [os.path.realpath(path) for one in asked if isinstance(one, argparse.Namespace) for path in _output(one).files]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"Two rows of {table} have the output {name}.", "Give every row its own.")
