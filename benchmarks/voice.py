"""Does `--voice` speak in the voice of the recording?

Speaks unseen sentences from one recording of each voice (sentence k with seed k) and asks Resemblyzer whose voice it is: a
case is won if the speech is nearer to its own reference than to each of five other voices' of the same kind. Beside it, the
ceiling: the same question about another recording of the same voice; and the floor: the model's own voice, asked the same.
Intervals are over voices. Needs: pip install 'jamflow[eval,train]', then pip install --no-deps resemblyzer (only its
weights are used), and for the teachers' voices TEACHERS as in recipes/mini.

With --named it asks the same of the voices that `--voice` knows by name: is what each says nearer to its own teacher than to
those of five others? How many words are wrong, and how good does it sound?
"""

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.shared.options import Output
from benchmarks.shared.report import Report
from benchmarks.shared.sentences import sentences
from benchmarks.shared.voices import Speaker, models_voices, real_voices, teachers_voices
from jamflow.errors import UserError
from jamflow.evaluate.dnsmos import Dnsmos
from jamflow.evaluate.interval import bootstrap_interval
from jamflow.evaluate.speaker import VoiceEncoder, similarity
from jamflow.evaluate.wer import word_errors
from jamflow.pipeline import JamFlow
from jamflow.speech.waveform import read_wave, write_wave
from jamflow.speech.whisper import Whisper
from jamflow.voices.named import named_voices
from jamflow.weights.shipped import model_folder

RATE_HZ = 24000
OTHERS = 5


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    real: Path | None = None
    """Folder with speech/ and clips/ of real people, instead of the teachers' voices."""
    named: bool = False
    """The voices that the model knows by name, instead of recordings."""
    model: str = "mini"
    """A model's name, or a folder with its files."""
    sentences: int = 4
    """How many of sentences.txt each voice says, from the first."""
    unseen: int = 8
    """Morphs that the corpus has not, beside the voices it holds out."""
    people: int = 30
    """How many real people at most."""
    tell: bool = False
    """Give what is said in the recording, where it is known."""
    listen: bool = True
    """Count word errors."""


@dataclass(frozen=True)
class Case:
    """One sound, asked whose voice it is: its similarity to its own reference and to five others'. Also what Whisper heard in it,
    and its DNSMOS.
    """

    voice: str
    text: str
    own: float
    others: tuple[float, ...]
    heard: str | None = None
    dnsmos: float | None = None

    @property
    def won(self) -> bool:
        return self.own > max(self.others)


