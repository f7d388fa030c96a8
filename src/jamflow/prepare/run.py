"""The whole run: clips from sources, verdicts in the journal, shards, the report.

A run can be ended at any point, also by kill -9; started again it goes on, and makes the same shards as if it had not been ended.
Shards are made when all clips are done, from a plan that is written first.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from jamflow.data.corpus import ShardFacts
from jamflow.errors import UserError
from jamflow.mel_format import MelFormat
from jamflow.prepare.clip import Clip, sha256_of
from jamflow.prepare.fingerprint import Known
from jamflow.prepare.jobs import ClipJob, Done, Packed, PackJob
from jamflow.prepare.journal import Entry
from jamflow.prepare.licences import may_ship
from jamflow.prepare.readers import read_clips
from jamflow.prepare.report import write_report
from jamflow.prepare.settings import Settings
from jamflow.prepare.shelf import Shelf, opened
from jamflow.prepare.tools import refuse_missing_tools
from jamflow.prepare.verdicts import Verdict
from jamflow.prepare.workers import Job, Workers

SHARD_S = 1800.0
"""A shard is full when it has so many seconds."""

Progress = Callable[[float, float], None]
"""Megabytes of sources done, and of all."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Attributes:
        counts: stretches by reason.
        kept_s: seconds of what is kept, of these sources.
        shards: names of all shards in the folder that these sources are in.
        non_commercial: some of it marks the models that are trained on it.
        report: the page.
    """

    counts: dict[str, int]
    kept_s: float
    shards: tuple[str, ...]
    non_commercial: bool
    report: Path


def prepare_sources(
    sources: Sequence[str | Path],
    folder: Path,
    settings: Settings,
    workers: Workers,
    allow_noncommercial: bool = False,
    licence: str = "",
    progress: Progress | None = None,
) -> Outcome:
    """Prepares all clips of some sources; see the module.

    Args:
        folder: of the shards; what is in it stays, and only what is new is added.
        allow_noncommercial: keep what may not be shipped, in shards that are marked.
        licence: of clips whose source states none.

    Raises:
        UserError: a source cannot be read, what the settings need is not installed, nothing can be kept, the disk is full
            (nothing is lost then), the folder's shards are of another model, or another run works there.
    """
    refuse_missing_tools(settings)
    clips = [clip for source in sources for clip in read_clips(source)]
    clips = [clip if clip.licence else replace(clip, licence=licence) for clip in clips]
    with opened(folder, settings) as shelf:
        _pack(shelf, workers, shelf.plan())  # what was planned before goes first
        entries = _prepared(clips, shelf, settings, workers, allow_noncommercial, progress)
        entries = _planned(entries, shelf, settings)
        _pack(shelf, workers, shelf.plan())
        shelf.all_packed()
        packed = shelf.packed()
        write_report(shelf.report, entries, shelf.examples)
    return _outcome(entries, packed, shelf.report, allow_noncommercial)


def _prepared(
    clips: Sequence[Clip],
    shelf: Shelf,
    settings: Settings,
    workers: Workers,
    allow_noncommercial: bool,
    progress: Progress | None,
) -> list[Entry]:
    """An entry for every clip, in their order."""
    sizes = [_bytes(clip.path) for clip in clips]
    entries: list[Entry | None] = [None] * len(clips)
    settled = shelf.packed().keys() | shelf.duplicates().keys()
    numbers: dict[Path, int] = {}  # by the folder of the job
    shas: dict[int, str] = {}
    seen: dict[tuple[Any, ...], str] = {}
    finished, whole = 0, sum(sizes)

    def done(number: int, entry: Entry) -> None:
        nonlocal finished
        entries[number] = entry
        finished += sizes[number]
        if progress:
            progress(finished / 1e6, whole / 1e6)

    def jobs() -> Iterator[Job]:
        for number, clip in enumerate(clips):
            if not allow_noncommercial and not may_ship(clip.licence):
                done(number, _refused(clip, "licence", clip.licence or "no licence is stated"))
                continue
            try:
                sha = sha256_of(clip.path)
            except OSError as error:
                done(number, _refused(clip, "missing", error.strerror or str(error)))
                continue
            same = sha, clip.span_s
            if same in seen:
                done(number, _refused(clip, "duplicate", f"the same file as {seen[same]}"))
                continue
            seen[same] = str(clip.path)
            key = clip.key(sha, settings.as_data())
            known = shelf.journal.entries.get(key)
            if known is not None and shelf.is_done(known, settled):
                done(number, replace(known, file=str(clip.path)))
                continue
            shas[number] = sha
            numbers[shelf.clip(key)] = number
            yield ClipJob(clip, shelf.clip(key))

    for job, result in workers.map(jobs()):
        assert isinstance(job, ClipJob)
        number = numbers[job.folder]
        if result is None:
            result = Done(((Verdict("crashed"), None),))
        _refuse_full(result, shelf)
        verdicts = tuple(verdict for verdict, _ in result.verdicts)
        clip = job.clip
        entry = Entry(job.folder.name, str(clip.path), shas[number], clip.speaker, clip.licence, clip.origin, verdicts)
        try:
            for verdict, picture in result.verdicts:
                if picture is not None:
                    shelf.keep_example(verdict.reason, picture)
            shelf.journal.add(entry)
        except OSError as error:
            raise _full(shelf) from error
        done(number, entry)
    return [entry for entry in entries if entry is not None]


def _planned(entries: list[Entry], shelf: Shelf, settings: Settings) -> list[Entry]:
    """Writes the plan for what is in no shard yet; the entries again, in which sounds that are there twice are refused."""
    packed, duplicates = shelf.packed(), shelf.duplicates()
    known = Known()
    for entry in shelf.journal.entries.values():
        for verdict in entry.verdicts:
            if f"{entry.key}/{verdict.file}" in packed:
                known.find_or_add(verdict.fingerprint, entry.file)
    out, waiting = [], []
    for entry in entries:
        verdicts = []
        for verdict in entry.verdicts:
            name = f"{entry.key}/{verdict.file}"
            if verdict.kept and name not in packed:
                twin = None if name in duplicates else known.find_or_add(verdict.fingerprint, entry.file)
                if twin is not None:
                    duplicates[name] = f"the same sound as in {twin}"
                if name in duplicates:
                    verdict = verdict.because("duplicate", duplicates[name])
                else:
                    waiting.append((entry, verdict))
            verdicts.append(verdict)
        out.append(replace(entry, verdicts=tuple(verdicts)))
    try:
        shelf.write_plan(_shards(waiting, packed, settings), duplicates)
    except OSError as error:
        raise _full(shelf) from error
    return out


def _shards(waiting: list[tuple[Entry, Verdict]], packed: dict[str, str], settings: Settings) -> list[dict[str, Any]]:
    """What goes to which shard, as data. What may not be shipped has shards of its own."""
    plan: list[dict[str, Any]] = []
    for marked, kind in ((False, "shard"), (True, "shard-nc")):
        number = 1 + max(
            (int(name.rpartition("-")[2]) for name in packed.values() if name.rpartition("-")[0] == kind), default=-1
        )
        full_s = SHARD_S
        for entry, verdict in waiting:
            if may_ship(entry.licence) == marked:
                continue
            if full_s >= SHARD_S:
                plan.append(
                    {
                        "name": f"{kind}-{number:04d}",
                        "marked": marked,
                        "motion": settings.motion,
                        "mel": asdict(settings.mel),
                        "pieces": [],
                    }
                )
                number, full_s = number + 1, 0.0
            more = {"licence": entry.licence, "origin": entry.origin, "source": entry.sha256}
            plan[-1]["pieces"].append({"key": entry.key, "file": verdict.file, "more": more})
            full_s += verdict.seconds
    return plan


def _pack(shelf: Shelf, workers: Workers, plan: list[dict[str, Any]]) -> None:
    """Makes the shards of a plan that are not there yet."""
    jobs = []
    for number, shard in enumerate(plan):
        facts = ShardFacts(motion_space=shard["motion"], mel=MelFormat(**shard["mel"]), non_commercial=shard["marked"])
        pieces = tuple(
            Packed(shelf.clip(piece["key"]) / piece["file"], f"{piece['key']}/{piece['file']}", piece["more"])
            for piece in shard["pieces"]
        )
        jobs.append(PackJob(shelf.folder / shard["name"], facts, pieces, number))
    for job, result in workers.map(jobs):
        if result is None:
            raise UserError(f"The shard {job.folder} could not be made: its worker was ended.", "Start again with fewer --jobs.")
        _refuse_full(result, shelf)


def _refused(clip: Clip, reason: str, detail: str) -> Entry:
    return Entry("", str(clip.path), "", clip.speaker, clip.licence, clip.origin, (Verdict(reason, detail),))


def _refuse_full(result: Done, shelf: Shelf) -> None:
    if result.no_room:
        raise _full(shelf)


def _full(shelf: Shelf) -> UserError:
    return UserError(
        f"There is no room on the disk for {shelf.folder}; what is done so far is kept.", "Free some and start the same again."
    )


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


def _outcome(entries: list[Entry], packed: dict[str, str], report: Path, allow_noncommercial: bool) -> Outcome:
    counts = Counter(verdict.reason for entry in entries for verdict in entry.verdicts)
    kept = [(entry, verdict) for entry in entries for verdict in entry.verdicts if verdict.kept]
    if not kept:
        raise UserError(f"None of the {len(entries)} clips can be kept: {counted(counts)}.", _hint(entries, report))
    names = sorted({packed[f"{entry.key}/{verdict.file}"] for entry, verdict in kept})
    marked = any(not may_ship(entry.licence) for entry, _ in kept)
    return Outcome(dict(counts), sum(verdict.seconds for _, verdict in kept), tuple(names), marked, report)


def counted(counts: Counter[str] | dict[str, int]) -> str:
    """Reasons with their numbers, the most frequent first: "12 kept, 3 no face"."""
    return ", ".join(f"{count} {reason}" for reason, count in Counter(counts).most_common())


def _hint(entries: list[Entry], report: Path) -> str:
    refused = {verdict.reason for entry in entries for verdict in entry.verdicts}
    if refused == {"licence"} and not any(entry.licence for entry in entries):
        return "State it: by --licence, or in a column licence of the manifest; or use --allow-noncommercial."
    return f"See {report}."
