"""A face that answers: what goes in comes out on one clock, and interruptions leave nothing behind."""

import asyncio
import threading
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soxr

from jamflow import JamFlow
from jamflow.errors import UserError
from jamflow.live.avatar import Avatar, Moment
from jamflow.live.expression import LiveFace
from jamflow.sampling.generate import generate

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
RATE, FRAME = 24_000, 960


@pytest.fixture(scope="module")
def model() -> JamFlow:
    return JamFlow.load()


@pytest.fixture(scope="module")
def speech(model: JamFlow) -> np.ndarray:
    return model.tts("Papa may buy a map.", seed=1, nfe=4).speech.waveform


@pytest.fixture
def avatar(model: JamFlow):
    with model.live(PORTRAIT, size=128, nfe=1, in_time=False) as one:
        yield one


@pytest.fixture
def mouths(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The mouths that are drawn; the drawing itself is left out."""
    shown: list[np.ndarray] = []
    still = np.zeros((128, 128, 3), np.uint8)
    monkeypatch.setattr(LiveFace, "_frame", lambda self, motion, loudness: shown.append(self._shown_m.copy()) or still)
    return shown


def moments(avatar: Avatar, count: int) -> list[Moment]:
    return list(islice(avatar, count))


def said(moments: list[Moment]) -> np.ndarray:
    return np.concatenate([m.sound for m in moments if m.speaking] or [np.zeros(0, np.float32)])


def test_sound_comes_back_whole_with_a_moving_mouth(avatar: Avatar, speech: np.ndarray) -> None:
    for k in range(0, len(speech), 700):
        avatar.hear(speech[k : k + 700], RATE)
    avatar.end()
    shown = moments(avatar, len(speech) // FRAME + 10)
    np.testing.assert_array_equal(said(shown)[: len(speech)], speech)
    assert [m.time_s for m in shown[:3]] == [0, 0.04, 0.08]
    assert shown[0].frame.shape == (128, 128, 3) and shown[0].frame.dtype == np.uint8
    talking = np.stack([m.frame for m in shown if m.speaking]).astype(int)
    assert np.abs(np.diff(talking, axis=0)).mean((1, 2, 3)).max() > 0.2
    assert not shown[-1].speaking and not shown[-1].sound.any()


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        (lambda x: x.astype(np.float64), RATE),
        (lambda x: np.round(x * 32_767).astype(np.int16), RATE),
        (lambda x: np.stack([x, x], 1), RATE),
        (lambda x: soxr.resample(x, RATE, 16_000), 16_000),
    ],
)
def test_sound_of_other_kinds(avatar: Avatar, speech: np.ndarray, given: Callable, rate: int) -> None:
    avatar.hear(given(speech), rate)
    avatar.end()
    heard = said(moments(avatar, len(speech) // FRAME + 5))[: len(speech)]
    assert np.corrcoef(heard, speech[: len(heard)])[0, 1] > 0.98


def test_a_text_is_said_by_the_voice_that_speak_has(model: JamFlow, avatar: Avatar) -> None:
    avatar.say(iter(["Papa may ", "buy a map."]))
    expected = model.tts("Papa may buy a map.", seed=0).speech.waveform
    heard = said(moments(avatar, len(expected) // FRAME + 5))
    assert len(heard) == len(expected)
    assert np.sqrt(np.mean(heard[:7000] ** 2)) < 0.2 * np.sqrt(np.mean(heard**2))  # it begins with a short silence
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(np.sqrt(np.mean(expected**2)), rel=0.2)


def test_an_interruption_is_silent_at_once_and_nothing_jumps(avatar: Avatar, speech: np.ndarray, mouths) -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        avatar.hear(np.tile(speech, 2), RATE)
        count = int(rng.integers(1, 25))
        shown = moments(avatar, count)
        assert avatar.interrupt() == pytest.approx(sum(m.speaking for m in shown) / 25)
        assert not any(m.speaking for m in moments(avatar, int(rng.integers(1, 4))))
    assert avatar.interrupt() == 0
    moments(avatar, 25)
    assert np.abs(mouths[-1]).max() < 0.01  # shut
    steps = np.abs(np.diff(np.stack(mouths), axis=0)).max(1)
    assert steps.max() < 0.45  # cm; 0.7 where the mouth is not eased


def test_after_an_interruption_new_sound_begins_anew(avatar: Avatar, speech: np.ndarray, mouths) -> None:
    avatar.hear(speech, RATE)
    moments(avatar, 5)
    avatar.interrupt()
    avatar.hear(speech, RATE)
    avatar.end()
    np.testing.assert_array_equal(said(moments(avatar, len(speech) // FRAME + 5))[: len(speech)], speech)


def test_what_was_interrupted_costs_nothing_any_more(avatar: Avatar, speech: np.ndarray, monkeypatch) -> None:
    made: list[object] = []
    working, go_on = threading.Event(), threading.Event()

    def slowly(*given: object):
        made.append(given)
        working.set()
        go_on.wait(10)
        return generate(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("jamflow.live.hearing.generate", slowly)
    for _ in range(20):
        avatar.hear(speech, RATE)
    assert working.wait(10)
    avatar.interrupt()
    go_on.set()
    avatar.hear(speech[: 9 * FRAME], RATE)
    assert said(moments(avatar, 6)).size == 4 * FRAME
    assert len(made) == 2


def test_frames_come_in_time_whatever_the_worker_does(model: JamFlow, speech: np.ndarray, mouths, monkeypatch) -> None:
    slow = threading.Event()

    def never(*_: object) -> None:
        slow.wait(5)
        raise RuntimeError

    monkeypatch.setattr("jamflow.live.hearing.generate", never)
    with model.live(PORTRAIT, size=128, nfe=1) as avatar:
        avatar.hear(speech, RATE)
        began_s = time.monotonic()
        shown = moments(avatar, 11)
        assert time.monotonic() - began_s == pytest.approx(0.4, abs=0.15)
        assert not any(m.speaking for m in shown)
        avatar.interrupt()
        slow.set()


def test_the_same_as_async(avatar: Avatar, speech: np.ndarray) -> None:
    avatar.hear(speech, RATE)
    avatar.end()

    async def first(count: int) -> list[Moment]:
        out = []
        async for moment in avatar:
            out.append(moment)
            if len(out) == count:
                avatar.close()
        return out

    shown = asyncio.run(first(12))
    assert len(shown) == 12 and shown[-1].speaking


def test_closing_leaves_no_thread(model: JamFlow, speech: np.ndarray) -> None:
    before = set(threading.enumerate())
    avatar = model.live(PORTRAIT, size=128, in_time=False)
    avatar.hear(np.tile(speech, 20), RATE)
    avatar.close()
    avatar.close()
    assert set(threading.enumerate()) <= before
    assert list(avatar) == []
    with pytest.raises(UserError, match="closed"):
        avatar.say("Hello.")


@pytest.mark.parametrize(
    ("pcm", "rate", "words"),
    [
        (np.zeros(10, np.int64), RATE, "not int64"),
        (np.zeros((2, 3, 4), np.float32), RATE, "shape"),
        (np.array([np.nan], np.float32), RATE, "not numbers"),
        (np.zeros(10, np.float32), 3, "sample rate is 3"),
    ],
)
def test_what_is_no_sound_is_refused(avatar: Avatar, pcm: np.ndarray, rate: int, words: str) -> None:
    with pytest.raises(UserError, match=words):
        avatar.hear(pcm, rate)


@pytest.mark.parametrize("text", ["да", "..."])
def test_what_cannot_be_said_is_refused_at_once(avatar: Avatar, text: str) -> None:
    if text == "...":
        avatar.say(text)  # nothing
        assert not any(m.speaking for m in moments(avatar, 3))
        return
    with pytest.raises(UserError):
        avatar.say(text)


def test_a_fault_of_ours_reaches_whoever_iterates(avatar: Avatar, speech: np.ndarray, monkeypatch) -> None:
    monkeypatch.setattr("jamflow.live.hearing.generate", lambda *_: 1 / 0)
    avatar.hear(speech, RATE)
    with pytest.raises(ZeroDivisionError):
        moments(avatar, 3)
    assert len(moments(avatar, 3)) == 3  # the face goes on
