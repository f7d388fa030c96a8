"""One table, from a CSV of pairs to numbers per clip, rows with intervals, and a page.

A run that was stopped goes on: what the judges say of a file is kept by the file's content in FOLDER/kept.
"""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from jamflow import __version__
from jamflow.errors import UserError
from jamflow.evaluate.tables.facts import Facts, checked_facts, trimmed_frames
from jamflow.evaluate.tables.judges import Judges, missing
from jamflow.evaluate.tables.kept import Kept
from jamflow.evaluate.tables.measure import Numbers, measured
from jamflow.evaluate.tables.observe import Observer
from jamflow.evaluate.tables.page import write_page
from jamflow.evaluate.tables.pairs import Pair, read_pairs
from jamflow.evaluate.tables.protocols import MEASURES, Judge, Protocol, protocol
from jamflow.evaluate.tables.summary import Row, summarised
from jamflow.evaluate.tables.trials import CONTROLS, Trial, trials_of
from jamflow.media.files import refuse_overwriting, replacing
from jamflow.weights.digest import sha256_of

Progress = Callable[[float, float], None]
"""Clips done, and of all."""
Result = tuple[Trial, Numbers]


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Attributes:
        rows: of the table.
        measures: its columns.
        said: what a reader has to know: who judged, what is left out and why, what was trimmed and resampled.
        clips, table, page: the files.
    """

    rows: list[Row]
    measures: tuple[str, ...]
    said: tuple[str, ...]
    clips: Path
    table: Path
    page: Path


def evaluate(
    name: str, pairs_file: Path, folder: Path, progress: Progress | None = None, say: Callable[[str], None] | None = None
) -> Outcome:
    """Makes a table.

    Args:
        name: of the table (`protocols.PROTOCOLS`).
        pairs_file: see `pairs.COLUMNS`.
        folder: for clips.csv, table.json, report.html and what is kept.
        say: is told what is left out before the work begins.

    Raises:
        UserError: the pairs cannot be used, no judge of the table is installed, or the folder cannot be written.
    """
    table = protocol(name)
    pairs = read_pairs(pairs_file, table)
    facts = checked_facts(pairs, table)
    absent = missing(table)
    measures = tuple(one for one in table.measures if MEASURES[one].judge not in absent)
    if not measures:
        raise UserError(f"No judge of {name} is installed: {' '.join(absent.values())}", "Install what is missing.")
    outputs = [folder / file for file in ("clips.csv", "table.json", "report.html")]
    kept = _opened(folder, outputs, pairs_file, pairs)
    said = [*_left_out(table, absent), *_prepared(pairs, facts, table)]
    for line in said:
        if say:
            say(line)
    trials = trials_of(pairs, table, cache(sha256_of), frozenset(measures))
    said += _without_controls(trials, table)
    results: list[Result] = []
    judges = Judges()
    with Observer(judges, kept) as observer:
        for done, trial in enumerate(trials, 1):
            length_s = facts[trial.pair.result].picture_s or facts[trial.pair.result].sound_s
            results.append((trial, _measured(trial, observer, length_s)))
            if progress:
                progress(done, len(trials))
    rows = summarised(results, measures)
    said += [*judges.names({MEASURES[one].judge for one in measures}), *table.notes]
    said.append(f"JAM-Flow {__version__}; intervals are 95 % percentile bootstraps, seed 0.")
    _write_clips(outputs[0], results, measures, facts)
    _write_table(outputs[1], table, rows, said)
    write_page(outputs[2], table, rows, results, measures, said)
    return Outcome(rows, measures, tuple(said), *outputs)


def _measured(trial: Trial, observer: Observer, length_s: float) -> Numbers:
    """A reference that the renderer cannot draw is missing in that control alone."""
    try:
        return measured(trial, observer, length_s)
    except UserError as error:
        if not trial.control or trial.row != "drawn again":
            raise
        return Numbers({}, notes=(f"It cannot be drawn: {error.message}",))


def _opened(folder: Path, outputs: Sequence[Path], pairs_file: Path, pairs: Sequence[Pair]) -> Kept:
    for output in outputs:
        refuse_overwriting(output, [pairs_file, *(file for pair in pairs for file in pair.files)])
    try:
        return Kept(folder / "kept")
    except (OSError, ValueError) as error:  # the name has a zero byte
        raise UserError(f"The folder {str(folder)!r} cannot be made.", f"The system says: {error}.") from error


def _left_out(table: Protocol, absent: dict[Judge, str]) -> list[str]:
    foreign = [
        f"Left out: {f.columns}, by {f.judge}: {f.licence}; {f.size}; from {f.source}. Nothing is fetched." for f in table.foreign
    ]
    return [*foreign, *absent.values()]


def _prepared(pairs: Sequence[Pair], facts: dict[Path, Facts], table: Protocol) -> list[str]:
    """What was trimmed and resampled."""
    said = []
    trimmed = [count for pair in pairs if table.moving and (count := trimmed_frames(pair, facts))]
    if trimmed:
        said.append(
            f"{len(trimmed)} of {len(pairs)} results and their references differ in length: {sum(trimmed)} frames are trimmed."
        )
    rates = {rate for pair in pairs for file in pair.files if (rate := facts[file].sound_hz)}
    if len(rates) > 1:
        listing = ", ".join(f"{rate}" for rate in sorted(rates))
        said.append(f"The files have sample rates of {listing} Hz; every judge gets them resampled (soxr HQ) to its own.")
    clips = {pair.reference.resolve() for pair in pairs if pair.reference}
    for system in sorted({pair.system for pair in pairs}):
        own = {pair.reference.resolve() for pair in pairs if pair.reference and pair.system == system}
        if own != clips:
            said.append(
                f"{system} has {len(own)} of the {len(clips)} references: its row is of fewer clips than the controls are."
            )
    nobody = sum(not pair.person for pair in pairs)
    if nobody:
        said.append(f"{nobody} of {len(pairs)} rows name no person: there are no intervals over people.")
    return said


def _without_controls(trials: Sequence[Trial], table: Protocol) -> list[str]:
    made = {trial.row for trial in trials if trial.control}
    absent = [name for name in table.controls if name not in made]
    why = "no row has a reference" if not made else "it needs the clips of two"
    lines = [f"Without the control {name!r}: {why}." for name in absent]
    return [*lines, *(f"Control {name!r}: {CONTROLS[name]}." for name in table.controls if name in made)]


def _write_clips(path: Path, results: Sequence[Result], measures: Sequence[str], facts: dict[Path, Facts]) -> None:
    """Every number of every clip; those of sets have none."""
    columns = [one for one in measures if any(one in numbers.values for _, numbers in results)]
    head = ["row", "control", "number", "result", "reference", "person", "fps", "sound_hz", "trimmed_frames"]
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*head, *columns, "heard", "notes"])
        for trial, numbers in results:
            pair, fact = trial.pair, facts[trial.pair.result]
            about = [trial.row, "yes" if trial.control else "no", pair.number, pair.result, pair.reference or "", pair.person]
            about += [f"{float(fact.fps):g}" if fact.fps else "", fact.sound_hz or "", trimmed_frames(pair, facts)]
            cells = [f"{numbers.values[one]:.6g}" if one in numbers.values else "" for one in columns]
            writer.writerow([*about, *cells, numbers.heard, "; ".join(numbers.notes)])


def _write_table(path: Path, table: Protocol, rows: Sequence[Row], said: Sequence[str]) -> None:
    data = {"table": table.name, "title": table.title, "rows": [asdict(row) for row in rows], "said": list(said)}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
