"""Lips made from known phone times give these times back."""

import time
from itertools import pairwise

import numpy as np
import pytest

from jamflow.alignment.lip_timing import PAUSES, kept, lip_times, moving_s
from jamflow.data.augment import track_noise
from jamflow.face.articulation import articulate, random_style
from jamflow.model.config import mini
from jamflow.text.durations import load_durations
from jamflow.text.frontend import TextFrontend
from jamflow.text.phonemes import SILENCE, symbols
from jamflow.weights.shipped import asset

TEXT = "My puppy jumps over the wall. Bob may move five apples, but who would show them to a woman in blue?"
FPS = 25


@pytest.fixture(scope="module")
def spoken() -> list[tuple[str, float]]:
    reader = TextFrontend(load_durations(asset("mini/durations.safetensors"), len(symbols())), mini(len(symbols())))
    return [*(symbol for sentence in reader.sentences(TEXT) for symbol in sentence), (SILENCE, 0.1)]


def performed(spoken, speed: float, rng: np.random.Generator, pause_s: float = 0.8):
    """(phones, lips, seconds) of another person: own durations, own lips, a pause between sentences, a tracker's noise."""
    phones, now = [], 0.0
    for k, (symbol, seconds) in enumerate(spoken):
        seconds = seconds / speed * float(np.exp(0.25 * rng.standard_normal()))
        if symbol == SILENCE:
            seconds = pause_s if 0 < k < len(spoken) - 1 else 0.6
        phones.append((symbol, now, now + seconds))
        now += seconds
    lips = articulate(phones, now + 0.04, FPS, random_style(rng))
    lips = track_noise(lips.reshape(len(lips), -1), rng).reshape(lips.shape)
    return phones, lips, now


def starts(phones) -> np.ndarray:
    return np.array([start for symbol, start, _ in phones if symbol not in PAUSES and symbol != " "])


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.4])
@pytest.mark.parametrize("amplitude", [0.4, 1.0])
def test_times_come_back(spoken, speed: float, amplitude: float) -> None:
    rng = np.random.default_rng(3)
    truth, lips, length_s = performed(spoken, speed, rng)
    lips[:, :, 1] *= amplitude
    found = lip_times(*zip(*spoken, strict=True), lips, FPS, length_s)
    off = np.abs(starts(found) - starts(truth))
    assert np.median(off) < 0.08 and np.quantile(off, 0.9) < 0.25  # one sentence by one speaker, whose lead is not known
    stretched = np.cumsum([0.0, *(s for _, s in spoken)])[:-1] * length_s / sum(s for _, s in spoken)
    blind = [t for t, (symbol, _) in zip(stretched, spoken, strict=True) if symbol not in PAUSES and symbol != " "]
    assert np.median(off) < 0.5 * np.median(np.abs(np.array(blind) - starts(truth)))


def test_phones_cover_the_video_in_order(spoken) -> None:
    _, lips, length_s = performed(spoken, 1.0, np.random.default_rng(0))
    found = lip_times(*zip(*spoken, strict=True), lips, FPS, length_s)
    assert found[0][1] == 0.0 and found[-1][2] == pytest.approx(length_s)
    assert all(a[2] == b[1] for a, b in pairwise(found))
    assert [s for s, _, _ in found if s not in PAUSES] == [s for s, _ in spoken if s not in PAUSES]


def test_lips_at_rest_get_silence(spoken) -> None:
    """A second and a half of shut lips between two sentences is silent."""
    truth, lips, length_s = performed(spoken, 1.0, np.random.default_rng(5), pause_s=1.5)
    found = lip_times(*zip(*spoken, strict=True), lips, FPS, length_s)
    start, end = next((a, b) for s, a, b in truth[1:-1] if s == SILENCE)
    said = sum(max(0.0, min(b, end) - max(a, start)) for s, a, b in found if s not in PAUSES)
    assert said < 0.2


@pytest.mark.parametrize("seed", [2, 3])
def test_lips_that_get_ready_do_not_speak_yet(spoken, seed: int) -> None:
    """Lips part 0.35 s before the voice begins; nothing is said there."""
    rng = np.random.default_rng(seed)
    truth, lips, length_s = performed(spoken, 1.0, rng)
    first_s = starts(truth)[0]
    at = np.arange(len(lips)) / FPS
    parted = 0.5 * np.clip((at - (first_s - 0.35)) / 0.1, 0, 1) * (at < first_s)
    missing = np.maximum(parted - (lips[:, 2, 1] - lips[:, 3, 1]), 0) * (at < first_s)
    lips[:, 3, 1] -= missing.astype(np.float32)
    found = lip_times(*zip(*spoken, strict=True), lips, FPS, length_s)
    assert starts(found)[0] > first_s - 0.06


def test_a_fast_speakers_words_are_not_stretched_over_his_pause(spoken) -> None:
    """More than half as fast again as expected, so the text would fill three seconds of shut lips, if they did not count."""
    off = []
    for seed in range(3, 6):
        truth, lips, length_s = performed(spoken, 1.6, np.random.default_rng(seed), pause_s=3.0)
        found = lip_times(*zip(*spoken, strict=True), lips, FPS, length_s)
        off.append(np.abs(starts(found) - starts(truth)).mean())
    assert np.mean(off) < 0.45


