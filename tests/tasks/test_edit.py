"""Other words in a recording: the shipped model, its own speech, real files."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from jamflow import JamFlow
from jamflow.app.cli import run
from jamflow.footage.retime import as_filmed
from jamflow.media.video_reader import read_sound, read_video
from jamflow.result import Result
from jamflow.speech.waveform import write_wave
from jamflow.tasks import edit
from jamflow.tasks.edit import retimed

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
TEXT = "My puppy jumps over seven apples."
NFE = 3  # what is tested here does not depend on how good it sounds


@pytest.fixture(scope="module")
def model() -> JamFlow:
    return JamFlow.load()


@pytest.fixture(scope="module")
def spoken(model: JamFlow) -> Result:
    result = model.speak(PORTRAIT, TEXT, seed=3, nfe=8, frame="head")
    assert len(result.speech.waveform)
    return result


@pytest.fixture(scope="module")
def video(spoken: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "spoken.mp4"
    spoken.save(path)
    return path


@pytest.fixture(scope="module")
def sound(spoken: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "spoken.wav"
    write_wave(path, spoken.speech.waveform, 24_000)
    return path


def words_s(spoken: Result) -> list[tuple[float, float]]:
    """When the model was told to say each word."""
    out: list[list[float]] = [[]]
    for symbol, start, end in spoken.phones:
        if symbol == " ":
            out.append([])
        elif symbol.isalpha() or symbol[-1].isalpha():
            out[-1] += [start, end]
    return [(times[0], times[-1]) for times in out]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the model was given and gave, call by call."""
    kept: list[Any] = []

    def generate(model: Any, normaliser: Any, conditions: Any, *rest: Any) -> Any:
        kept.append((conditions, whole(model, normaliser, conditions, *rest)))
        return kept[-1][1]

    whole = edit.generate
    monkeypatch.setattr(edit, "generate", generate)
    return kept


def kept_apart(result: Result, path: Path) -> tuple[np.ndarray, np.ndarray, int, int, int]:
    """The recording, the result, and where they differ: first, end in the recording, end in the result."""
    was, now = read_sound(path, 60).samples, result.speech.waveform
    n = min(len(was), len(now))
    first = int(np.flatnonzero(was[:n] != now[:n])[0])
    after = int(np.flatnonzero(was[::-1][:n] != now[::-1][:n])[0])
    return was, now, first, len(was) - after, len(now) - after


def test_words_are_found_and_only_they_change(model: JamFlow, spoken: Result, sound: Path, calls: list[Any]) -> None:
    result = model.edit(sound, change=("jumps over seven", "jumps under seven"), transcript=TEXT, nfe=NFE)
    was, now, first, end, _ = kept_apart(result, sound)
    over_s = words_s(spoken)[3]
    assert first / 24_000 == pytest.approx(over_s[0] - 0.05, abs=0.06)
    assert end / 24_000 == pytest.approx(over_s[1] + 0.05, abs=0.06)
    assert (len(now) - len(was)) % 256 == 0, "the mel after it falls on the same frames"
    conditions, streams = calls[-1]
    given_f = conditions.speech.given_a.repeat_interleave(2)
    assert 0.5 < given_f.float().mean() < 0.9
    assert torch.equal(streams.mel_fm[given_f], conditions.speech.mel_fm[given_f])
    assert not torch.equal(streams.mel_fm[~given_f], conditions.speech.mel_fm[~given_f])
    assert np.abs(now[first:end]).max() > 0.05 and result.timings


