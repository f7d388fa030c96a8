"""The voices that `--voice` knows by name: python named_voices.py [--model FOLDER] [--lips RUN] [--default] [--only NAME ...]

Kokoro says a dozen sentences in each voice. Those that sound most like all twelve together, and best, are candidates. The model
speaks with each of them, and the one after which it speaks best becomes the file of the voice. Two changes are kept if it speaks
better then: a British voice reads the American pronunciation (for a model that has hardly heard the British one), and the file
has what the model learns of the voice in the twelve sentences (in low rank). It runs again unchanged after a training: first
`export.py`, then this, then `python -m jamflow.weights`. Needs the extra eval and Resemblyzer, as the benchmark `voice` does
(about half an hour of one core).
"""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hibari.g2p import G2P
from make_corpus import merge_stress
from teachers import SAMPLE_RATE, KokoroTeacher, Morph
from voice_files import Phones, manner, stored

from jamflow.data.features import lips_frames
from jamflow.data.lip_teacher import load_lip_teacher
from jamflow.evaluate.dnsmos import Dnsmos
from jamflow.evaluate.speaker import VoiceEncoder, similarity
from jamflow.evaluate.wer import word_errors
from jamflow.loading.model import LoadedModel, assemble
from jamflow.pipeline import JamFlow
from jamflow.speech.level import to_model_level
from jamflow.speech.mel import LogMel
from jamflow.speech.whisper import Whisper
from jamflow.text.durations import load_durations
from jamflow.voices.adaptation import Adaptation, adapted
from jamflow.voices.low_rank import difference
from jamflow.voices.named import FOLDER, OWN, NamedVoice
from jamflow.voices.phonemes.prompt import adaptation_mel
from jamflow.voices.phonemes.voice_file import load_voice, save_voice

ROOT = Path(__file__).parents[2]
SPEAKERS = {  # the name here: the name at Kokoro
    "bella": "af_bella",
    "emma": "bf_emma",
    "fable": "bm_fable",
    "george": "bm_george",
    "heart": "af_heart",
    "isabella": "bf_isabella",
    "michael": "am_michael",
    "puck": "am_puck",
}
SAID = (
    "We walked along the river until it was dark.",
    "The shop on the corner sells fresh bread every day.",
    "She told me a story about her first journey abroad.",
    "There is a small wooden bridge behind the school.",
    "He usually drinks his coffee without any sugar.",
    "The weather should be much better by Thursday.",
    "They moved the piano into the other room yesterday.",
    "I have never seen so many birds on one roof.",
    "You can put your jacket on the chair over there.",
    "Our train leaves in about twenty minutes from now.",
    "The children were playing quietly with their toys.",
    "Somebody must have left the window open last night.",
)  # not in benchmarks/sentences.txt
TRIED = (
    "My uncle fixed the old radio, and now it plays all day.",
    "Would you please tell her that we are going to be late?",
    "Most of the people in this village have known each other for years.",
    "The judge asked for silence before she read the verdict.",
)  # what candidates say
PROMPT_S = 2.3, 4.3
LEAST_GAIN = 0.02  # in `Heard.worth`, for a British voice that reads American, or a file that is ten times as large


@dataclass(frozen=True)
class Said:
    """One sentence of the teacher."""

    wave: np.ndarray
    phones: Phones


@dataclass(frozen=True)
class Heard:
    """What the model says in a voice: likeness to the teacher (0 to 1), word error rate, DNSMOS."""

    likeness: float
    wer: float
    dnsmos: float

    @property
    def worth(self) -> float:
        """One word of a hundred weighs as much as 0.02 of likeness or 0.1 of DNSMOS."""
        return self.likeness - 2 * self.wer + 0.2 * self.dnsmos