def test_lips_that_move_while_they_get_ready_do_not_speak_yet_either(spoken) -> None:
    """Between sentences they move as much as in speech, and stay open for the last 0.1 to 0.4 s before the next one."""
    off = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        truth, lips, length_s = performed(spoken, 1.0, rng, pause_s=1.5)
        at = np.arange(len(lips)) / FPS
        knots_s = np.arange(0, length_s + 1, 0.15)
        other = np.abs(np.interp(at, knots_s, rng.standard_normal(len(knots_s))))
        for symbol, start, end in truth[:-1]:
            if symbol == SILENCE:
                quiet = (at >= start) & (at < end)
                lips[quiet, 3, 1] -= other[quiet].astype(np.float32)
                soon = (at >= end - rng.uniform(0.1, 0.4)) & (at < end)
                lips[soon, 3, 1] = np.minimum(lips[soon, 3, 1], -0.5)
        found = lip_times(*zip(*spoken, strict=True), lips, FPS, length_s)
        off.append(np.abs(starts(found) - starts(truth)).mean())
    assert np.mean(off) < 0.05


def test_lips_that_never_move_are_no_trouble(spoken) -> None:
    found = lip_times(*zip(*spoken, strict=True), np.zeros((250, 6, 3), np.float32), FPS, 10.0)
    assert found[-1][2] == pytest.approx(10.0) and np.isfinite([t for _, a, b in found for t in (a, b)]).all()


def test_more_text_than_time_still_covers_the_video(spoken) -> None:
    found = lip_times(*zip(*spoken, strict=True), np.zeros((25, 6, 3), np.float32), FPS, 1.0)
    assert found[0][1] == 0.0 and found[-1][2] == pytest.approx(1.0)


def test_minutes_cost_seconds(spoken) -> None:
    rng = np.random.default_rng(2)
    parts = [performed(spoken, 1.0, rng) for _ in range(16)]
    lips = np.concatenate([part[1][: round(part[2] * FPS)] for part in parts])
    shifts = np.cumsum([0.0, *(round(part[2] * FPS) / FPS for part in parts)])
    truth = np.concatenate([starts(part[0]) + shift for part, shift in zip(parts, shifts, strict=False)])
    begin = time.process_time()
    found = lip_times(*zip(*(spoken * 16), strict=True), lips, FPS, float(shifts[-1]))
    assert time.process_time() - begin < 0.1 * shifts[-1]
    assert np.median(np.abs(starts(found) - truth)) < 0.06


def test_kept_are_whole_words_and_whole_sentences_where_they_are_half_of_it() -> None:
    """Two sentences of two words each, every sound a second long; silences do not count."""
    said = [("_", 9.0), ("m", 1.0), (" ", 1.0), ("b", 1.0), ("_", 9.0), ("p", 1.0), (" ", 1.0), ("f", 1.0)]
    for keep_s, kept_symbols, left in ((6.5, "_m b_p", 1), (4.5, "_m b", 2), (3.5, "_m b", 2), (2.5, "_m", 3), (0.5, "_m", 3)):
        spoken, told = kept(said, keep_s)
        assert "".join(s for s, _ in spoken) == kept_symbols
        assert told == f"The last {left} of the text's 4 words are left out."


def test_only_rest_of_a_third_of_a_second_and_more_is_no_speech() -> None:
    at = np.arange(200) / FPS
    lips = np.zeros((200, 6, 3), np.float32)
    lips[:, 3, 1] = -0.4 - 0.4 * np.sin(2 * np.pi * 4 * at)
    assert moving_s(lips, FPS) == pytest.approx(8.0, abs=0.1)
    short, long = lips.copy(), lips.copy()
    short[100:106], long[100:150] = 0, 0
    assert moving_s(short, FPS) == pytest.approx(8.0, abs=0.1)
    assert moving_s(long, FPS) == pytest.approx(6.0, abs=0.3)


def test_time_in_which_lips_speak(spoken) -> None:
    _, lips, length_s = performed(spoken, 1.0, np.random.default_rng(1), pause_s=2.0)
    assert moving_s(lips, FPS) == pytest.approx(length_s - 2.0 - 1.2, rel=0.15)
    assert moving_s(np.zeros((100, 6, 3)), FPS) == 0.0


def test_kept_ends_with_a_word() -> None:
    text = [(SILENCE, 0.3), ("h", 1.0), ("I", 1.0), (SILENCE, 0.1), ("j", 1.0), (" ", 0.1), ("u", 2.0)]
    assert kept(text, 2.5) == (text[:3], "The last 2 of the text's 3 words are left out.")
    assert kept(text, 3.2) == (text[:3], "The last 2 of the text's 3 words are left out.")
    whole, _ = kept([("a", 1.0), (" ", 0.1), ("b", 1.0), (" ", 0.1), ("u", 2.0)], 2.2)
    assert [s for s, _ in whole] == ["a", " ", "b"]
