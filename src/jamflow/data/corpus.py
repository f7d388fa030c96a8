"""The corpus on disk: shards of speech with phoneme times, written once and read by memory map.

A shard is a folder with two files. `wave.npy` has the samples of all utterances one after the other, int16 at the rate of the
model that is trained. `utterances.jsonl` has one utterance a line: text, voice, first sample, number of samples, phones.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Utterance:
    """One spoken sentence. phones: (symbol, start in seconds, end in seconds), without gaps."""

    text: str
    voice: str
    first: int
    samples: int
    phones: list[tuple[str, float, float]]


class ShardWriter:
    """Add utterances, then `close`. The shard gets its name only when it is whole."""

    def __init__(self, folder: Path):
        self._final = folder
        self._part = folder.with_name(folder.name + ".part")
        self._part.mkdir(parents=True, exist_ok=True)
        self._index = (self._part / "utterances.jsonl").open("w", encoding="utf-8")
        self._waves: list[np.ndarray] = []
        self.samples = 0

    def add(self, wave: np.ndarray, text: str, voice: str, phones: list[tuple[str, float, float]]) -> None:
        """wave: (samples,) float32 in [-1, 1]."""
        utterance = Utterance(text, voice, self.samples, len(wave), phones)
        self._index.write(json.dumps(asdict(utterance), ensure_ascii=False) + "\n")
        self._waves.append(np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16))
        self.samples += len(wave)

    def close(self) -> None:
        self._index.close()
        np.save(self._part / "wave.npy", np.concatenate(self._waves))
        self._part.rename(self._final)


class Shard:
    """Read access to one shard."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.wave = np.load(folder / "wave.npy", mmap_mode="r")
        lines = (folder / "utterances.jsonl").read_text(encoding="utf-8").splitlines()
        self.utterances = [Utterance(**json.loads(line)) for line in lines]

    def samples(self, utterance: Utterance) -> np.ndarray:
        """(samples,) float32 in [-1, 1]."""
        part = self.wave[utterance.first : utterance.first + utterance.samples]
        return part.astype(np.float32) / 32767


def shards(root: Path) -> Iterator[Shard]:
    """All whole shards below a folder, in the order of their names."""
    for index in sorted(root.glob("*/utterances.jsonl")):
        if not index.parent.name.endswith(".part"):
            yield Shard(index.parent)