class Ears:
    """Everything that listens."""

    def __init__(self, lips_run: Path | None) -> None:
        self.encoder, self.dnsmos, self.whisper = VoiceEncoder(), Dnsmos(), Whisper()
        self.lip_teacher = None if lips_run is None else load_lip_teacher(lips_run / "lip_teacher.pt")

    def lips(self, wave: np.ndarray) -> np.ndarray | None:
        """(T, C) the lips that the teacher of lips hears, if there is one."""
        if self.lip_teacher is None:
            return None
        (states,) = self.whisper.states([wave], SAMPLE_RATE)
        return self.lip_teacher.lips(states, lips_frames(len(wave), SAMPLE_RATE))

    def voice(self, waves: Sequence[np.ndarray]) -> np.ndarray:
        """(256,) the mean embedding."""
        return np.mean([self.encoder.embed(wave, SAMPLE_RATE) for wave in waves], axis=0)

    def best(self, said: Sequence[Said], count: int) -> list[Said]:
        """The sentences of a fitting length that sound most like all of them and best."""
        whole = self.voice([one.wave for one in said])
        fitting = [one for one in said if PROMPT_S[0] < one.phones[-1][2] < PROMPT_S[1]]

        def worth(one: Said) -> float:
            likeness = similarity(self.encoder.embed(one.wave, SAMPLE_RATE), whole)
            return likeness + 0.2 * self.dnsmos.overall(one.wave, SAMPLE_RATE)

        return sorted(fitting, key=worth, reverse=True)[:count]

    def hear(self, model: JamFlow, voice: str, texts: Sequence[str], teacher: np.ndarray) -> Heard:
        """The model says texts (sentence k with seed k)."""
        waves = [model.tts(text, voice=voice, seed=k).speech.waveform for k, text in enumerate(texts)]
        errors = word_errors(texts, [self.whisper.transcribe(wave, SAMPLE_RATE) for wave in waves])
        likeness = np.mean([similarity(self.encoder.embed(wave, SAMPLE_RATE), teacher) for wave in waves])
        quality = np.mean([self.dnsmos.overall(wave, SAMPLE_RATE) for wave in waves])
        return Heard(round(float(likeness), 3), round(errors.utterance_mean, 4), round(float(quality), 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ROOT / "src/jamflow/assets/mini", help="the model's folder")
    parser.add_argument("--lips", type=Path, help="run of teach_lips.py; without it, lips are the articulatory model's")
    parser.add_argument("--only", nargs="+", choices=SPEAKERS, default=list(SPEAKERS), help="which voices")
    parser.add_argument("--default", action="store_true", help="the best of them becomes the voice where none is asked for")
    parser.add_argument("--candidates", type=int, default=4, help="sentences of each voice that the model tries")
    parser.add_argument("--sentences", type=int, default=12, help="of benchmarks/sentences.txt, by which a voice is measured")
    args = parser.parse_args()
    model = assemble(args.model, torch.device("cpu"))
    texts = (ROOT / "benchmarks/sentences.txt").read_text(encoding="utf-8").splitlines()[: args.sentences]
    teacher, ears = KokoroTeacher(), Ears(args.lips)
    (args.model / FOLDER).mkdir(exist_ok=True)
    heard = {}
    for name in args.only:
        heard[name] = make(name, args.model, model, teacher, ears, args.candidates, texts)
        print(f"{name}: {heard[name]}", flush=True)
    if args.default:
        best = max(heard, key=lambda name: heard[name].worth)
        shutil.copyfile(args.model / FOLDER / f"{best}.safetensors", args.model / OWN)
        print(f"the default is {best}")


def make(
    name: str, folder: Path, model: LoadedModel, teacher: KokoroTeacher, ears: Ears, candidates: int, texts: Sequence[str]
) -> Heard:
    """Write the file of one voice."""
    kokoro = SPEAKERS[name]
    british, config = kokoro.startswith("b"), model.joint.config
    g2p = G2P(british=british)
    said = [_say(teacher, kokoro, g2p(text)) for text in SAID]
    durations = load_durations(folder / "durations.safetensors", config.audio.text_vocab)
    timing = manner([one.phones for one in said], durations)
    log_mel, whole = LogMel(config.mel), ears.voice([one.wave for one in said])
    described = NamedVoice(
        name,
        folder / FOLDER / f"{name}.safetensors",
        who="woman" if kokoro[1] == "f" else "man",
        accent="British" if british else "American",
        origin=f"Kokoro-82M {kokoro}",
        licence="Apache-2.0",
    )
    with tempfile.TemporaryDirectory() as place:
        tried = {}
        for k, one in enumerate(ears.best(said, candidates)):
            mel_fm = log_mel(torch.from_numpy(one.wave)).numpy()[: len(one.wave) // config.mel.hop]
            tried[f"try-{k}"] = replace(described, path=Path(place) / f"try-{k}.safetensors")
            voice = stored(mel_fm, one.phones, ears.lips(one.wave), config, timing, british)
            save_voice(tried[f"try-{k}"].path, voice, config.mel, _about(described))
        speaking = JamFlow(replace(model, named=tried))
        found = {candidate: ears.hear(speaking, candidate, TRIED, whole) for candidate in tried}
        one = max(found, key=lambda candidate: found[candidate].worth)
        best, heard = load_voice(tried[one].path, config), found[one]
        changes: dict[str, dict[str, Any]] = {"reading American": {"british": False}} if british else {}
        changes["after learning"] = {"learnt": _learnt(model, np.concatenate([sentence.wave for sentence in said]))}
        for what, change in changes.items():
            save_voice(tried[one].path, replace(best, **change), config.mel, _about(described))
            again = ears.hear(speaking, one, TRIED, whole)
            print(f"{name}: {heard}; {what}: {again}", flush=True)
            if again.worth > heard.worth + LEAST_GAIN:
                best, heard = replace(best, **change), again
        save_voice(tried[one].path, best, config.mel, _about(described))
        heard = ears.hear(speaking, one, texts, whole)
        described = replace(described, accent="British" if best.british else "American", **asdict(heard))
        save_voice(described.path, best, config.mel, _about(described))
    return heard


def _learnt(model: LoadedModel, lesson: np.ndarray) -> dict[str, torch.Tensor]:
    """What the speech stream learns from the teacher's sentences, as from a recording that is given as `--voice`."""
    mel_fm = adaptation_mel(lesson, LogMel(model.joint.config.mel))
    assert mel_fm is not None
    return difference(model.joint.audio, adapted(model.joint, model.normaliser, mel_fm, Adaptation()).audio)


def _say(teacher: KokoroTeacher, voice: str, phonemes: str) -> Said:
    wave, phones = teacher(phonemes, {voice: 1.0}, Morph())
    return Said(to_model_level(wave), merge_stress(phones))


def _about(voice: NamedVoice) -> dict[str, object]:
    """What the file of a voice says of it."""
    return {key: value for key, value in asdict(voice).items() if key not in ("name", "path", "default")}


if __name__ == "__main__":
    main()
