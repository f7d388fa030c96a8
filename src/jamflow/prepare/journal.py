"""What became of each clip, one line a clip, written when it is done. It is how a run that was stopped goes on.

A line that was being written when the program was killed has no end; it is cut off, and its clip is prepared again.
"""

import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jamflow.prepare.verdicts import Verdict


@dataclass(frozen=True)
class Entry:
    """One clip.

    Attributes:
        key: `Clip.key`; the name of the clip's folder while its stretches wait for their shard.
        file: the path that was given, for people.
        sha256: of the file.
        speaker, licence, origin: see `Clip`.
        verdicts: of its stretches, in no order in time.
    """

    key: str
    file: str
    sha256: str
    speaker: str
    licence: str
    origin: str
    verdicts: tuple[Verdict, ...]


class Journal:
    """Entries by key, in a file that only grows."""

    def __init__(self, path: Path):
        self.entries: dict[str, Entry] = {}
        whole = 0
        if path.exists():
            data = path.read_bytes()
            whole = data.rfind(b"\n") + 1
            for line in data[:whole].decode("utf-8").splitlines():
                entry = _entry(json.loads(line))
                self.entries[entry.key] = entry
            if whole < len(data):
                os.truncate(path, whole)
        self._file = path.open("ab", buffering=0)

    def add(self, entry: Entry) -> None:
        """Remember an entry for good. Raises OSError where there is no room; then the file is as before."""
        data = {**vars(entry), "verdicts": [verdict.as_data() for verdict in entry.verdicts]}
        line = json.dumps(data, ensure_ascii=False).encode() + b"\n"
        before = self._file.seek(0, os.SEEK_END)
        try:
            if self._file.write(line) != len(line):  # the disk is full, which the next byte would say
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError:
            os.truncate(self._file.name, before)
            raise
        self.entries[entry.key] = entry

    def close(self) -> None:
        self._file.close()


def _entry(data: dict[str, Any]) -> Entry:
    return Entry(**{**data, "verdicts": tuple(Verdict.of(verdict) for verdict in data["verdicts"])})
