"""The voices of the mini corpus: a few teachers, and morphs of them.

Not all of these are different people to a speaker-verification model: morphs of one teacher lie closer
together than two people do (see the model card).
"""

import random
from dataclasses import dataclass, field

from teachers import Morph


@dataclass(frozen=True)
class Voice:
    name: str
    share: float  # of all utterances made with its teacher
    morph: Morph = field(default_factory=Morph)
    mix: tuple[tuple[str, float], ...] = ()  # Kokoro voices and weights; empty: hibari


HELD_OUT = ("hibari-07", "hibari-19", "kokoro-3")  # never trained on, for measuring voice similarity


def hibari_voices(n: int = 120, seed: int = 0) -> list[Voice]:
    """hibari's own voice and a deep one, which are heard most, and a bank of morphs."""
    rng = random.Random(seed)
    bank = [
        Voice("heart", 0.25),
        Voice("cedar", 0.12, Morph(warp=0.86, f0=0.56, f0_range=0.95)),
    ]
    for i in range(n):
        low = i % 2 == 0
        morph = Morph(
            warp=round(rng.uniform(0.83, 0.95) if low else rng.uniform(0.95, 1.1), 3),
            f0=round(rng.uniform(0.5, 0.72) if low else rng.uniform(0.8, 1.2), 3),
            f0_range=round(rng.uniform(0.75, 1.2), 2),
            tilt_db=round(rng.uniform(-2.0, 1.5), 2),
            breath=round(rng.uniform(-0.4, 0.7), 2),
            varispeed=round(rng.uniform(0.9, 1.1), 3),
        )
        bank.append(Voice(f"hibari-{i:02d}", 0.63 / n, morph))
    return bank


def kokoro_voices() -> list[Voice]:
    """Four people and two mixtures of them."""
    return [
        Voice("kokoro-0", 0.3, mix=(("jm_kumo", 1.0),)),
        Voice("kokoro-1", 0.15, mix=(("jf_gongitsune", 1.0),)),
        Voice("kokoro-2", 0.15, mix=(("jf_tebukuro", 1.0),)),
        Voice("kokoro-3", 0.05, mix=(("jf_nezumi", 1.0),)),
        Voice("kokoro-4", 0.2, Morph(varispeed=1.1), (("jm_kumo", 0.7), ("jf_gongitsune", 0.3))),
        Voice("kokoro-5", 0.15, Morph(varispeed=0.9), (("jm_kumo", 1.0),)),
    ]
