"""Voices to speak in, each with recordings to speak from or to compare with. Only those with names has `mini` heard before.

Teachers' voices are made anew (recipes/mini): those the corpus holds out, further morphs and mixtures of the same making, and the
voices of the corpus itself, which only stand beside them. Voices with names are compared with what their teacher says. Real
voices come from a folder with manifests (speech/, clips/).
"""

import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.shared.clips import manifest
from jamflow.speech.level import to_model_level
from jamflow.speech.waveform import write_wave
from jamflow.voices.named import NamedVoice

RECIPE = Path(__file__).parents[2] / "recipes" / "mini"
SECONDS = (2.5, 30.0)  # of a real recording that serves as a reference
SAID = (
    "She opened the letter slowly, read it twice, and put it back into the drawer without a word.",
    "When the rain finally stopped, the children ran down to the river to look for frogs.",
    "You can leave your bicycle behind the house, nobody will touch it there before tomorrow.",
    "The last train to the coast was late again, so we walked along the harbour until midnight.",
    "After a long winter the first warm evening brings everybody out into the streets.",
)  # of the references; in neither sentences.txt nor the corpus


@dataclass(frozen=True)
class Speaker:
    """reference: what is spoken from; said: what is said in it, if known; again: other recordings of the same voice.

    named: the voice of the model that is asked for by its name; the reference is then its teacher, and only compared with.
    """

    name: str
    reference: Path
    said: str | None
    again: tuple[Path, ...]
    named: bool = False


def teachers_voices(folder: Path, sentences: list[str], unseen: int) -> tuple[list[Speaker], list[Speaker]]:
    """Held-out voices (`unseen` morphs more than the corpus holds out), who say `sentences` too; and voices of the corpus."""
    sys.path.insert(0, str(RECIPE))
    from hibari.g2p import G2P
    from teachers import HibariTeacher, KokoroTeacher, Morph  # type: ignore[import-not-found]

    from voices import HELD_OUT, Voice, hibari_voices, kokoro_voices  # type: ignore[import-not-found]

    corpus = hibari_voices(wide=0) + kokoro_voices(mixed=0)
    held_out = [v for v in corpus if v.name in HELD_OUT]
    held_out += [Voice(name, 0, mix=((name, 1.0),)) for name in HELD_OUT if not name.startswith("hibari")]
    held_out += [replace(voice, name=f"unseen-{voice.name}") for voice in hibari_voices(unseen, wide=0, seed=1)[2:]]
    held_out += [
        Voice("unseen-kokoro-0", 0, mix=(("am_eric", 0.5), ("bf_lily", 0.5))),
        Voice("unseen-kokoro-1", 0, Morph(varispeed=0.9), (("bf_lily", 1.0),)),
        Voice("unseen-kokoro-2", 0, mix=(("jf_alpha", 1.0),)),
        Voice("unseen-kokoro-3", 0, mix=(("hm_omega", 1.0),)),
    ]
    others = [v for v in corpus if v.name not in HELD_OUT]
    american, british, hibari, kokoro = G2P(british=False), G2P(british=True), HibariTeacher(), KokoroTeacher()

    def say(voice: Voice, text: str, name: str) -> Path:
        path = folder / voice.name / f"{name}.wav"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng(0)
            phonemes = (british if voice.british else american)(text)
            wave, _ = kokoro(phonemes, dict(voice.mix), voice.morph) if voice.mix else hibari(phonemes, voice.morph, noise)
            write_wave(path, to_model_level(wave), 24_000)
        return path

    def speaker(number: int, voice: Voice, more: list[str]) -> Speaker:
        said = SAID[number % len(SAID)]
        again = tuple(say(voice, text, f"sentence-{i}") for i, text in enumerate(more))
        return Speaker(voice.name, say(voice, said, "reference"), said, again)

    return [speaker(i, v, sentences) for i, v in enumerate(held_out)], [speaker(i, v, []) for i, v in enumerate(others)]


def models_voices(folder: Path, named: Iterable[NamedVoice], sentences: list[str]) -> list[Speaker]:
    """The voices that a model knows by name, beside the teacher that each was learnt from, who says `sentences` too."""
    sys.path.insert(0, str(RECIPE))
    from hibari.g2p import G2P
    from teachers import KokoroTeacher, Morph  # type: ignore[import-not-found]

    kokoro, speakers = KokoroTeacher(), []
    for number, voice in enumerate(named):
        g2p, paths = G2P(british=voice.accent == "British"), []
        for name, text in [
            ("reference", SAID[number % len(SAID)]),
            *((f"sentence-{i}", text) for i, text in enumerate(sentences)),
        ]:
            paths.append(folder / voice.name / f"{name}.wav")
            paths[-1].parent.mkdir(parents=True, exist_ok=True)
            wave, _ = kokoro(g2p(text), {voice.origin.split()[-1]: 1.0}, Morph())
            write_wave(paths[-1], to_model_level(wave), 24_000)
        speakers.append(Speaker(voice.name, paths[0], None, tuple(paths[1:]), named=True))
    return speakers


def real_voices(data: Path, most: int) -> list[Speaker]:
    """One speaker per person, English where the manifests know, those with several recordings first."""
    files: dict[str, list[tuple[Path, str | None]]] = defaultdict(list)
    for folder in ("speech", "clips"):
        for row in manifest(data / folder):
            person = row.get("person") or _person(row["file"])
            if person and row["language"] == "en" and SECONDS[0] <= float(row["duration_s"]) <= SECONDS[1]:
                files[person].append((data / folder / row["file"], row["transcript"] or None))
    ordered = sorted(files.items(), key=lambda item: (len(item[1]) == 1, item[0]))
    return [Speaker(person, found[0][0], found[0][1], tuple(path for path, _ in found[1:5])) for person, found in ordered[:most]]


def _person(file: str) -> str | None:
    """Who speaks in a file of speech/, told by its name; None where it does not tell or noise was added."""
    parts = Path(file).stem.split("_")
    known = {"ljspeech": 1, "librispeech": 2, "vctk": 2, "speechbrain": 2, "hdtf": 2, "kdtalker": 3, "f5": 2, "jfk": 1}
    return "_".join(parts[: known[parts[0]]]) if parts[0] in known else None
