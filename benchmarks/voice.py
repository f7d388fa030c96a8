"""Does `--voice` speak in the voice of the recording? python benchmarks/voice.py [--real DATA]

Speaks unseen sentences from one recording of each voice and asks Resemblyzer whose voice it is: a case is won if the speech is
nearer to its own reference than to each of five other voices' of the same kind. Beside it, the ceiling: the same question about
another recording of the same voice; and the floor: the model's own voice, asked the same. Intervals are over voices.
Needs: pip install 'jamflow[eval,train]', then pip install --no-deps resemblyzer (only its weights are used), and for the
teachers TEACHERS as in recipes/mini.
"""

import json
import random
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tyro

from jamflow.evaluate.interval import bootstrap_interval
from jamflow.evaluate.speaker import VoiceEncoder, similarity
from jamflow.evaluate.wer import word_errors
from jamflow.pipeline import JamFlow
from jamflow.speech.waveform import read_wave, write_wave
from jamflow.speech.whisper import Whisper
from voice_references import Speaker, real_voices, teachers_voices

RATE_HZ = 24000
OTHERS = 5


@dataclass(frozen=True)
class Options:
    real: Path | None = None
    """Folder with speech/ and clips/ of real people, instead of the teachers' voices."""
    model: str = "mini"
    """The model, or a folder with its files."""
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
    out: Path = Path("build/voice")
    """Folder for references, speech and results.json."""


@dataclass(frozen=True)
class Case:
    """own: likeness to the reference; others: to five others; the same for what is compared."""

    voice: str
    text: str
    own: float
    others: tuple[float, ...]
    heard: str | None = None

    @property
    def won(self) -> bool:
        return self.own > max(self.others)


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    texts = (Path(__file__).with_name("sentences.txt")).read_text(encoding="utf-8").splitlines()[: options.sentences]
    if options.real is None:
        speakers, beside = teachers_voices(options.out / "references", texts, options.unseen)
    else:
        speakers, beside = real_voices(options.real, options.people), []
    encoder, model = VoiceEncoder(), JamFlow.load(options.model)
    whisper = Whisper() if options.listen else None
    embedded: dict[Path, np.ndarray] = {}

    def voice_of(path: Path) -> np.ndarray:
        if path not in embedded:
            embedded[path] = encoder.embed(read_wave(path), RATE_HZ)
        return embedded[path]

    spoken, ceiling, floor = [], [], []
    for speaker in speakers:
        them = random.Random(speaker.name).sample([s for s in (*speakers, *beside) if s.name != speaker.name], OTHERS)

        def case(text: str, heard: np.ndarray, said: str | None = None, of: Speaker = speaker, them=them) -> Case:
            own, *others = (similarity(heard, voice_of(s.reference)) for s in (of, *them))
            return Case(of.name, text, own, tuple(others), said)

        for number, text in enumerate(texts):
            speech = model.tts(
                text, voice=speaker.reference, voice_text=speaker.said if options.tell else None, seed=number
            ).speech.waveform
            path = options.out / "spoken" / speaker.name / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_wave(path, speech)
            spoken.append(case(text, encoder.embed(speech, RATE_HZ), whisper and whisper.transcribe(speech, RATE_HZ)))
            own = options.out / "spoken" / "own" / f"{number}.wav"
            if not own.exists():
                own.parent.mkdir(parents=True, exist_ok=True)
                write_wave(own, model.tts(text, seed=number).speech.waveform)
            floor.append(case(text, voice_of(own)))
        ceiling += [case(path.name, voice_of(path)) for path in speaker.again]
        mine = [c for c in spoken if c.voice == speaker.name]
        top = [c for c in ceiling if c.voice == speaker.name]
        print(
            f"{speaker.name}: won {sum(c.won for c in mine)} of {len(mine)}, likeness {_mean(mine):.2f}"
            + (f" (again {sum(c.won for c in top)} of {len(top)}, {_mean(top):.2f})" if top else ""),
            file=sys.stderr,
            flush=True,
        )
    rows = {"spoken": spoken, "another recording of the voice": ceiling, "the model's own voice": floor}
    kept = {name: [asdict(c) for c in cases] for name, cases in rows.items()}
    (options.out / "results.json").write_text(json.dumps(kept, indent=1))
    print(markdown(rows))
    if whisper is not None:
        errors = word_errors([c.text for c in spoken], [c.heard or "" for c in spoken])
        print(f"\nWord error rate: {errors.utterance_mean:.1%} (mean of utterances), {errors.corpus:.1%} (corpus)")


def markdown(rows: dict[str, list[Case]]) -> str:
    lines = [
        f"| | voices | cases | nearer to its own than to all {OTHERS} others (95 % over voices) | than to each one of them "
        "| likeness to its own | to the others | to the nearest of them |\n|---|---|---|---|---|---|---|---|"
    ]
    for name, cases in rows.items():
        if not cases:
            continue
        voices = sorted({c.voice for c in cases})
        shares = np.array([np.mean([c.won for c in cases if c.voice == voice]) for voice in voices])
        low, high = bootstrap_interval(shares)
        pairs = np.mean([c.own > other for c in cases for other in c.others])
        lines.append(
            f"| {name} | {len(voices)} | {len(cases)} | {shares.mean():.0%} ({low:.0%} to {high:.0%}) | {pairs:.0%} "
            f"| {_mean(cases):.3f} | {np.mean([c.others for c in cases]):.3f} | {np.mean([max(c.others) for c in cases]):.3f} |"
        )
    return "\n".join(lines)


def _mean(cases: list[Case]) -> float:
    return float(np.mean([c.own for c in cases]))


if __name__ == "__main__":
    main()
