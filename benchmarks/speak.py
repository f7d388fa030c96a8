"""Word errors, DNSMOS, lips, time and memory of `speak`: the numbers of `mini` in the README.

Speaks the sentences of sentences.txt with the portrait in the package (sentence k has the first seed plus k), listens with
Whisper base and DNSMOS, tracks the lips in the rendered videos, and measures time and memory as the benchmark `cost` does.
Two of its rows are times: run it on an idle machine. The videos are kept. About a quarter of an hour. Needs: pip install
'jamflow[eval]'.
"""

from dataclasses import dataclass
from typing import Any

from benchmarks.cost import Cost, measure_cost
from benchmarks.shared.options import PORTRAIT, Output
from benchmarks.shared.report import Report, Shown, number
from benchmarks.shared.sentences import sentences

# The landmark network compresses small openings: on the bundled portrait it reads shut lips as 0.02 cm (99 %
# of them below 0.05), lips that the motion opens by 0.2 cm as 0.04, and 0.3 cm as 0.1.
SEEN_SHUT_CM = 0.05


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    sentences: int = 40
    """How many of sentences.txt, from the first."""
    seed: int = 0
    """Seed of the first sentence; the others follow."""
    nfe: int | None = None
    """Solver steps (default: the model's own)."""


def run(options: Options, report: Report) -> None:
    texts = sentences(options.sentences)
    report.seeds = range(options.seed, options.seed + len(texts))
    report.say("time and memory")
    cost = measure_cost(PORTRAIT, options.seed, options.nfe)  # before torch fills this process

    from benchmarks.shared.listening import listen, reference_sounds
    from benchmarks.shared.spoken import lip_measures, speak_all
    from jamflow.evaluate.lips import SHUT_CM
    from jamflow.pipeline import JamFlow

    model, clips = JamFlow.load(), []
    for clip in speak_all(model, PORTRAIT, texts, options.seed, options.nfe, report.folder):
        clips.append(clip)
        report.say(f"spoken {len(clips)} of {len(texts)}")
    sounds = {"speak": [(clip.speech, clip.sample_rate) for clip in clips], **reference_sounds(texts)}
    report.say("listening")
    heard = {name: listen(texts, row) for name, row in sounds.items()}
    lips = {
        "seen in the video": lip_measures(clips, lambda clip: clip.seen_t, SEEN_SHUT_CM),
        "generated": lip_measures(clips, lambda clip: clip.generated_t, SHUT_CM),
        "articulatory target": lip_measures(clips, lambda clip: clip.target_t, SHUT_CM),
    }
    report.details = {"sound": heard, "lips": lips}
    tables(report, heard, lips, cost)


def tables(report: Report, heard: dict[str, Any], lips: dict[str, Any], cost: Cost) -> None:
    """The measures with their goals, and the references."""
    speak, seen = heard["speak"], lips["seen in the video"]
    stretch = f"{100 * heard['teacher']['wer_utt'] + 3:.1f} %"
    table = report.table("`mini`", {"measure": "", "value": "", "goal": "", "stretch goal": ""})
    table.add("word error rate, Whisper base, mean of utterances", number(speak["wer_utt"], ".1%"), "20 %", stretch)
    table.add("word error rate, Whisper base, corpus", number(speak["wer_corpus"], ".1%"), None, None)
    table.add("DNSMOS, overall", number(speak["dnsmos_overall"], ".2f"), "2.6", "3.1")
    r = number(seen["correlation_with_generated"], ".3f")
    table.add("lip opening in the video against the generated motion, r", r, "0.9", "0.98")
    lag = number(seen["lag_frames"], "+.2f", "frames")
    table.add("lip opening in the video against the articulatory target, best lag", lag, "±1 frame", "0")
    table.add("/p b m/ with shut lips in the video", with_chance(seen, "shut_bilabials"), "80 %", "95 %")
    table.add("frames of silence with shut lips in the video", with_chance(seen, "shut_silence"), "95 %", "99 %")
    for row in cost.rows():
        table.add(*row)

    columns = {"sound": "", "word error rate, mean of utterances": ".1%", "corpus": ".1%", "DNSMOS": ".2f"}
    table = report.table("References: sound", columns)
    for name in ("teacher", "teacher through the vocoder"):
        table.add(name, heard[name]["wer_utt"], heard[name]["wer_corpus"], heard[name]["dnsmos_overall"])
    columns = {"lips": "", "r with the articulatory target": ".3f", "/p b m/ with shut lips": "", "silence with shut lips": ""}
    table = report.table("References: lips", columns)
    for name, one in lips.items():
        table.add(name, one["correlation_with_target"], with_chance(one, "shut_bilabials"), with_chance(one, "shut_silence"))


def with_chance(lips: dict[str, Any], name: str) -> Shown:
    """A share beside what a mouth scores that moves as much, but to other words."""
    value, chance = (number(lips[key], ".1%") for key in (name, f"{name}_by_chance"))
    return Shown({"value": value.value, "chance": chance.value}, f"{value.text} (chance {chance.text})")
