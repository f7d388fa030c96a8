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
    mix: tuple[tuple[str, float], ...] = ()  # voices of Kokoro or flite, with weights; empty: hibari

    @property
    def british(self) -> bool:
        """Whether it reads the British pronunciation. Mixtures of both accents read the American one."""
        return self.name.startswith(("bf_", "bm_"))


HELD_OUT = ("hibari-07", "hibari-19", "am_eric", "bf_lily")  # never trained on, for measuring voice similarity


def hibari_voices(n: int = 28, wide: int = 800, seed: int = 0) -> list[Voice]:
    """hibari's own voice and a deep one, which are heard most, a bank of morphs and a bank of further ones, each heard little."""
    rng = random.Random(seed)
    bank = [
        Voice("heart", 0.20),
        Voice("cedar", 0.10, Morph(warp=0.86, f0=0.56, f0_range=0.95)),
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
        bank.append(Voice(f"hibari-{i:02d}", 0.20 / n, morph))
    for i in range(wide):
        morph = Morph(
            warp=round(rng.uniform(0.8, 1.15), 3),
            f0=round(rng.uniform(0.45, 1.35), 3),
            f0_range=round(rng.uniform(0.7, 1.3), 2),
            tilt_db=round(rng.uniform(-4.0, 3.0), 2),
            breath=round(rng.uniform(-0.6, 1.0), 2),
            varispeed=round(rng.uniform(0.85, 1.2), 3),
        )
        bank.append(Voice(f"wide-{i:03d}", 0.5 / wide, morph))
    return bank


# Kokoro's English voices (a: American, b: British, f: women, m: men) but for af_nicole, who whispers, and the two held out.
_BY_KIND = {
    "af": "heart alloy aoede bella jessica kore nova river sarah sky",
    "am": "adam echo fenrir liam michael onyx puck santa",
    "bf": "alice emma isabella",
    "bm": "daniel fable george lewis",
}
ENGLISH = [f"{kind}_{name}" for kind, names in _BY_KIND.items() for name in names.split()]


def kokoro_voices(mixed: int = 160, seed: int = 1) -> list[Voice]:
    """Kokoro's English voices, and mixtures of two or three of them, which are heard less."""
    rng = random.Random(seed)
    people = [Voice(name, 0.6 / len(ENGLISH), mix=((name, 1.0),)) for name in ENGLISH]
    for i in range(mixed):
        names = rng.sample(ENGLISH, rng.choice((2, 2, 3)))
        parts = [rng.uniform(0.3, 1.0) for _ in names]
        mix = tuple((name, round(part / sum(parts), 3)) for name, part in zip(names, parts, strict=True))
        people.append(Voice(f"kmix-{i:03d}", 0.4 / mixed, Morph(varispeed=round(rng.uniform(0.87, 1.16), 3)), mix))
    return people


def flite_voices(varied: int = 30, seed: int = 2) -> list[Voice]:
    """Three people, and each of them larger and smaller, which is heard little."""
    rng = random.Random(seed)
    people = [Voice(f"flite-{name}", 0.2, mix=((name, 1.0),)) for name in ("slt", "rms", "awb")]
    for i in range(varied):
        morph = Morph(varispeed=round(rng.uniform(0.88, 1.15), 3))
        people.append(Voice(f"flite-{i:02d}", 0.4 / varied, morph, people[i % 3].mix))
    return people
