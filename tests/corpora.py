"""A corpus small enough for a test: two voices that hum one pitch each."""

from pathlib import Path

import numpy as np

from jamflow.data.corpus import ShardWriter, shards
from jamflow.data.features import prepare
from jamflow.mel_format import MelFormat

MEL = MelFormat()

PITCH_HZ = {"low": 150.0, "high": 1200.0}
SYMBOLS = ["_", "m", "ɑ", "b", "ˈu", "_"]


def make_corpus(root: Path, utterances: int = 6) -> Path:
    """Each utterance is 1.5 to 2 s long, a whole number of mel frames; returns `root`, features prepared."""
    rng = np.random.default_rng(0)
    writer = ShardWriter(root / "shard-0")
    for i in range(utterances):
        voice = ("low", "high")[i % 2]
        samples = int(rng.uniform(1.5, 2.0) * MEL.sample_rate_hz) // MEL.hop * MEL.hop
        time_s = np.arange(samples) / MEL.sample_rate_hz
        wave = 0.3 * np.sin(2 * np.pi * PITCH_HZ[voice] * time_s) + 0.001 * rng.standard_normal(samples)
        ends = np.linspace(0, samples / MEL.sample_rate_hz, len(SYMBOLS) + 1)
        phones = [(s, float(a), float(b)) for s, a, b in zip(SYMBOLS, ends[:-1], ends[1:], strict=True)]
        writer.add(wave.astype(np.float32), f"text {i}", voice, phones)
    writer.close()
    for shard in shards(root):
        prepare(shard, MEL)
    return root
