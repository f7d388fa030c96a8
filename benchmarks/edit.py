"""Is a changed word heard, and is nothing else changed (`edit`)?

Changes one or two words (edits.csv) in recordings of a folder that has `speech` and `clips`, each with a manifest.csv that
has transcripts, and in the model's own speech of sentences.txt. Whisper base listens to the whole of each. Counted are
errors in the words that were changed, in the others, and, as Whisper's own, in the old words of the recording as it was.
Outside the stretch, mel and lips that came out are compared with what was given, and samples with the recording. Alignments
are the model's own, from the transcript. Needs: pip install 'jamflow[eval]'.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro

from benchmarks.shared.clips import manifest, video_folder
from benchmarks.shared.options import ModelOptions
from benchmarks.shared.report import Report
from benchmarks.shared.sentences import sentences
from jamflow.errors import UserError
from jamflow.evaluate.interval import bootstrap_interval
from jamflow.evaluate.wer import normalise
from jamflow.extras import import_extra
from jamflow.pipeline import JamFlow
from jamflow.speech.original import open_original
from jamflow.speech.waveform import write_wave
from jamflow.speech.whisper import Whisper
from jamflow.tasks import edit

EDITS = Path(__file__).with_name("edits.csv")


@dataclass(frozen=True, kw_only=True)
class Options(ModelOptions):
    data: tyro.conf.Positional[Path]
    """A folder with the folders speech and clips."""
    video: bool = False
    """Also repaint the mouths of videos (slow)."""
    keep: bool = False
    """Keep the results in the folder `--out`."""


@dataclass(frozen=True)
class Score:
    """(errors, words) of the changed words, of the rest, and of Whisper in the old words of the recording.

    `mel`, `lips` and `samples` are the largest differences outside the stretch.
    """

    kind: str
    changed: tuple[int, int]
    rest: tuple[int, int]
    whisper: tuple[int, int]
    mel: float
    lips: float
    samples: float


def run(options: Options, report: Report) -> None:
    model, whisper, calls = JamFlow.load(options.model), Whisper(), []
    edit.generate = recorded(calls)
    columns = dict.fromkeys(("samples", "mel", "lips"), "g")
    table, scores = (
        report.table("Largest differences outside the stretch", {"recording": "", "old": "", "new": "", "heard": "", **columns}),
        [],
    )
    with video_folder(report.folder, options.keep) as folder:
        for kind, path, text, old, new in cases(options, folder, model):
            score, heard = measure(kind, path, text, old, new, model, whisper, calls, options, folder)
            scores.append(score)
            table.add(path.stem, old, new, heard, score.samples, score.mel, score.lips)
    columns = {
        "recordings": "",
        "n": "d",
        "changed words wrong": ".1%",
        "95 % interval": ".0%",
        "of words": "d",
        "other words wrong": ".1%",
        "Whisper, untouched": ".1%",
        "largest difference outside": "g",
    }
    table = report.table("Over all recordings of a kind", columns)
    for kind in ("own", "speech", "clips"):
        rows = [score for score in scores if score.kind == kind]
        if rows:
            wrong, rest, untouched = (share([getattr(row, part) for row in rows]) for part in ("changed", "rest", "whisper"))
            interval = bootstrap_interval(np.array([row.changed[0] / row.changed[1] for row in rows]))
            apart = max(max(row.mel, row.lips, row.samples) for row in rows)
            table.add(kind, len(rows), wrong, interval, sum(row.changed[1] for row in rows), rest, untouched, apart)


def measure(
    kind: str,
    path: Path,
    text: str,
    old: str,
    new: str,
    model: JamFlow,
    whisper: Whisper,
    calls: list[Any],
    options: Options,
    folder: Path,
) -> tuple[Score, str]:
    """Edits one recording; also returns what is heard in the result."""
    draws = options.video and path.suffix == ".mp4"
    result = model.edit(path, change=(old, new), transcript=text, picture=draws, seed=options.seed, nfe=options.nfe)
    speech, rate = result.speech, result.speech.sample_rate
    original = open_original(path) if not draws else open_original(path, None, (rate,))
    before = original.part(0, original.samples)
    made = result.save(folder / f"{path.stem}.edit{'.mp4' if draws else '.wav'}")
    heard = normalise(whisper.transcribe(speech.waveform, rate))
    first_words, last_words = (normalise(part) for part in normalise(text).split(normalise(old), 1))
    said = f"{first_words} {normalise(new)} {last_words}".split()
    first = len(first_words.split())
    changed, rest = errors(" ".join(said), first, len(said) - len(last_words.split()), heard)
    untouched = normalise(whisper.transcribe(before, original.rate_hz))
    own, _ = errors(normalise(text), first, first + len(normalise(old).split()), untouched)
    start, end = (int(made[key][k] * rate) + 24 * (1 - 2 * (1 - k)) for key, k in (("replaced_s", 0), ("new_s", 1)))
    after = speech.waveform
    tail = len(after) - end
    parts = (after[:start] - before[:start], after[end:] - before[len(before) - tail :])
    samples = float(max(np.abs(part).max(initial=0) for part in parts))
    return Score(kind, changed, rest, own, *outside(calls), samples), heard


def cases(options: Options, folder: Path, model: JamFlow) -> Iterator[tuple[str, Path, str, str, str]]:
    """kind, path, transcript, old, new.

    Raises:
        UserError: the data has no such recording.
    """
    known = {f"{name}/{row['file']}": row["transcript"] for name in ("speech", "clips") for row in manifest(options.data / name)}
    texts = sentences()
    with EDITS.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name = row["file"]
            if name.startswith("sentence"):
                text = texts[int(name.split()[1]) - 1]
                path = folder / f"{name}.wav"
                write_wave(path, model.tts(text, seed=options.seed, nfe=options.nfe).speech.waveform, 24_000)
                yield "own", path, text, row["old"], row["new"]
            elif name in known:
                yield name.split("/")[0], options.data / name, known[name], row["old"], row["new"]
            else:
                raise UserError(
                    f"The recording {name} is not in the manifests of {options.data}.", "benchmarks/edits.csv names it."
                )


def errors(said: str, first: int, last: int, heard: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Errors and words among words `first` to `last` (exclusive) of what was said, and among the others.

    An inserted word belongs to the words that it stands between, the changed ones first.
    """
    words = said.split()
    wrong = np.zeros(len(words), int)
    out = import_extra("jiwer").process_words(said, heard or "-")
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


def share(parts: list[tuple[int, int]]) -> float:
    """Errors of all words."""
    return sum(wrong for wrong, _ in parts) / sum(words for _, words in parts)