def test_a_video(model: JamFlow, video: Path, calls: list[Any], tmp_path: Path) -> None:
    result = model.edit(video, change=("seven apples", "seven elephants"), transcript=TEXT, nfe=NFE)
    made = result.save(tmp_path / "out.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"] and any("frames are" in w for w in made["warnings"])
    was, now, first, end_was, _end_now = kept_apart(result, video)
    assert (len(now) - len(was)) % 960 == 0 and len(now) != len(was), "sound moves by whole frames"
    conditions, streams = calls[-1]
    given_t = conditions.motion.given_t
    assert torch.equal(streams.mouth_tc[given_t], conditions.motion.mouth_tc[given_t]) and 0 < (~given_t).sum() < len(given_t)
    filmed, frames = ([rgb for _, rgb in read_video(path)] for path in (video, tmp_path / "out.mp4"))
    shift = (len(now) - len(was)) // 960
    assert len(frames) == len(filmed) + shift
    drawn = list(result.frames())
    a, b = int(np.ceil(first / 960)), int(np.ceil(end_was / 960))
    for k in (0, a - 2):
        np.testing.assert_array_equal(drawn[k], filmed[k])
    for k in (b + 1, len(filmed) - 1):
        np.testing.assert_array_equal(drawn[k + shift], filmed[k])
    middle = drawn[(a + b + shift) // 2].astype(int)
    assert min(np.abs(middle - one).max() for one in filmed[a:b]) > 20, "no filmed frame: its mouth is new"
    assert [t for t, _ in read_video(tmp_path / "out.mp4")] == [Fraction(k, 25) for k in range(len(frames))]


def test_other_rates_and_channels(model: JamFlow, spoken: Result, tmp_path: Path) -> None:
    import soxr

    wave = soxr.resample(spoken.speech.waveform, 24_000, 44_100).astype(np.float32)
    write_wave(tmp_path / "fine.wav", wave, 44_100)
    result = model.edit(tmp_path / "fine.wav", change=("over", "under"), transcript=TEXT, nfe=NFE)
    _, now, first, end, _ = kept_apart(result, tmp_path / "fine.wav")
    assert result.speech.sample_rate == 44_100 and 0 < first < end < len(now)


def test_leaving_out_and_putting_in(model: JamFlow, sound: Path) -> None:
    was = len(read_sound(sound, 60).samples)
    less = model.edit(sound, change=("jumps over", "jumps"), transcript=TEXT, nfe=NFE).speech.waveform
    more = model.edit(sound, change=("seven apples", "seven very red apples"), transcript=TEXT, nfe=NFE).speech.waveform
    assert len(less) < was - 2_400 and len(more) > was + 4_800


def test_a_time_span(model: JamFlow, spoken: Result, sound: Path) -> None:
    start_s, end_s = words_s(spoken)[3]
    result = model.edit(sound, text="under", from_s=start_s, to_s=end_s, transcript=TEXT, nfe=NFE)
    _, _, first, end, _ = kept_apart(result, sound)
    assert first / 24_000 == pytest.approx(start_s - 0.1, abs=0.015) and end / 24_000 == pytest.approx(end_s + 0.02, abs=0.015)


def test_seed(model: JamFlow, sound: Path) -> None:
    one, again, other = (
        model.edit(sound, change=("over", "under"), transcript=TEXT, nfe=1, seed=seed).speech.waveform for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


BAD = {
    "not said": (["--change", "blue", "red"], "is not said in the recording, which says"),
    "several times": (["--change", "p", "red"], "is said 2 times"),
    "the same": (["--change", "seven apples", "Seven apples!"], "are the old ones"),
    "nothing": ([], "Nothing says what to change"),
    "both": (["--change", "over", "under", "--from", "1"], "Give one of them"),
    "backwards": (["--from", "1.5", "--to", "1", "--text", "hello"], "is empty"),
    "beyond": (["--from", "1", "--to", "99", "--text", "hello"], "reaches beyond the recording"),
    "another script": (["--change", "over", "да"], "Cyrillic"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_in_one_sentence(case: str, sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, message = BAD[case]
    text = "My p puppy p jumps over seven apples." if case == "several times" else TEXT
    assert run(["edit", "--video", str(sound), "-o", str(tmp_path / "out.wav"), "--transcript", text, *words]) == 2
    complaint = capsys.readouterr().err.strip().splitlines()[-1]
    assert message in complaint and not list(tmp_path.iterdir())


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30_000, 1001)])
@pytest.mark.parametrize("shift", [-7, -2, 0, 3, 20])
def test_what_follows_moves_by_whole_frames(fps: Fraction, shift: int) -> None:
    filmed = as_filmed([k / fps for k in range(40)], 40 / fps)
    order, first, last = retimed(filmed, 12 / fps - Fraction(1, 500), 20 / fps - Fraction(1, 500), shift / fps, fps)
    assert (first, last) == (12, 20 + shift) and len(order) == 40 + shift
    np.testing.assert_array_equal(order.frames_n[:first], np.arange(12))
    np.testing.assert_array_equal(order.frames_n[last:], np.arange(20, 40))
    assert (np.diff(order.frames_n) >= 0).all() and list(order.times_s) == [k / fps for k in range(40 + shift)]
    assert order.end_s == (40 + shift) / fps
