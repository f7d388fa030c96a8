"""Which part of a recording is looked at for words, and where in the whole they are."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from jamflow.alignment import find_words
from jamflow.alignment.find_words import WordFinder, refuse_long
from jamflow.errors import UserError
from jamflow.model.config import JointConfig
from jamflow.speech.original import Original, open_original
from jamflow.speech.waveform import write_wave
from jamflow.speech.whisper import HeardWord
from jamflow.text.phonemes import EnglishPhonemizer
from jamflow.text.words import TimedWord, Word


class Text:
    phonemizer = EnglishPhonemizer()


class Evenly:
    """An aligner to which all words are equally long."""

    text, config = Text(), JointConfig()

    def __init__(self):
        self.asked: list[tuple[int, float]] = []  # words, seconds

    def align(self, words: Sequence[Word], mel_fm: Tensor, say: object) -> list[TimedWord]:
        length_s = (len(mel_fm) - 1) / 93.75
        self.asked.append((len(words), length_s))
        each_s = length_s / len(words)
        return [TimedWord(word.text, i * each_s, (i + 1) * each_s, ()) for i, word in enumerate(words)]


class Ears:
    """Hears a word every second from second 1 on, of which number 40 is another one."""

    def __init__(self, count: int = 68):
        self._count = count
        self.heard_s: list[float] = []

    def words(self, wave: np.ndarray, rate_hz: int) -> list[HeardWord]:
        self.heard_s.append(len(wave) / rate_hz)
        count = min(self._count, int(len(wave) / rate_hz) - 1)
        return [HeardWord("dog" if i == 40 else "cat", i + 1.0, i + 1.8) for i in range(count)]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Original]:
    folder = tmp_path_factory.mktemp("sounds")
    out = {}
    for seconds in (12, 70):
        path: Path = folder / f"{seconds}.wav"
        write_wave(path, (0.1 * np.random.default_rng(0).standard_normal(seconds * 8000)).astype(np.float32), 8000)
        out[seconds] = open_original(path)
    return out


def finder() -> tuple[WordFinder, Evenly]:
    aligner = Evenly()
    return WordFinder(aligner, None), aligner  # pyright: ignore[reportArgumentType]


def test_with_a_transcript_all_of_it_is_laid_on_all_of_the_sound(sounds: dict[int, Original]) -> None:
    look, aligner = finder()
    heard = look.find(sounds[12], "the cat", "I saw the cat today.")
    assert (heard.first, heard.last) == (2, 4) and [w.text for w in heard.words] == ["I", "saw", "the", "cat", "today."]
    assert aligner.asked == [(5, pytest.approx(12.0, abs=0.02))]


def test_in_a_long_recording_only_what_is_near_is_laid_on_the_sound(
    sounds: dict[int, Original], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight seconds to either side, from the beginning of a word to the beginning of one."""
    monkeypatch.setattr(find_words, "_whisper", Ears)
    look, aligner = finder()
    heard = look.find(sounds[70], "dog", None)
    assert aligner.asked == [(15, pytest.approx(15.0, abs=0.02))], "words 33 to 47"
    assert (heard.first, heard.last) == (7, 8) and heard.words[7].text == "dog"
    assert heard.words[7].start_s == pytest.approx(41.0, abs=0.05) and heard.words[0].start_s == pytest.approx(34.0, abs=0.05)


def test_near_the_ends_of_a_long_recording_there_is_less_around(
    sounds: dict[int, Original], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_words, "_whisper", lambda: Ears(41))
    look, aligner = finder()
    heard = look.find(sounds[70], "dog", None)
    assert aligner.asked == [(8, pytest.approx(70 - 34, abs=0.02))] and (heard.first, heard.last) == (7, 8)


def test_a_short_recording_is_taken_whole(sounds: dict[int, Original], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_words, "_whisper", Ears)
    with pytest.raises(UserError, match="is said 11 times"):
        finder()[0].find(sounds[12], "cat", None)
    look, aligner = finder()
    heard = look.find(sounds[12], "cat cat cat cat cat cat cat cat cat cat cat", None)
    assert (heard.first, heard.last) == (0, 11) and aligner.asked[0][1] == pytest.approx(12.0, abs=0.02)


def test_words_of_a_span_are_those_whose_middle_is_in_it(sounds: dict[int, Original], monkeypatch: pytest.MonkeyPatch) -> None:
    look, _ = finder()
    words = "one two three four five six."  # 2 s each
    assert [(h.first, h.last) for h in (look.span(sounds[12], a, b, words) for a, b in ((4.2, 7.9), (2.9, 9.1), (5.2, 6.8)))] == [
        (2, 4),
        (1, 5),
        (3, 3),
    ]
    ears = Ears()
    monkeypatch.setattr(find_words, "_whisper", lambda: ears)
    look, aligner = finder()
    heard = look.span(sounds[70], 30.0, 34.0, None)
    assert ears.heard_s == [pytest.approx(20.0)] and aligner.asked[0][1] == pytest.approx(20.0, abs=0.02)
    assert heard.words[0].start_s == pytest.approx(22.0, abs=0.05)
    inside = heard.words[heard.first : heard.last]
    assert inside and all(30 <= (w.start_s + w.end_s) / 2 < 34 for w in inside)
    assert heard.words[heard.last].end_s > 34


def test_where_nobody_can_tell_a_span_has_no_words(sounds: dict[int, Original], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise UserError("not installed", "install it")

    for ears in (missing, lambda: Ears(0)):
        monkeypatch.setattr(find_words, "_whisper", ears)
        heard = finder()[0].span(sounds[12], 2.0, 4.0, None)
        assert (heard.words, heard.first, heard.last) == ([], 0, 0)
    with pytest.raises(UserError, match="not installed"):
        monkeypatch.setattr(find_words, "_whisper", missing)
        finder()[0].find(sounds[12], "cat", None)


def test_what_is_too_long_is_refused(sounds: dict[int, Original]) -> None:
    with pytest.raises(UserError, match="a transcript is laid on 60 s at most"):
        finder()[0].find(sounds[70], "cat", "A cat.")
    refuse_long(sounds[70])
    long = Original(Path("a.wav"), 8000, sounds[70].start_s, 8000 * 601, 1)
    with pytest.raises(UserError, match="lasts 10 minutes"):
        refuse_long(long)
