"""Which files are judged by which, in which table; and what a clip comes to that a judge cannot judge."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jamflow.evaluate.tables.judges import Judges, missing
from jamflow.evaluate.tables.kept import Kept
from jamflow.evaluate.tables.measure import Numbers, measured
from jamflow.evaluate.tables.observe import Observer, Source
from jamflow.evaluate.tables.pairs import Pair
from jamflow.evaluate.tables.protocols import PROTOCOLS
from jamflow.evaluate.tables.statistics import Moments
from jamflow.evaluate.tables.summary import summarised
from jamflow.evaluate.tables.trials import Trial, trials_of

PAIRS = [
    Pair(1, Path("r1"), Path("t1"), "one two", Path("p1"), "a", "mine", Path("s1")),
    Pair(2, Path("r2"), Path("t2"), "three", Path("p2"), "a", "mine"),
    Pair(3, Path("r3"), Path("t3"), "four", Path("p3"), "b", "mine"),
]


def trials(name: str, pairs: list[Pair] = PAIRS) -> dict[str, dict[str, Trial]]:
    """By row and by the number of the pair, as files are named here by their content."""
    table = PROTOCOLS[name]
    out: dict[str, dict[str, Trial]] = {}
    for trial in trials_of(pairs, table, str, frozenset(table.measures)):
        out.setdefault(trial.row, {})[trial.pair.result.name] = trial
    return out


def names(trial: Trial) -> tuple[str, ...]:
    sources = (trial.picture, trial.reference, trial.lips_sound, trial.spoken, trial.voice)
    return tuple(source.name if source else "-" for source in sources)


def test_results():
    assert names(trials("hdtf")["mine"]["r1"])[:3] == ("r1", "t1", "r1")
    assert names(trials("celebv-dub")["mine"]["r1"]) == ("r1", "t1", "r1", "s1", "t1"), "the voice of the reference"
    assert names(trials("ablation")["mine"]["r1"]) == ("r1", "t1", "t1", "s1", "p1"), "lips by the reference's sound"
    assert names(trials("ablation")["mine"]["r2"]) == ("r2", "t2", "t2", "r2", "p2")
    assert names(trials("librispeech")["mine"]["r2"]) == ("-", "-", "-", "r2", "p2"), "the voice of the prompt"


def test_controls():
    rows = trials("celebv-dub")
    assert names(rows["ground truth"]["t1"]) == ("t1", "t1", "t1", "t1", "t1")
    assert "voice" not in rows["ground truth"]["t1"].measures, "one's own voice is no question"
    copy = "t1-encoded-again"
    assert names(rows["encoded again"]["t1"]) == (copy, "t1", copy, copy, "t1")
    assert (rows["sound late"]["t1"].late_s, rows["sound early"]["t1"].late_s) == (0.2, -0.2)
    assert names(rows["drawn again"]["t1"])[:4] == ("t1-drawn-again", "t1", "t1", "-"), "by its own sound"
    assert rows["still"]["t1"].still and not rows["sound late"]["t1"].still
    assert names(trials("librispeech")["through mini's vocoder"]["t2"])[3:] == ("t2-through-minis-vocoder", "p2")
    assert "voice" in trials("librispeech")["ground truth"]["t1"].measures


def test_a_wrong_sound_is_somebody_elses():
    wrong = trials("celebv-dub")["wrong sound"]
    assert {name: names(trial)[2:4] for name, trial in wrong.items()} == {
        "t1": ("t3", "t3"),
        "t2": ("t3", "t3"),
        "t3": ("t1", "t1"),
    }
    assert {"sync", "wer", "voice"} <= wrong["t1"].measures and "dnsmos" not in wrong["t1"].measures


def test_a_reference_of_two_systems_is_one_clip_of_a_control():
    both = [*PAIRS, *(Pair(4, Path("other"), Path("t1"), "one two", Path("p1"), "a", "other") for _ in range(1))]
    assert len(trials("hdtf", both)["ground truth"]) == 3


@pytest.fixture
def silent(tmp_path: Path):
    """An observer of silence: no judge has anything to say."""
    with Observer(Judges(), Kept(tmp_path)) as observer:
        observer._wave = lambda source: (np.zeros(48_000, np.float32), 24_000, 0.0)  # type: ignore[assignment]
        yield observer


def test_silence_has_no_voice_and_no_quality_and_says_so(silent: Observer):
    spoken = Source(Path("s"), "s")
    trial = Trial("mine", PAIRS[1], None, None, None, spoken, spoken, frozenset({"voice", "dnsmos"}))
    numbers = measured(trial, silent, 2.0)
    assert numbers.values == {} and numbers.notes == ("no voice: the sound is silent", "no DNSMOS: the sound is silent")


def test_a_row_of_which_some_clips_are_missing_is_that_of_the_others():
    rng = np.random.default_rng(0)
    sides = [(Moments.of(rng.normal(size=(9, 3))), Moments.of(rng.normal(size=(9, 3)))) for _ in range(3)]
    some = [Numbers({"sync": 0.1 * k}, sides={"face_distance": two}) for k, two in enumerate(sides)]
    own = [Trial("mine", pair, None, None, None, None, None, frozenset()) for pair in (*PAIRS, replace(PAIRS[0], text="five"))]
    (whole,) = summarised(list(zip(own[:3], some, strict=True)), ("sync", "face_distance"))
    (more,) = summarised(list(zip(own, [*some, Numbers({})], strict=True)), ("sync", "face_distance"))
    assert (more.clips, more.cells["sync"].clips, more.cells["face_distance"].clips) == (4, 3, 3)
    for name in ("sync", "face_distance"):
        assert more.cells[name].value == pytest.approx(whole.cells[name].value)


OPENING_F = np.interp(np.arange(600) / 100, np.arange(40) / 6, np.random.default_rng(7).uniform(0, 1, 40))


def keep(observer: Observer, name: str, picture_s: float, sound_s: float, lips_from_s: float = 0.0) -> Source:
    """A file that was judged before: 4 s of lips that say what is heard from `lips_from_s` on, and when its tracks begin."""
    time_s = np.arange(100) / 25 + lips_from_s
    opening = np.interp(time_s, (np.arange(600) + 0.5) / 100, OPENING_F)
    empty = {part: np.empty(0) for part in ("shape", "edges", "colours")}
    seen = {"fps": np.array(25.0), "start_s": np.array(picture_s), "opening": opening, "features": np.full((100, 64), np.nan)}
    observer._kept.take(f"{name}-seen-1", lambda: seen | empty)
    lips = {"opening": OPENING_F, "rate_hz": np.array(100.0), "start_s": np.array(sound_s)}
    observer._kept.take(f"{name}-lips-{observer._judges.recogniser_name}", lambda: lips)
    return Source(Path(name), name)


def lips_of(observer: Observer, picture: Source, reference: Source, sound: Source, late_s: float = 0.0) -> dict[str, float]:
    trial = Trial("mine", PAIRS[1], picture, reference, sound, None, None, frozenset({"sync"}), late_s)
    return measured(trial, observer, 4.0).values


def test_a_sound_counts_from_when_its_file_says_that_it_begins(tmp_path: Path):
    with Observer(Judges(), Kept(tmp_path)) as observer:
        late = keep(observer, "late", picture_s=1.0, sound_s=0.6, lips_from_s=0.4)  # what is heard at the first frame
        plain = keep(observer, "plain", picture_s=0.0, sound_s=0.0)
        assert lips_of(observer, late, plain, late)["sync"] > 0.99
        assert lips_of(observer, plain, plain, plain)["sync"] > 0.99
        assert lips_of(observer, plain, late, plain)["sync"] > 0.99, "the result's own"
        early = keep(observer, "early", picture_s=0.0, sound_s=0.0, lips_from_s=0.4)
        assert lips_of(observer, early, late, late)["sync"] > 0.99, "the reference's, beside the reference's picture"
        assert lips_of(observer, plain, plain, late)["sync"] > 0.99, "another clip's, from the first frame on"
        shifted = lips_of(observer, plain, plain, plain, late_s=0.2)
        assert shifted["sync"] < 0.7 and shifted["off_s"] == pytest.approx(0.2, abs=0.01)


def test_missing_judges_are_named_with_their_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None)
    said = missing(PROTOCOLS["celebv-dub"])
    assert set(said) == {"words", "voice", "quality"}
    assert said["words"].startswith("Without WER, WER, corpus: faster_whisper, jiwer") and "jamflow[eval]" in said["words"]
    assert "jamflow[speaker]" in said["voice"]
    assert missing(PROTOCOLS["hdtf"]) == {}
