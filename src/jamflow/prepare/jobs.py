"""What workers do: prepare a clip, or pack a shard. Each leaves a whole folder under its name, or nothing."""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jamflow.data.corpus import Shard, ShardFacts, ShardWriter
from jamflow.data.features import prepare
from jamflow.prepare.clip import Clip
from jamflow.prepare.verdicts import Verdict
from jamflow.prepare.workbench import Workbench

PACKED = "prepared.json"
"""In a shard's folder: which pieces it has."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Done:
    """What a job came to.

    Attributes:
        verdicts: with a small picture each, where there is one.
        no_room: the disk is full; nothing was left behind.
    """

    verdicts: tuple[tuple[Verdict, bytes | None], ...] = ()
    no_room: bool = False


@dataclass(frozen=True)
class ClipJob:
    """Prepares a clip. Its pieces go to `folder`, which gets its name when all are there."""

    clip: Clip
    folder: Path

    def do(self, bench: Workbench) -> Done:
        return _whole(self.folder, lambda part: Done(tuple(bench.prepare(self.clip, part))))


@dataclass(frozen=True)
class Packed:
    """A piece that waits for its shard. file: where it is; name: what the shard calls it; more: fields of `Utterance`."""

    file: Path
    name: str
    more: dict[str, Any]


@dataclass(frozen=True)
class PackJob:
    """Makes a shard with its features."""

    folder: Path
    facts: ShardFacts
    pieces: tuple[Packed, ...]
    seed: int

    def do(self, bench: Workbench) -> Done:
        def pack(part: Path) -> Done:
            writer = ShardWriter(part / "shard", self.facts)
            for piece in self.pieces:
                with np.load(piece.file) as held:
                    motion = (held["expression"], held["pose"]) if "pose" in held else None
                    writer.add(held["wave"], **json.loads(str(held["meta"])), motion=motion, **piece.more)
            writer.close()
            shard = Shard(part / "shard")
            prepare(shard, self.facts.mel, self.seed)
            (shard.folder / PACKED).write_text(json.dumps([piece.name for piece in self.pieces]), encoding="utf-8")
            for file in shard.folder.iterdir():
                file.rename(part / file.name)
            shard.folder.rmdir()
            return Done()

        return Done() if self.folder.exists() else _whole(self.folder, pack)


def _whole(folder: Path, make: Callable[[Path], Done]) -> Done:
    """What `make` does in a folder of another name, which becomes `folder` at the end."""
    part = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}.part")
    try:
        part.mkdir(parents=True)
        done = make(part)
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed before it could say so
        os.replace(part, folder)
    except OSError as error:
        if error.errno in _NO_ROOM or error.errno is None:  # numpy tells without a number that not all was written
            return Done(no_room=True)
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return done
