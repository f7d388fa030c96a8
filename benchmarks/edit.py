"""Is a changed word heard, and nothing else changed? python benchmarks/edit.py DATA

Changes one or two words (edits.csv) in recordings of a folder that has `speech` and `clips`, each with a manifest.csv that has
transcripts, and in the model's own speech of sentences.txt. Whisper base listens to the whole of each; counted are errors in the
words that were changed, in the others, and, as the ear's own, in the old words of the recording as it was. Outside the stretch,
mel and lips that came out are compared with what was given, and samples with the recording. Alignments are the model's own, from
the transcript.
"""

import csv
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import torch
import tyro

from jamflow.evaluate.interval import bootstrap_interval
from jamflow.evaluate.wer import normalise
from jamflow.pipeline import JamFlow
from jamflow.speech.original import open_original
from jamflow.speech.waveform import write_wave
from jamflow.speech.whisper import Whisper
from jamflow.tasks import edit

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Options:
    data: tyro.conf.Positional[Path]
    model: str = "mini"
    nfe: int | None = None
    seed: int = 0
    video: bool = False
    """Also repaint the mouths of videos (slow)."""
    keep: Path | None = None
    """A folder for the results."""


@dataclass(frozen=True)
class Score:
    """Errors and words of the changed stretch, of the rest, and of Whisper in the recording; the largest differences outside."""

    kind: str
    changed: tuple[int, int]
    rest: tuple[int, int]
    ear: tuple[int, int]
    mel: float
    lips: float
    samples: float


def cases(options: Options, folder: Path, model: JamFlow) -> Iterator[tuple[str, Path, str, str, str]]:
    """kind, path, transcript, old, new."""
    known = {}
    for name in ("speech", "clips"):
        with (options.data / name / "manifest.csv").open(newline="", encoding="utf-8") as file:
            known |= {f"{name}/{row['file']}": row["transcript"] for row in csv.DictReader(file)}
    sentences = (HERE / "sentences.txt").read_text(encoding="utf-8").splitlines()
    with (HERE / "edits.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name = row["file"]
            if name.startswith("sentence"):
                text = sentences[int(name.split()[1]) - 1]
                path = folder / f"{name}.wav"
                write_wave(path, model.tts(text, seed=options.seed, nfe=options.nfe).speech.waveform)
                yield "own", path, text, row["old"], row["new"]
            else:
                yield name.split("/")[0], options.data / name, known[name], row["old"], row["new"]


def errors(said: str, first: int, last: int, heard: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Errors and words among words `first` to `last` (exclusive) of what was said, and among the others.

    An inserted word belongs to the words that it stands between, the changed ones first.
    """
    words = said.split()
    wrong = np.zeros(len(words), int)
    out = jiwer.process_words(said, heard or "-")
    for chunk in out.alignments[0]:
        if chunk.type == "insert":
            near = [k for k in (chunk.ref_start_idx, chunk.ref_start_idx - 1) if 0 <= k < len(words)]
            wrong[next((k for k in near if first <= k < last), near[0])] += chunk.hyp_end_idx - chunk.hyp_start_idx
        elif chunk.type != "equal":
            wrong[chunk.ref_start_idx : chunk.ref_end_idx] += 1
    inside = slice(first, last)
    changed = int(wrong[inside].sum()), last - first
    return changed, (int(wrong.sum()) - changed[0], len(words) - changed[1])


def recorded(calls: list[Any]) -> Callable[..., Any]:
    """`generate`, which also keeps what it was given and gave."""
    generate = edit.generate

    def call(model: Any, normaliser: Any, conditions: Any, *rest: Any) -> Any:
        streams = generate(model, normaliser, conditions, *rest)
        calls.append((conditions, streams))
        return streams

    return call


def outside(calls: list[Any]) -> tuple[float, float]:
    """The largest difference of mel and lips where they were given."""
    conditions, streams = calls[-1]
    per = len(streams.mel_fm) // conditions.tokens
    given_f = conditions.speech.given_a.repeat_interleave(per)
    mel = float((streams.mel_fm - conditions.speech.mel_fm)[given_f].abs().max())
    if streams.mouth_tc is None:
        return mel, 0.0
    difference: torch.Tensor = (streams.mouth_tc - conditions.motion.mouth_tc)[conditions.motion.given_t]
    return mel, float(difference.abs().max())


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    model, ear, calls = JamFlow.load(options.model), Whisper(), []
    edit.generate = recorded(calls)
    scores: list[Score] = []
    print("| recording | old | new | heard | samples, mel, lips outside |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for kind, path, text, old, new in cases(options, options.keep or Path(name), model):
            draws = options.video and path.suffix == ".mp4"
            result = model.edit(path, new, old=old, transcript=text, picture=draws, seed=options.seed, nfe=options.nfe)
            speech = result.speech
            sound = open_original(path) if not draws else open_original(path, None, (speech.sample_rate,))
            was = sound.part(0, sound.samples)
            rate = speech.sample_rate
            report = result.save((options.keep or Path(name)) / f"{path.stem}.edit{'.mp4' if draws else '.wav'}")
            heard = normalise(ear.transcribe(speech.waveform, rate))
            before, after = (normalise(part) for part in normalise(text).split(normalise(old), 1))
            said = f"{before} {normalise(new)} {after}".split()
            first = len(before.split())
            changed, rest = errors(" ".join(said), first, len(said) - len(after.split()), heard)
            last = first + len(normalise(old).split())
            own, _ = errors(normalise(text), first, last, normalise(ear.transcribe(was, sound.rate_hz)))
            start, end = (int(report[key][k] * rate) + 24 * (1 - 2 * (1 - k)) for key, k in (("replaced_s", 0), ("new_s", 1)))
            now = speech.waveform
            tail = len(now) - end
            parts = (now[:start] - was[:start], now[end:] - was[len(was) - tail :])
            same = max(np.abs(part).max(initial=0) for part in parts)
            mel, lips = outside(calls)
            scores.append(Score(kind, changed, rest, own, mel, lips, float(same)))
            print(f"| {path.stem} | {old} | {new} | {heard} | {same:g}, {mel:g}, {lips:g} |", flush=True)
    print("\n| recordings | n | changed words wrong | 95 % interval | other words wrong | ear | largest difference outside |")
    print(f"|{'---|' * 7}")
    for kind in ("own", "speech", "clips"):
        rows = [score for score in scores if score.kind == kind]
        if not rows:
            continue
        shares = [_share(rows, part) for part in ("changed", "rest", "ear")]
        low, high = bootstrap_interval(np.array([row.changed[0] / row.changed[1] for row in rows]))
        apart = max(max(row.mel, row.lips, row.samples) for row in rows)
        print(f"| {kind} | {len(rows)} | {shares[0]} | {low:.0%} to {high:.0%} | {shares[1]} | {shares[2]} | {apart:g} |")


def _share(rows: list[Score], part: str) -> str:
    wrong, words = (sum(getattr(row, part)[k] for row in rows) for k in (0, 1))
    return f"{100 * wrong / words:.1f} % of {words}"


if __name__ == "__main__":
    main()
