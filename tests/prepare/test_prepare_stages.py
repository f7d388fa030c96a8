"""The stages one by one: what is heard, what is said when, what is in step, which frames are good, what is the same."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from sources import RATE_HZ

from jamflow.alignment.recogniser import Recogniser, RecogniserConfig
from jamflow.errors import UserError
from jamflow.evaluate.sync import Sync
from jamflow.face.canonical import load_canonical
from jamflow.face.motion import Motion
from jamflow.face.track import Track
from jamflow.mel_format import MelFormat
from jamflow.prepare import hearing, step, times
from jamflow.prepare.film import FACE_CM, Shot
from jamflow.prepare.fingerprint import Known, fingerprint
from jamflow.prepare.settings import Settings
from jamflow.prepare.stretches import stretches
from jamflow.prepare.tools import Tools
from jamflow.speech.level import to_model_level
from jamflow.speech.mel import LogMel
from jamflow.text.words import TimedWord, Word, spoken_words


def notes(seconds: float, chord: tuple[float, ...], every_s: float = 0.6) -> np.ndarray:
    """Struck strings with five partials each."""
    out = np.zeros(round(seconds * RATE_HZ))
    time_s = np.arange(RATE_HZ) / RATE_HZ
    for k, start in enumerate(np.arange(0, seconds - 0.1, every_s)):
        first = round(start * RATE_HZ)
        for hz in chord:
            note = sum(np.sin(2 * np.pi * hz * (1 + k % 3 / 4) * n * time_s) / n for n in range(1, 6)) * np.exp(-2 * time_s)
            room = min(len(note), len(out) - first)
            out[first : first + room] += note[:room]
    return (0.2 * out / np.abs(out).max()).astype(np.float32)


def test_music_is_told_from_speech_also_under_it(voices: dict[str, np.ndarray]) -> None:
    speech = np.concatenate(list(voices.values()))
    music = notes(len(speech) / RATE_HZ, (110, 138.6, 164.8))[: len(speech)]
    assert hearing.listen(speech, RATE_HZ).steady < hearing.MUSIC / 2
    assert hearing.listen(music, RATE_HZ).steady > 2 * hearing.MUSIC
    both = speech[: len(music)] + music * np.sqrt((speech**2).mean() / (music**2).mean())
    assert hearing.listen(both, RATE_HZ).steady > hearing.MUSIC
    hum = speech + 0.003 * np.sin(2 * np.pi * 50 * np.arange(len(speech)) / RATE_HZ)
    assert hearing.listen(hum, RATE_HZ).steady < hearing.MUSIC


def test_voice_is_counted_in_seconds(voices: dict[str, np.ndarray]) -> None:
    speech = next(iter(voices.values()))
    once, twice = (hearing.listen(np.tile(speech, n), RATE_HZ).voiced_s for n in (1, 2))
    assert hearing.SPOKEN_S < once < len(speech) / RATE_HZ and twice == pytest.approx(2 * once, rel=0.1)
    assert hearing.listen(np.random.default_rng(0).normal(0, 0.1, RATE_HZ), RATE_HZ).voiced_s == 0
    quieter = hearing.listen(speech / 10, RATE_HZ).level_db
    assert quieter == pytest.approx(hearing.listen(speech, RATE_HZ).level_db - 20, abs=0.1)


def test_the_bandwidth_of_a_telephone(voices: dict[str, np.ndarray]) -> None:
    import soxr

    def heard(wave: np.ndarray, source_rate_hz: float | None = None) -> float | None:
        mel = LogMel(MelFormat())(torch.from_numpy(to_model_level(wave))).numpy()
        return hearing.bandwidth_hz(mel, MelFormat(), source_rate_hz)

    rng = np.random.default_rng(0)
    full = np.concatenate(list(voices.values())) + rng.normal(0, 0.003, sum(map(len, voices.values())))
    narrow = soxr.resample(soxr.resample(full, RATE_HZ, 8000), 8000, RATE_HZ)
    assert heard(full.astype(np.float32)) is None
    assert heard(narrow.astype(np.float32)) == pytest.approx(4000, abs=400)
    assert heard(full.astype(np.float32), 16_000) == 8000 and heard(full.astype(np.float32), 44_100) is None
    assert heard(narrow.astype(np.float32), 16_000) == heard(narrow.astype(np.float32))


def mel_of(loud_f: np.ndarray) -> np.ndarray:
    """(M, 100) log mel that is as loud as `loud_f` says, 25 values a second from 0 to 1."""
    frames = round(len(loud_f) / 25 * MelFormat().frame_rate_hz)
    at = np.arange(frames) / MelFormat().frame_rate_hz * 25
    return np.repeat(np.interp(at, np.arange(len(loud_f)), loud_f)[:, None] * 6 - 8, 100, axis=1)


class Echo(Recogniser):
    """Hears an opening that is written into the first band."""

    def opening_cm(self, mel_fm):
        return mel_fm[:, 0]


def test_lips_that_are_late_or_early() -> None:
    scorer = step.by_ear(Echo(RecogniserConfig()))
    rng = np.random.default_rng(0)
    loud = np.convolve(rng.random(260), np.hanning(7) / np.hanning(7).sum(), "same")
    loud = np.clip((loud - 0.3) / 0.4, 0, 1)
    for late in (-10, -7, 0, 3, 8):
        judged = step.judge(mel_of(loud[30:230]), np.roll(loud, late)[30:230], scorer)
        assert judged.lag_s == pytest.approx(late / 25, abs=0.03)
        assert bool(judged.refused) == (abs(late) > 5)
        assert judged.refused == "" or ("late" if late > 0 else "early") in judged.refused
        short = step.judge(mel_of(loud[30:75]), np.roll(loud, late)[30:75], scorer)
        assert short.refused == "", "two seconds prove nothing"


def test_a_recogniser_needs_less_sound() -> None:
    rng = np.random.default_rng(1)
    curve = np.convolve(rng.random(120), np.hanning(7), "same")
    time_s = (np.arange(281) + 0.5) / 93.75
    mel = np.zeros((281, 100), np.float32)
    mel[:, 0] = np.interp(time_s, np.arange(120) / 25, curve)
    scorer = step.by_ear(Echo(RecogniserConfig()))
    assert step.judge(mel, curve[:75], scorer).refused == ""
    assert "0.40 s early" in step.judge(mel, curve[10:85], scorer).refused


def fixed(score: float, margin: float, lag_s: float) -> step.Scorer:
    return step.Scorer(lambda mel, opening, fps: Sync(score, margin, lag_s), 2.0, 0.3)


def test_what_counts_as_out_of_step() -> None:
    long, short = np.ones(200), np.ones(40)
    mel = mel_of(long)
    assert "otherwise" in step.judge(mel, long, fixed(0.05, 0.1, 0.0)).refused
    assert step.judge(mel, short, fixed(0.05, 0.1, 0.0)).refused == ""
    assert step.judge(mel, long, fixed(0.8, 0.5, 0.4)).refused == "the lips are 0.40 s late"
    assert step.judge(mel, long, fixed(0.8, 0.1, 0.4)).refused == "", "it fits at many lags"
    assert step.judge(mel, long, fixed(0.8, 0.5, -0.2)).refused == ""
    assert step.judge(mel, long, fixed(float("nan"), float("nan"), 0.0)).refused == "the lips do not move"


def test_aligned_phones_belong_to_their_words() -> None:
    words = [Word("to", ("t", "ə"), False), Word("bay,", ("b", "ˈA", ","), False), Word("go", ("ɡ", "ˈO"), True)]
    phones = [("_", 0.0, 0.2), ("t", 0.2, 0.3), ("ə", 0.3, 0.4), (" ", 0.4, 0.42), ("b", 0.42, 0.5), ("ˈA", 0.5, 0.8)]
    phones += [(",", 0.8, 1.0), ("ɡ", 1.0, 1.1), ("ˈO", 1.1, 1.4), ("_", 1.4, 2.0)]
    to, bay, go = times.as_words(words, phones)
    assert (to.start_s, to.end_s, bay.end_s, go.start_s) == (0.2, 0.4, 0.8, 1.0)
    assert [s for s, _, _ in bay.phones] == ["b", "ˈA", ","] and go.phones == tuple(phones[7:9])
    assert times.as_words([], [("_", 0.0, 1.0)]) == []


@pytest.fixture(scope="module")
def tools() -> Tools:
    return Tools(Settings())


def test_phonemes_share_the_time_of_their_word(tools: Tools) -> None:
    words = (("bin", 0.5, 0.8), ("blue", 0.8, 1.2), ("at", 1.5, 1.6))
    placed = times.placed(words, tools.frontend)
    assert [(w.text, w.start_s, w.end_s) for w in placed] == list(words)
    for word in placed:
        assert word.phones[0][1] == word.start_s and word.phones[-1][2] == pytest.approx(word.end_s)
        assert all(a[2] == b[1] for a, b in pairwise(word.phones))
    assert [p[0] for p in placed[1].phones] == ["b", "l", "ˈu"]
    assert placed[1].phones[2][2] - placed[1].phones[2][1] > placed[1].phones[1][2] - placed[1].phones[1][1], "vowels last"


def test_words_that_are_written_as_one_or_without_letters(tools: Tools) -> None:
    placed = times.placed((("it's", 0.0, 0.4), ("1999", 0.4, 1.2)), tools.frontend)
    assert len(placed) == 2 and len(placed[1].phones) > 8


def word(text: str, start_s: float, end_s: float) -> TimedWord:
    middle = (start_s + end_s) / 2
    return TimedWord(text, start_s, end_s, (("b", start_s, middle), ("ˈu", middle, end_s)))


def test_a_stretch_keeps_whole_words() -> None:
    words = [word("a", 0.1, 0.5), word("b", 0.9, 1.4), word("c", 1.5, 2.0), word("d", 2.6, 3.0)]
    kept, start_s, end_s = times.within(words, 1.0, 2.8)
    assert [w.text for w in kept] == ["c"] and (start_s, end_s) == (1.4, 2.6)
    assert times.within(words, 0.0, 3.5) == (words, 0.0, 3.5)
    assert times.within(words, 2.1, 2.5) == ([], 2.1, 2.5)


def test_phones_have_no_gaps_and_pauses_are_silent() -> None:
    phones = times.phones_of([word("a", 0.3, 0.5), word("b", 0.5, 0.9), word("c", 1.4, 1.8)], 2.0)
    assert phones[0] == ("_", 0.0, 0.3) and phones[-1] == ("_", 1.8, 2.0)
    assert all(a[2] == b[1] for a, b in pairwise(phones))
    assert [s for s, _, _ in phones] == ["_", "b", "ˈu", " ", "b", "ˈu", "_", " ", "b", "ˈu", "_"]
    space, pause = phones[3], phones[6]
    assert space[2] - space[1] == pytest.approx(0.025) and pause[2] - pause[1] == pytest.approx(0.48)
    assert times.phones_of([word("a", 0.0, 1.0)], 1.0) == [("b", 0.0, 0.5), ("ˈu", 0.5, 1.0)]


def shot(labels: str) -> Shot:
    """A frame a letter: . good, l lost, s small, t turned, c covered."""
    there = np.array([label != "l" for label in labels])
    count = len(labels)
    rotation = np.zeros((count, 3), np.float32)
    rotation[[label == "t" for label in labels], 1] = 50
    motion = Motion(
        np.zeros((count, 21, 3), np.float32), rotation, np.zeros((count, 3), np.float32), np.ones(count, np.float32), Fraction(25)
    )
    height = np.array([{"l": np.nan, "s": 30.0}.get(label, 200.0) for label in labels])
    hidden = np.array([label == "c" for label in labels])
    return Shot(np.arange(count) / 25, count / 25, Track(motion, there), there, hidden, height, np.zeros(count), 1, [])


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("." * 50, [(0, 50, None)]),
        ("." * 30 + "l" * 3 + "." * 30, [(0, 63, None)]),
        ("." * 30 + "l" * 4 + "." * 30, [(0, 30, None), (30, 34, "face lost"), (34, 64, None)]),
        ("." * 24, [(0, 24, "too short")]),
        ("." * 10 + "t" * 30 + "." * 40, [(0, 40, "face turned"), (40, 80, None)]),
        ("s" * 30, [(0, 30, "face small")]),
        ("c" * 30 + "l" * 20 + "." * 25, [(0, 50, "face covered"), (50, 75, None)]),
        ("ll" + "." * 40, [(0, 2, "face lost"), (2, 42, None)]),
    ],
)
def test_good_frames_are_kept_in_stretches(labels: str, expected: list[tuple[int, int, str | None]]) -> None:
    found = stretches(shot(labels))
    assert [(s.first, s.last, s.reason) for s in found] == expected
    assert all(s.start_s == s.first / 25 and s.end_s == s.last / 25 for s in found)


def test_a_shot_without_a_face_is_one_stretch() -> None:
    from dataclasses import replace

    (alone,) = stretches(replace(shot("l" * 20), track=None))
    assert (alone.first, alone.last, alone.reason) == (0, 20, "no face")


def test_the_canonical_face_has_the_height_that_openings_are_measured_by() -> None:
    vertices = load_canonical().vertices_v3
    assert np.linalg.norm(vertices[10, :2] - vertices[152, :2]) == pytest.approx(FACE_CM, abs=0.001)


def test_the_same_sound_is_found_whatever_was_done_to_it(voices: dict[str, np.ndarray]) -> None:
    import soxr

    known = Known()
    waves = [np.concatenate([a, b]) for a in voices.values() for b in voices.values() if a is not b]
    speech = waves[0]
    for name, wave in voices.items():
        assert known.find_or_add(fingerprint(wave, RATE_HZ), name) is None, "another sentence"
    for changed, rate_hz in (
        (0.3 * voices["The boat was full of maps."], RATE_HZ),
        (voices["The boat was full of maps."][1000:-1000], RATE_HZ),
        (soxr.resample(voices["The boat was full of maps."], RATE_HZ, 16000), 16000),
    ):
        assert known.find_or_add(fingerprint(changed, rate_hz), "again") == "The boat was full of maps."
    assert fingerprint(speech[:100], RATE_HZ) == () and known.find_or_add((), "nothing") is None


def test_a_text_that_is_not_what_is_said_is_refused(voices: dict[str, np.ndarray], tools: Tools) -> None:
    """By the recogniser that ships."""
    for said, wave in voices.items():
        mel = LogMel(MelFormat())(torch.from_numpy(to_model_level(wave)))[:-1].numpy()
        right = tools.align(spoken_words(said, tools.frontend.phonemizer), mel)
        assert [w.text for w in right] == [w.text for w in spoken_words(said, tools.frontend.phonemizer)]
        with pytest.raises(UserError, match="something else"):
            tools.align(spoken_words("Zebras gallop quickly over five huge volcanoes.", tools.frontend.phonemizer), mel)
