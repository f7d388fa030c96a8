"""Are hands, microphones and masks in front of a mouth seen, and nothing else?

Three tables. Frames of clips as they are: how many are called covered. The same people with a cover that is drawn over the
frames, comes, stays and goes: how many are seen, by the share of the lips that is hidden. And single pictures: portraits and a
frame of each person, as they are and covered. People are in two halves by a hash of their name.
Frames in which the head is turned by over 40 degrees (portraits: 30) do not count. Needs the extra `dev`.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import tyro

from benchmarks.shared.clips import manifest, mp4_files
from benchmarks.shared.covers import KINDS, MASKS, Kind, away, drawn, hidden_lips, style
from benchmarks.shared.options import Output
from benchmarks.shared.report import Report
from jamflow.face.canonical import CanonicalFace, load_canonical
from jamflow.face.covered import MouthLook, covered, mouth_look
from jamflow.face.follow import Follower
from jamflow.face.pose import fit_error_cm, fit_pose
from jamflow.face.select import HUMAN_ERROR_CM, MAX_YAW_DEG, MIN_HEIGHT_PX
from jamflow.face.tracker import Face, FaceTracker
from jamflow.face.usable import HEIGHT_MIN_PX
from jamflow.media.image import read_image
from jamflow.media.video_reader import read_video

_YAW_MAX_DEG = 40.0
_SHARES = {"part": (0.05, 0.5), "most": (0.5, 0.95), "all": (0.95, 1.01)}  # of the lips that are hidden
_LONGER_PX = 1300  # larger frames are halved before covers are drawn
# Hands come in more ways than masks.
_TRIED: tuple[Kind, ...] = ("hand", "hand", "fist", "fist", "microphone", "microphone", *MASKS)
_STILL = 8  # number of the frame that is taken as a picture


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    clips: tyro.conf.Positional[Path]
    """A folder of short mp4 files of one face each, with or without a manifest.csv."""
    portraits: tyro.conf.Positional[Path]
    """A folder of pictures (.jpg)."""
    frames: int = 44
    """Every second frame of a clip, so many."""
    covered_frames: int = 54
    """Frames with a cover: the first ones, all of them."""
    count: int = 72
    """How many people get a cover."""


class Counts:
    """How often, of how often, by some key."""

    def __init__(self):
        self._of: dict[tuple, np.ndarray] = defaultdict(lambda: np.zeros(2, int))

    def add(self, key: tuple, yes_t: np.ndarray) -> None:
        self._of[key] += [int(yes_t.sum()), len(yes_t)]

    def __getitem__(self, key: tuple) -> str:
        yes, of = self._of[key].tolist()
        return f"{yes} of {of}" if of else ""


def run(options: Options, report: Report) -> None:
    finder, canonical = FaceTracker(), load_canonical()
    people = {row["file"]: row["person"] for row in manifest(options.clips)}
    clips = [(path, people.get(path.name, path.stem)) for path in mp4_files(options.clips)]
    _plain(options, clips, finder, canonical, report)
    _with_covers(options, clips, finder, canonical, report)
    _pictures(options, clips, finder, canonical, report)


def _half(person: str) -> int:
    return int(hashlib.md5(person.encode(), usedforsecurity=False).hexdigest(), 16) % 2


def _first_ones(clips: list[tuple[Path, str]]) -> list[tuple[Path, str]]:
    """The first clip of every person."""
    seen: dict[str, Path] = {}
    for path, person in clips:
        seen.setdefault(person, path)
    return [(path, person) for person, path in seen.items()]


def _plain(options: Options, clips: list, finder: FaceTracker, canonical: CanonicalFace, report: Report) -> None:
    counts, wrong = Counts(), defaultdict(list)
    for path, person in clips:
        frames = islice((rgb for _, rgb in read_video(path)), 0, 2 * options.frames, 2)
        hidden, asked = _judged(frames, finder, canonical)
        counts.add((_half(person),), hidden[asked])
        if hidden.any():
            wrong[_half(person)].append(path.stem)
    table = report.table("Frames as they are", {"half": "", "people": "", "called covered": "", "clips": ""})
    for half in (0, 1):
        count = len({person for _, person in clips if _half(person) == half})
        table.add(str(half), str(count), counts[(half,)], ", ".join(wrong[half]))


def _with_covers(options: Options, clips: list, finder: FaceTracker, canonical: CanonicalFace, report: Report) -> None:
    counts = Counts()
    for number, (path, person) in enumerate(_first_ones(clips)[: options.count], 1):
        frames = [_halved(rgb) for _, rgb in islice(read_video(path), options.covered_frames)]
        mask = MASKS[number // 4 % len(MASKS)]
        kind: Kind = ("hand", "microphone", mask, "fist", "microphone", "hand")[number % 6]
        shown, share_t = _covered_frames(frames, kind, number, finder)
        hidden, asked = _judged(shown, finder, canonical)
        for name, (low, high) in _SHARES.items():
            these = asked & (share_t > low) & (share_t <= high)
            counts.add((kind, name, _half(person)), hidden[these])
    columns = [(name, half) for half in (0, 1) for name in _SHARES]
    table = report.table("Covers: frames seen", {"cover": ""} | {f"{name} hidden, half {half}": "" for name, half in columns})
    for kind in KINDS:
        table.add(kind.replace("_", " "), *(counts[(kind, *column)] for column in columns))


def _pictures(options: Options, clips: list, finder: FaceTracker, canonical: CanonicalFace, report: Report) -> None:
    counts, wrong = Counts(), []
    for number, (name, person, rgb) in enumerate(_stills(options, clips)):
        found, rng = finder.find(rgb), np.random.default_rng(number)
        if not found or not _frontal(found[0], canonical):
            continue
        counts.add(("as it is", _half(person)), np.array([_refused(rgb, found[0], canonical)]))
        if _refused(rgb, found[0], canonical):
            wrong.append(name)
        for kind in _TRIED:
            shown, alpha = drawn(rgb, found[0].landmarks_l3, kind, style(kind, rng))
            same = min(finder.find(shown), key=lambda face: _apart(face, found[0]), default=None)
            if same is None or _apart(same, found[0]) > 0.6 or not _frontal(same, canonical):
                continue  # refused in another way
            if hidden_lips(alpha, found[0].landmarks_l3) > 0.9:
                counts.add((kind, _half(person)), np.array([_refused(shown, same, canonical)]))
    table = report.table("Pictures refused", {"picture": "", "half 0": "", "half 1": ""})
    for kind in ("as it is", *KINDS):
        table.add(kind.replace("_", " "), *(counts[(kind, half)] for half in (0, 1)))
    report.details["refused as they are"] = wrong


def _stills(options: Options, clips: list) -> Iterator[tuple[str, str, np.ndarray]]:
    for path in sorted(options.portraits.glob("*.jpg")):
        yield path.stem, path.name, read_image(path)
    for path, person in _first_ones(clips):
        yield path.stem, person, next(islice(read_video(path), _STILL, None))[1]


def _judged(frames: Iterable[np.ndarray], finder: FaceTracker, canonical: CanonicalFace) -> tuple[np.ndarray, np.ndarray]:
    """Which frames are called covered, and in which that is asked."""
    follow, looks, yaws = Follower(finder), [], []
    for rgb in frames:
        face = follow(rgb)
        looks.append(_look(rgb, face))
        yaws.append(0.0 if face is None else float(fit_pose(face, canonical).angles_3[1]))
    asked = np.array([look is not None for look in looks]) & (np.abs(yaws) < _YAW_MAX_DEG)
    return covered(looks, np.array(yaws)), asked


def _look(rgb: np.ndarray, face: Face | None) -> MouthLook | None:
    return None if face is None or face.height_px < HEIGHT_MIN_PX else mouth_look(rgb, face)


def _covered_frames(frames: list, kind: Kind, seed: int, finder: FaceTracker) -> tuple[list[np.ndarray], np.ndarray]:
    """Frames with a cover, and the share of the lips that it hides."""
    follow, how = Follower(finder), style(kind, np.random.default_rng(seed))
    start_s = 0.2 * len(frames) / 25
    stays_s = float(np.clip(0.8 * len(frames) / 25 - 1 - start_s, 0.2, 1))
    shown, shares = [], []
    for number, rgb in enumerate(frames):
        face, away_by = follow(rgb), away(number / 25, start_s, stays_s)
        if face is None or away_by >= 1:
            shown.append(rgb)
            shares.append(0.0)
            continue
        out, alpha = drawn(rgb, face.landmarks_l3, kind, how, away_by)
        shown.append(out)
        shares.append(hidden_lips(alpha, face.landmarks_l3))
    return shown, np.array(shares)


def _halved(rgb: np.ndarray) -> np.ndarray:
    return rgb if max(rgb.shape) <= _LONGER_PX else cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _frontal(face: Face, canonical: CanonicalFace) -> bool:
    return face.height_px >= MIN_HEIGHT_PX and abs(fit_pose(face, canonical).angles_3[1]) <= MAX_YAW_DEG


def _refused(rgb: np.ndarray, face: Face, canonical: CanonicalFace) -> bool:
    human = fit_error_cm(face, fit_pose(face, canonical), canonical) <= HUMAN_ERROR_CM
    return mouth_look(rgb, face).lipless(of_skin=human)


def _apart(one: Face, two: Face) -> float:
    """In heights of the face."""
    return float(np.linalg.norm(one.mesh_v3[:, :2].mean(0) - two.mesh_v3[:, :2].mean(0))) / two.height_px
