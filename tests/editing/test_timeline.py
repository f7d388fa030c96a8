"""Other words in a recording: what is before stays, what is after moves by whole units, and the words are as slow as the rest."""

from fractions import Fraction as F
from itertools import pairwise

import pytest

from jamflow.editing.timeline import EditTimeline, edit_timeline
from jamflow.model.config import mini
from jamflow.text.durations import load_durations
from jamflow.text.frontend import TextFrontend
from jamflow.text.phonemes import symbols
from jamflow.text.words import TimedWord, Word, is_sound, sequence, spoken_words
from jamflow.weights.shipped import asset

UNIT_S = F(1, 25)
RATE_HZ = 46.875


@pytest.fixture(scope="module")
def text() -> TextFrontend:
    return TextFrontend(load_durations(asset("mini/durations.safetensors"), len(symbols())), mini(len(symbols())))


def timed(text: TextFrontend, said: str, slower: float = 1.0, gap_s: float = 0.0) -> list[TimedWord]:
    """As a speaker says it who is slower than expected; his first word begins at 0.5 s, and between words there is a gap."""
    words = spoken_words(said, text.phonemizer)
    named, spans = sequence(words)
    seconds = (text.seconds(named) * slower).tolist()
    out, now = [], 0.5
    for word, (first, last) in zip(words, spans, strict=True):
        phones = []
        for symbol, s in zip(word.symbols, seconds[first:last], strict=True):
            phones.append((symbol, now, now + s))
            now += s
        heard = [p for p in phones if is_sound(p[0])]
        out.append(TimedWord(word.text, heard[0][1], heard[-1][2], tuple(phones)))
        now += gap_s
    return out


def edited(text: TextFrontend, old: list[TimedWord], new: str, first: int, last: int) -> EditTimeline:
    return edit_timeline(old, first, last, spoken_words(new, text.phonemizer), text, UNIT_S)


def assert_whole(change: EditTimeline) -> None:
    assert all(a[2] == pytest.approx(b[1], abs=1e-6) for a, b in pairwise(change.phones)), "without gaps"
    assert change.shift_s % UNIT_S == 0 and change.new_s >= 0
    middles = [middle for _, middle in change.words]
    assert middles == sorted(middles)


@pytest.mark.parametrize("slower", [0.8, 1.0, 1.5])
def test_one_word_becomes_another(text: TextFrontend, slower: float) -> None:
    old = timed(text, "The big dog saw a red cat today.", slower, 0.06)
    change = edited(text, old, "The big elephant saw a red cat today.", 2, 3)
    assert_whole(change)
    assert (float(change.start_s), float(change.end_s)) == (old[2].start_s, old[2].end_s)
    shift_s = float(change.shift_s)
    before = [p for p in change.phones if p[2] <= old[1].end_s + 1e-6 and is_sound(p[0])]
    assert before == [p for word in old[:2] for p in word.phones]
    said = [p for p in old[7].phones if is_sound(p[0])]
    after = [p for p in change.phones if is_sound(p[0])][-len(said) :]
    assert [p[0] for p in after] == [p[0] for p in said]
    assert [p[1] for p in after] == pytest.approx([p[1] + shift_s for p in said])
    fresh = timed(text, "The big elephant saw a red cat today.", slower)[2]
    assert float(change.new_s) == pytest.approx(fresh.end_s - fresh.start_s, rel=0.12), "as slow as the rest"
    assert [word for word, _ in change.words] == ["The", "big", "elephant", "saw", "a", "red", "cat", "today."]
    assert change.words[2][1] == pytest.approx(old[2].start_s + float(change.new_s) / 2)
    assert change.words[3][1] == pytest.approx((old[3].start_s + old[3].end_s) / 2 + shift_s)


def test_nobody_speaks_more_than_sixty_percent_slower(text: TextFrontend) -> None:
    lengths = [
        edited(text, timed(text, "The big dog saw a cat.", slower), "The big elephant saw a cat.", 2, 3).new_s
        for slower in (1.6, 4.0)
    ]
    assert abs(lengths[0] - lengths[1]) <= 2 * UNIT_S


def test_words_that_go_take_no_more_time_with_them_than_they_had(text: TextFrontend) -> None:
    old = timed(text, "The big red dog saw a cat.", gap_s=0.05)
    change = edited(text, old, "The dog saw a cat.", 1, 3)
    assert_whole(change)
    assert 0 <= change.new_s < UNIT_S and [w for w, _ in change.words] == ["The", "dog", "saw", "a", "cat."]
    assert change.shift_s < 0


def test_words_that_come_into_a_gap_leave_the_gap_behind_them(text: TextFrontend) -> None:
    old = timed(text, "The dog saw a cat.", gap_s=0.4)
    change = edited(text, old, "The big dog saw a cat.", 1, 1)
    assert_whole(change)
    assert (float(change.start_s), float(change.end_s)) == (old[0].end_s, pytest.approx(old[1].start_s))
    assert change.new_s > F(4, 10) and change.shift_s > 0
    silences = [b - a for s, a, b in change.phones if s == "_"]
    assert sum(s == pytest.approx(0.4, abs=0.06) for s in silences) >= 4, "every gap is still there"
    first, last = (edited(text, old, new, at, at) for new, at in (("A The dog saw a cat.", 0), ("The dog saw a cat. Now.", 5)))
    assert float(first.start_s) == float(first.end_s) == 0.5 and float(last.start_s) == float(last.end_s) == old[-1].end_s


def test_text_around_is_written_only_where_it_is_known(text: TextFrontend) -> None:
    old = timed(text, "The big dog saw a cat.", gap_s=0.1)
    change = edited(text, old, "The big elephant saw a cat.", 2, 3)
    from_s = F(1, 4)
    tokens = 60
    known = change.timed(from_s, tokens, RATE_HZ)
    assert (known >= 0).all()
    for symbol, a, b in change.phones:
        at = round(((a + b) / 2 - 0.25) * RATE_HZ - 0.5)
        if b - a > 2 / RATE_HZ and 0 <= at < tokens:
            assert symbols()[int(known[at])] == symbol
    blind = edit_timeline([], 0, 0, [Word("elephant", ("ˈɛ", "l"), True)], text, UNIT_S, (1.0, 1.5))
    assert not blind.known and (blind.start_s, blind.end_s) == (1, F(3, 2))
    seen = blind.timed(F(1, 2), 80, RATE_HZ)
    middles = 0.5 + (0.5 + seen.ne(-1).nonzero().flatten()) / RATE_HZ
    assert float(middles[0]) == pytest.approx(1.0, abs=1 / RATE_HZ)
    assert float(middles[-1]) == pytest.approx(1.0 + float(blind.new_s), abs=1 / RATE_HZ)
    assert (seen == -1).any()


def test_words_between_two_times_are_those_whose_middle_is(text: TextFrontend) -> None:
    change = EditTimeline(F(1), F(2), F(1), [], [("a", 0.5), ("b", 1.5), ("c", 2.5)], True)
    assert change.spelled(F(0), F(2)) == "a b" and change.spelled(F(1, 2), F(5, 2)) == "a b" and change.spelled(F(3), F(4)) == ""
