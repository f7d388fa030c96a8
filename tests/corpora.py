"""A corpus small enough for a test: two voices that hum one pitch each."""

from pathlib import Path

import numpy as np

from jamflow.data.corpus import ShardFacts, ShardWriter, shards
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


def make_talking_corpus(root: Path, shards_n: int = 2, clips: int = 6, space: str = "liveportrait") -> Path:
    """Clips of 1.6 to 3.2 s as `jamflow prepare --motion liveportrait` writes them: a hum whose loudness opens the mouth."""
    rng = np.random.default_rng(1)
    for s in range(shards_n):
        writer = ShardWriter(root / f"shard-{s}", ShardFacts(motion_space=space))
        for i in range(clips):
            frames = int(rng.integers(40, 80))
            samples = frames * MEL.sample_rate_hz // 25
            opening = 0.5 + 0.5 * np.sin(2 * np.pi * 2 * np.arange(frames) / 25 + rng.uniform(0, 6))
            swell = np.interp(np.arange(samples) / MEL.sample_rate_hz, np.arange(frames) / 25, opening)
            wave = 0.3 * swell * np.sin(2 * np.pi * 200 * np.arange(samples) / MEL.sample_rate_hz)
            motion = rng.normal(0, 0.001, (frames, 21, 3)).astype(np.float32)
            motion[:, [14, 17, 19, 20], 1] += 0.02 * opening[:, None]
            pose = np.zeros((frames, 7), np.float32)
            writer.add(wave.astype(np.float32), f"hum number {i}", f"voice-{s}", [], motion=(motion, pose))
        writer.close()
    return root
