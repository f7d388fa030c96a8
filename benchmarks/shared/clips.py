"""Which clips of a folder are measured.

A folder of clips may have a manifest.csv. Its columns that are read: file, person, language, transcript, duration_s,
speaking_score (above 0: the person seen is the one heard), av_offset_frames and av_offset_confidence (how far picture and
sound are apart, in frames of 40 ms, and how sure that is).
"""

import csv
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from jamflow.errors import UserError
from jamflow.media.video_reader import video_facts

FPS = Fraction(25)
SPEAKS = 1.0  # a speaking score from which on nobody else is heard
OFF_FRAMES, SURE = 3.0, 3.0  # out of time, if this is known with more than this confidence


def manifest(folder: Path) -> list[dict[str, str]]:
    """Rows of the folder's manifest.csv; none where it has no such file."""
    path = folder / "manifest.csv"
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def mp4_files(folder: Path) -> list[Path]:
    """All mp4 files of a folder, in alphabetical order.

    Raises:
        UserError: there are none.
    """
    paths = sorted(folder.glob("*.mp4"))
    if not paths:
        raise UserError(f"There is no mp4 file in {folder}.", "Give a folder of short clips of one face each.")
    return paths


def one_a_person(folder: Path, shortest_s: float) -> list[Path]:
    """Clips of 25 frames a second that are in time with their sound, the first of every person.

    Without a manifest, all of 25 frames a second.

    Raises:
        UserError: there are none.
    """
    paths = {path.name: path for path in mp4_files(folder)}
    rows = manifest(folder)
    chosen: dict[str, Path] = {} if rows else paths
    for row in rows:
        off = abs(float(row["av_offset_frames"] or 0)) >= OFF_FRAMES and float(row["av_offset_confidence"] or 0) > SURE
        speaking = float(row["speaking_score"] or 0) >= SPEAKS
        if row["file"] in paths and speaking and not off and float(row["duration_s"]) >= shortest_s:
            chosen.setdefault(row["person"], paths[row["file"]])
    usable = [path for path in chosen.values() if video_facts(path).fps == FPS]
    if not usable:
        raise UserError(f"No clip in {folder} can be used.", "Give clips of 25 frames a second, in time with their sound.")
    return usable


def evenly(paths: Sequence[Path], count: int) -> list[Path]:
    """At most `count` of them: every n-th."""
    return list(paths[:: max(1, len(paths) // count)][:count])


@contextmanager
def video_folder(folder: Path, keep: bool) -> Iterator[Path]:
    """Where videos are written: a folder that stays, or one that does not."""
    if keep:
        yield folder
    else:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)
