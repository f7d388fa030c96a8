"""The folder of shards while it is worked in: who works there, the journal, and what waits to be packed.

SHARDS/shard-0000/ ...       whole shards
SHARDS/report.html           what is in there
SHARDS/.prepare/journal.jsonl  what became of every clip (`journal.py`)
SHARDS/.prepare/clips/KEY/   stretches that wait for their shard
SHARDS/.prepare/plan.json    which stretches go to which shard; there from the first shard to the last
SHARDS/.prepare/duplicates.json  stretches that go to none
SHARDS/.prepare/pictures/    examples for the report
"""

import json
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jamflow.data.corpus import refuse_other, shards
from jamflow.errors import UserError
from jamflow.media.files import replacing
from jamflow.prepare.jobs import PACKED
from jamflow.prepare.journal import Entry, Journal
from jamflow.prepare.settings import Settings

_EXAMPLES = 8  # pictures of each reason


class Shelf:
    """Make it with `opened`."""

    def __init__(self, folder: Path, journal: Journal):
        self.folder = folder
        self.journal = journal
        self._own = folder / ".prepare"
        self._plan = self._own / "plan.json"
        self._duplicates = self._own / "duplicates.json"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def clip(self, key: str) -> Path:
        """Where the stretches of a clip are until they are packed."""
        return self._own / "clips" / key

    def packed(self) -> dict[str, str]:
        """The shard of every piece ("KEY/FILE") that is in one."""
        out: dict[str, str] = {}
        for file in sorted(self.folder.glob(f"*/{PACKED}")):
            if not file.parent.name.startswith("."):
                out |= dict.fromkeys(json.loads(file.read_text(encoding="utf-8")), file.parent.name)
        return out

    def is_done(self, entry: Entry, settled: Collection[str]) -> bool:
        """Whether all that was kept of a clip is still there, or `settled`: in a shard, or a duplicate."""
        names = [verdict.file for verdict in entry.verdicts if verdict.kept]
        return all(f"{entry.key}/{name}" in settled or (self.clip(entry.key) / name).is_file() for name in names)

    def duplicates(self) -> dict[str, str]:
        """Pieces ("KEY/FILE") whose sound was in another one, and a sentence on that."""
        return json.loads(self._duplicates.read_text(encoding="utf-8")) if self._duplicates.exists() else {}

    def plan(self) -> list[dict[str, Any]]:
        """What was going to be packed when the program was stopped; empty if nothing was."""
        return json.loads(self._plan.read_text(encoding="utf-8")) if self._plan.exists() else []

    def write_plan(self, plan: list[dict[str, Any]], duplicates: dict[str, str]) -> None:
        """From now on this is packed, whatever happens to the program."""
        for path, content in ((self._duplicates, duplicates), (self._plan, plan)):
            with replacing(path) as file:
                file.write_text(json.dumps(content), encoding="utf-8")

    def all_packed(self) -> None:
        """Removes the plan and what waited."""
        self._plan.unlink(missing_ok=True)
        shutil.rmtree(self._own / "clips", ignore_errors=True)

    def keep_example(self, reason: str, picture: bytes) -> None:
        """A picture for the report, if there are not enough of this reason."""
        folder = self._own / "pictures" / reason.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        count = len(list(folder.glob("*.jpg")))
        if count < _EXAMPLES:
            with replacing(folder / f"{count}.jpg") as file:
                file.write_bytes(picture)

    def examples(self, reason: str) -> list[bytes]:
        folder = self._own / "pictures" / reason.replace(" ", "-")
        return [file.read_bytes() for file in sorted(folder.glob("*.jpg"))]


@contextmanager
def opened(folder: Path, settings: Settings) -> Iterator[Shelf]:
    """The shelf, for one run at a time.

    Raises:
        UserError: the folder cannot be made, another run works there, or its shards are of another model.
    """
    own = folder / ".prepare"
    try:
        own.mkdir(parents=True, exist_ok=True)
        lock = (own / "lock").open("w")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"The folder {folder} cannot be made.", f"Choose another one ({reason}).") from error
    with lock:
        _lock(lock.fileno(), folder)
        refuse_other(shards(folder), settings.mel, settings.motion)
        for part in [*folder.glob(".*.part"), *own.glob("clips/.*.part")]:
            shutil.rmtree(part, ignore_errors=True)
        journal = Journal(own / "journal.jsonl")
        try:
            yield Shelf(folder, journal)
        finally:
            journal.close()


def _lock(file: int, folder: Path) -> None:
    """UserError if another program holds it. The system lets go of it when this one ends, in whatever way."""
    try:
        import fcntl
    except ImportError:  # Windows: nothing stops two runs in one folder
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise UserError(f"Another run works in {folder}.", "Wait for its end, or choose another folder.") from error