def run(options: Options, report: Report) -> None:
    texts = sentences(options.sentences)
    report.seeds = range(len(texts))
    model = JamFlow.load(options.model)
    if options.named:
        known = named_voices(model_folder(options.model)).values()
        speakers, beside = models_voices(report.folder / "references", known, texts), []
    elif options.real is None:
        speakers, beside = teachers_voices(report.folder / "references", texts, options.unseen)
    else:
        speakers, beside = real_voices(options.real, options.people), []
    if len(speakers) + len(beside) <= OTHERS:
        raise UserError("There are too few voices.", f"Each is compared with {OTHERS} others.")
    encoder = VoiceEncoder()
    whisper, dnsmos = (Whisper(), Dnsmos()) if options.listen else (None, None)
    embedded: dict[Path, np.ndarray] = {}

    def voice_of(path: Path) -> np.ndarray:
        if path not in embedded:
            embedded[path] = encoder.embed(read_wave(path, RATE_HZ), RATE_HZ)
        return embedded[path]

    def kept(name: str, k: int, speech: np.ndarray) -> Path:
        path = report.folder / "spoken" / name / f"{k}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_wave(path, speech, RATE_HZ)
        return path

    own_voice = [kept("own", k, model.tts(text, seed=k).speech.waveform) for k, text in enumerate(texts)]
    cases: dict[str, list[Case]] = {"spoken": [], "another recording of the voice": [], "the model's own voice": []}
    spoken, ceiling, floor = cases.values()
    columns = {"won": "d", "of": "d", "similarity": ".2f", "again: won": "d", "again: of": "d", "again: similarity": ".2f"}
    heard = {"wrong words": ".1%", "DNSMOS": ".2f"}
    table = report.table("Voice by voice; again: another recording of it", {"voice": "", **columns, **heard})
    for speaker in speakers:
        ask = asker(speaker, [*speakers, *beside], voice_of)
        for k, text in enumerate(texts):
            said = speaker.said if options.tell else None
            voice = speaker.name if speaker.named else speaker.reference
            speech = model.tts(text, voice=voice, voice_text=said, seed=k).speech.waveform
            kept(speaker.name, k, speech)
            asked = ask(text, encoder.embed(speech, RATE_HZ), whisper and whisper.transcribe(speech, RATE_HZ))
            spoken.append(replace(asked, dnsmos=dnsmos and dnsmos.overall(speech, RATE_HZ)))
            floor.append(ask(text, voice_of(own_voice[k]), None))
        ceiling += [ask(path.name, voice_of(path), None) for path in speaker.again]
        mine, again = ([case for case in kind if case.voice == speaker.name] for kind in (spoken, ceiling))
        table.add(speaker.name, *counts(mine), *(counts(again) if again else (None, None, None)), *quality(mine))
    report.details = {name: [asdict(case) for case in kind] for name, kind in cases.items()}
    summarise(report, cases)
    if whisper is not None:
        errors = word_errors([case.text for case in spoken], [case.heard or "" for case in spoken])
        columns = {"mean of utterances": ".1%", "corpus": ".1%", "DNSMOS": ".2f"}
        table = report.table("Word error rate and quality of what was spoken", columns)
        table.add(errors.utterance_mean, errors.corpus, quality(spoken)[1])


def asker(
    speaker: Speaker, everybody: list[Speaker], voice_of: Callable[[Path], np.ndarray]
) -> Callable[[str, np.ndarray, str | None], Case]:
    """Asks of a voice (256,) whether it is this speaker's or one of five others', who are drawn by the speaker's name."""
    others = random.Random(speaker.name).sample([one for one in everybody if one.name != speaker.name], OTHERS)

    def ask(text: str, voice: np.ndarray, heard: str | None) -> Case:
        own, *rest = (similarity(voice, voice_of(one.reference)) for one in (speaker, *others))
        return Case(speaker.name, text, own, tuple(rest), heard)

    return ask


def counts(cases: list[Case]) -> tuple[int, int, float]:
    """How many are won, of how many, and the mean similarity to the own reference."""
    return sum(case.won for case in cases), len(cases), float(np.mean([case.own for case in cases]))


def quality(cases: list[Case]) -> tuple[float | None, float | None]:
    """Word error rate and DNSMOS, means of utterances; None where nobody listened."""
    scores = [case.dnsmos for case in cases if case.dnsmos is not None]
    if not scores:
        return None, None
    errors = word_errors([case.text for case in cases], [case.heard or "" for case in cases])
    return errors.utterance_mean, float(np.mean(scores))


def summarise(report: Report, kinds: dict[str, list[Case]]) -> None:
    columns = {
        "speech": "",
        "voices": "d",
        "cases": "d",
        f"nearer to its own than to all {OTHERS} others": ".0%",
        "95 % over voices": ".0%",
        "than to each one of them": ".0%",
        "similarity to its own": ".3f",
        "to the others": ".3f",
        "to the nearest of them": ".3f",
    }
    table = report.table("Over all voices", columns)
    for name, cases in kinds.items():
        if not cases:
            continue
        voices = sorted({case.voice for case in cases})
        shares = np.array([np.mean([case.won for case in cases if case.voice == voice]) for voice in voices])
        pairs = np.mean([case.own > other for case in cases for other in case.others])
        own = np.mean([case.own for case in cases])
        others, nearest = np.mean([case.others for case in cases]), np.mean([max(case.others) for case in cases])
        table.add(name, len(voices), len(cases), shares.mean(), bootstrap_interval(shares), pairs, own, others, nearest)
