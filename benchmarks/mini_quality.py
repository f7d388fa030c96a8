"""The numbers of `mini` in the README: python benchmarks/mini_quality.py

Speaks the sentences of sentences.txt with the bundled portrait, listens with Whisper base and DNSMOS, tracks
the lips in the rendered videos, and measures time and memory. Prints a Markdown table; writes results.json
and the videos to the output folder. Needs: pip install 'jamflow[eval]'. Takes about a quarter of an hour.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tyro

from cost import Cost, measure_cost

HERE = Path(__file__).parent
# The landmark network compresses small openings: on the bundled portrait it reads shut lips as 0.02 cm (99 %
# of them below 0.05), lips that the motion opens by 0.2 cm as 0.04, and 0.3 cm as 0.1.
SEEN_SHUT_CM = 0.05


@dataclass(frozen=True)
class Options:
    sentences: int = 40
    """How many of the sentences to speak, from the first."""
    seed: int = 0
    """Seed of the first sentence; the others follow."""
    nfe: int | None = None
    """Solver steps (default: the model's own)."""
    out: Path = Path("build/mini_quality")
    """Folder for results.json and the videos."""


@dataclass(frozen=True)
class Row:
    """One line of the table; references have no goal."""

    measure: str
    value: str
    at_least: str = ""
    strive_for: str = ""


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    options.out.mkdir(parents=True, exist_ok=True)
    texts = (HERE / "sentences.txt").read_text(encoding="utf-8").splitlines()[: options.sentences]
    _say("time and memory")
    cost = measure_cost(_portrait(), options.seed, options.nfe)  # before torch fills this process

    from clips import speak_all
    from jamflow.evaluate.lips import SHUT_CM
    from jamflow.pipeline import JamFlow
    from judge import listen, reference_sounds, watch

    model = JamFlow.load()
    clips = []
    for clip in speak_all(model, _portrait(), texts, options.seed, options.nfe, options.out):
        clips.append(clip)
        _say(f"spoken {len(clips)} of {len(texts)}")
    sounds = {"speak": [(clip.speech, clip.sample_rate) for clip in clips], **reference_sounds(texts)}
    _say("listening")
    heard = {name: listen(texts, row) for name, row in sounds.items()}
    lips = {
        "seen in the video": watch(clips, lambda clip: clip.seen_t, SEEN_SHUT_CM),
        "generated": watch(clips, lambda clip: clip.generated_t, SHUT_CM),
        "articulatory truth": watch(clips, lambda clip: clip.truth_t, SHUT_CM),
    }
    results = {"options": asdict(options), "sound": heard, "lips": lips, "cost": asdict(cost)}
    (options.out / "results.json").write_text(json.dumps(results, indent=1, default=str, ensure_ascii=False))
    print(markdown(rows(heard, lips, cost)))


def rows(heard: dict[str, Any], lips: dict[str, Any], cost: Cost) -> list[Row]:
    """The table of issue 2, with references under it."""
    speak, teacher = heard["speak"], heard["teacher"]
    seen = lips["seen in the video"]
    strive = f"{100 * teacher['wer_utt'] + 3:.1f} %"
    out = [
        Row("word error rate, Whisper base, mean of utterances", _percent(speak["wer_utt"]), "20 %", strive),
        Row("word error rate, Whisper base, corpus", _percent(speak["wer_corpus"])),
        Row("DNSMOS overall", f"{speak['dnsmos_overall']:.2f}", "2.6", "3.1"),
        Row(
            "lip opening in the video against the generated motion, correlation",
            f"{seen['correlation_with_generated']:.3f}",
            "0.9",
            "0.98",
        ),
        Row(
            "lip opening in the video against the articulatory truth, best lag",
            f"{seen['lag_frames']:+.2f} frames",
            "±1 frame",
            "0",
        ),
        Row("/p b m/ with lips shut in the video", _share(seen, "shut_bilabials"), "80 %", "95 %"),
        Row("frames of silence with lips shut in the video", _share(seen, "shut_silence"), "95 %", "99 %"),
        Row(
            f"RTF of {cost.seconds:.1f} s on two cores, warm",
            f"{cost.warm_s / cost.seconds:.2f}",
            "1.5",
            "0.5",
        ),
        Row(
            f"`jamflow speak` of {cost.seconds:.1f} s on two cores, cold",
            f"{cost.cold_s:.1f} s",
            "15 s",
            "6 s",
        ),
        Row("peak memory", f"{cost.peak_mib:.0f} MiB", "2048 MiB", "1024 MiB"),
        Row("shipped weights", f"{cost.weights_mb:.1f} MB", "60 MB", "40 MB"),
    ]
    for name in ("teacher", "teacher through the vocoder"):
        one = heard[name]
        rates = f"{_percent(one['wer_utt'])}, {_percent(one['wer_corpus'])}, {one['dnsmos_overall']:.2f}"
        out.append(Row(f"*{name}: both word error rates, DNSMOS*", rates))
    for name, one in lips.items():
        out.append(Row(f"*{name}: correlation with the articulatory truth*", f"{one['correlation_with_truth']:.3f}"))
    for name in ("generated", "articulatory truth"):
        shares = f"{_share(lips[name], 'shut_bilabials')}, {_share(lips[name], 'shut_silence')}"
        out.append(Row(f"*{name}: /p b m/ and silence with lips shut*", shares))
    return out


def markdown(table: list[Row]) -> str:
    lines = ["| measure | value | at least | strive for |", "|---|---|---|---|"]
    return "\n".join(lines + [f"| {r.measure} | {r.value} | {r.at_least} | {r.strive_for} |" for r in table])


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"


def _share(lips: dict[str, Any], name: str) -> str:
    return f"{_percent(lips[name])} (chance {_percent(lips[name + '_by_chance'])})"


def _portrait() -> Path:
    import jamflow

    return Path(jamflow.__file__).parent / "assets" / "portraits" / "astronaut.png"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
