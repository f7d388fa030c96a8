"""The corpus on disk: shards of speech and facial motion, written once and read by memory map.

A shard is a folder:

- `wave.npy`: the samples of all utterances one after the other, int16 at the rate of the model that is trained;
- `utterances.jsonl`: one utterance a line, the fields of `Utterance`;
- `motion.npy` and `pose.npy`, where faces were filmed: (F, K, 3) expression and (F, 7) pose, one utterance after the other;
- `shard.json`: what holds for all of them, the fields of `ShardFacts`. Shards without it are older and have sound alone.

Shapes: F motion frames, K key points.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jamflow.errors import UserError
from jamflow.mel_format import MelFormat

VERSION = 1
MOTION_FPS = 25

Span = tuple[str, float, float]
"""A phone or a word, its start and its end in seconds of the utterance."""


@dataclass(frozen=True)
class Utterance:
    """One spoken sentence, or a stretch of speech whose text is unknown.

    Attributes:
        text: what is said; empty if unknown.
        voice: name of the speaker.
        first: first sample in `wave.npy`.
        samples: number of samples.
        phones: without gaps; empty if the text is unknown.
        words: with gaps; empty if their times are unknown.
        licence, origin: of the recording, as its source states them.
        source: SHA-256 of the original file.
        bandwidth_hz: the highest frequency with sound in it; None is all of them.
        motion: first row and number of rows in `motion.npy` and `pose.npy`; None if no face was filmed. Row k is at k / 25 s of
            the utterance.
    """

    text: str
    voice: str
    first: int
    samples: int
    phones: list[Span]
    words: list[Span] = field(default_factory=list)
    licence: str = ""
    origin: str = ""
    source: str = ""
    bandwidth_hz: float | None = None
    motion: tuple[int, int] | None = None


@dataclass(frozen=True)
class ShardFacts:
    """What holds for all utterances of a shard.

    Attributes:
        version: of the format.
        motion_space: the motion space of `motion.npy` ("mesh", "liveportrait"); None if there is no motion.
        mel: sampling of the sound, and the format of features.
        non_commercial: some of it may not be used commercially, or its licence is unknown. It marks every model trained on it.
    """

    version: int = VERSION
    motion_space: str | None = None
    mel: MelFormat = field(default_factory=MelFormat)
    non_commercial: bool = False


class ShardWriter:
    """Add utterances, then `close`. The shard gets its name only when it is whole."""

    def __init__(self, folder: Path, facts: ShardFacts | None = None):
        self._final = folder
        self._facts = facts or ShardFacts()
        self._part = folder.with_name(folder.name + ".part")
        self._part.mkdir(parents=True, exist_ok=True)
        self._index = (self._part / "utterances.jsonl").open("w", encoding="utf-8")
        self._waves: list[np.ndarray] = []
        self._motion: list[tuple[np.ndarray, np.ndarray]] = []
        self._rows = 0
        self.samples = 0

    def add(
        self,
        wave: np.ndarray,
        text: str,
        voice: str,
        phones: list[Span],
        *,
        motion: tuple[np.ndarray, np.ndarray] | None = None,
        **more: Any,
    ) -> None:
        """Append an utterance.

        Args:
            wave: (samples,) float32 in [-1, 1].
            motion: (F, K, 3) expression in the units of the motion space, and (F, 7) pose: pitch, yaw and roll in degrees,
                translation, scale. At 25 frames a second.
            more: further fields of `Utterance`.
        """
        if motion is not None:
            more["motion"] = self._rows, len(motion[0])
            self._rows += len(motion[0])
            self._motion.append((motion[0].astype(np.float32), motion[1].astype(np.float32)))
        utterance = Utterance(text, voice, self.samples, len(wave), phones, **more)
        self._index.write(json.dumps(asdict(utterance), ensure_ascii=False) + "\n")
        self._waves.append(np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16))
        self.samples += len(wave)

    def close(self) -> None:
        self._index.close()
        np.save(self._part / "wave.npy", np.concatenate(self._waves))
        for name, rows in zip(("motion", "pose"), zip(*self._motion, strict=True), strict=False):
            np.save(self._part / f"{name}.npy", np.concatenate(rows))
        (self._part / "shard.json").write_text(json.dumps(asdict(self._facts), indent=1) + "\n", encoding="utf-8")
        self._part.rename(self._final)


class Shard:
    """Read access to one shard."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.facts = _facts(folder)
        self.wave = np.load(folder / "wave.npy", mmap_mode="r")
        lines = (folder / "utterances.jsonl").read_text(encoding="utf-8").splitlines()
        self.utterances = [Utterance(**json.loads(line)) for line in lines]
        filmed = (folder / "motion.npy").exists()
        self._motion = np.load(folder / "motion.npy", mmap_mode="r") if filmed else None
        self._pose = np.load(folder / "pose.npy", mmap_mode="r") if filmed else None

    def samples(self, utterance: Utterance) -> np.ndarray:
        """(samples,) float32 in [-1, 1]."""
        part = self.wave[utterance.first : utterance.first + utterance.samples]
        return part.astype(np.float32) / 32767

    def motion(self, utterance: Utterance) -> tuple[np.ndarray, np.ndarray] | None:
        """(F, K, 3) expression and (F, 7) pose, as in `ShardWriter.add`; on disk until they are read. None if there is none."""
        if utterance.motion is None or self._motion is None or self._pose is None:
            return None
        first, rows = utterance.motion
        return self._motion[first : first + rows], self._pose[first : first + rows]


def shards(root: Path) -> Iterator[Shard]:
    """All whole shards below a folder, in the order of their names."""
    for index in sorted(root.glob("*/utterances.jsonl")):
        if not index.parent.name.endswith(".part"):
            yield Shard(index.parent)


def non_commercial(corpus: Iterable[Shard]) -> bool:
    """Whether a model that is trained on these shards must be marked as non-commercial."""
    return any(shard.facts.non_commercial for shard in corpus)


def refuse_other(corpus: Iterable[Shard], mel: MelFormat, motion_space: str) -> None:
    """Check that shards fit a model.

    Args:
        mel: the model's format.
        motion_space: the name of its motion space. Shards without motion fit every model.

    Raises:
        UserError: a shard was made for another model.
    """
    for shard in corpus:
        mel.refuse_other(f"The shard {shard.folder}", shard.facts.mel)
        space = shard.facts.motion_space
        if space not in (None, motion_space):
            raise UserError(
                f"The shard {shard.folder} has motion of the space {space}, and the model's is {motion_space}.",
                f"Prepare its sources again with --motion {motion_space}, in another folder.",
            )


def _facts(folder: Path) -> ShardFacts:
    """Those of a shard; raises UserError if its format is newer than this program."""
    file = folder / "shard.json"
    if not file.exists():
        return ShardFacts()
    raw = json.loads(file.read_text(encoding="utf-8"))
    if raw["version"] > VERSION:
        raise UserError(f"The shard {folder} has format {raw['version']}, which is newer than this program.", "Update JAM-Flow.")
    return ShardFacts(**{**raw, "mel": MelFormat(**raw["mel"])})
