import sys

import pytest

from jamflow.errors import UserError
from jamflow.evaluate.wer import normalise, word_errors


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't STOP, please!", "dont stop please"),
        ("“Keep it,” she said — twice…", "keep it she said twice"),
        ("a well-known half-hour", "a wellknown halfhour"),  # deleted, not replaced by a space
        ("It costs $20.50", "it costs 2050"),  # numbers are not spelled out
        ("  two  spaces ", "two spaces"),
        ("你好，世界。", "你好世界"),
        ("?!", ""),
    ],
)
def test_text_is_normalised_as_by_f5_tts(text, expected):
    assert normalise(text) == expected


def test_both_averages_of_utterances_of_unequal_length():
    pytest.importorskip("jiwer")
    # One of two words wrong, none of eight wrong.
    errors = word_errors(
        ["Big pump.", "one two three four five six seven eight"],
        ["pig pump", "One two three four, five six seven eight."],
    )
    assert errors.utterance_rates == (0.5, 0.0)
    assert errors.utterance_mean == pytest.approx(0.25)
    assert errors.corpus == pytest.approx(0.1)


def test_insertions_and_silence_count():
    pytest.importorskip("jiwer")
    assert word_errors(["yes"], ["yes yes yes"]).corpus == pytest.approx(2.0)
    assert word_errors(["yes sir"], [""]).corpus == pytest.approx(1.0)


@pytest.mark.parametrize(("said", "heard"), [([], []), (["a"], []), (["?"], ["what"])])
def test_what_cannot_be_compared_is_refused(said, heard):
    with pytest.raises(ValueError, match=r"."):
        word_errors(said, heard)


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "jiwer", None)
    with pytest.raises(UserError, match=r"jiwer.*pip install 'jamflow\[eval\]'"):
        word_errors(["a"], ["a"])
