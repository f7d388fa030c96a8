"""The five ways to make a text fit: each does what it is called, or refuses in a sentence."""

import pytest

from jamflow.errors import UserError
from jamflow.text.fit import FASTEST, SLOWEST, SMALL, check_fit, fitted

WAYS = ("rate", "pause", "trim", "refuse")


def _fit(natural_s, room_s, way=None, whole_s=20.0):
    return fitted(natural_s, room_s, whole_s, way, WAYS, "the lips move for")


@pytest.mark.parametrize("way", [None, *WAYS])
def test_small_differences_are_absorbed_without_a_word(way):
    for need in (0.81, 1.0, 1.24):
        found = _fit(10 * need, 10, way)
        assert found.rate == pytest.approx(need)
        assert found.warning is None and found.keep_s is None


def test_too_long_is_spoken_faster_and_told_with_the_numbers():
    found = _fit(14.0, 10.0)
    assert found.rate == pytest.approx(1.4) and found.way == "rate"
    assert "14.0 s" in found.warning and "10.0 s" in found.warning and "--fit" in found.warning


def test_too_short_ends_early_unless_it_is_to_be_slower():
    assert _fit(5.0, 10.0).rate == 1.0
    assert _fit(7.0, 10.0, "rate").rate == pytest.approx(0.7)
    assert _fit(2.0, 10.0, "rate").rate == SLOWEST


def test_no_rate_is_beyond_what_can_be_understood():
    assert _fit(24.0, 12.0).rate == FASTEST  # the rest is said while the lips rest
    with pytest.raises(UserError, match=r"too long even at 1\.6"):
        _fit(40.0, 12.0)
    with pytest.raises(UserError, match="too long even at 1 times"):
        _fit(21.0, 12.0, "pause")


def test_trim_keeps_what_fits_at_a_small_rate():
    found = _fit(40.0, 12.0, "trim")
    assert found.keep_s / found.rate == pytest.approx(12.0) and found.rate == SMALL
    with pytest.raises(UserError, match="nothing to trim"):
        _fit(4.0, 12.0, "trim")


def test_refuse_refuses_what_is_not_small():
    with pytest.raises(UserError, match=r"14\.0 s to say, and the lips move for 10\.0 s"):
        _fit(14.0, 10.0, "refuse")


def test_lips_that_never_move_are_no_division_by_zero():
    assert _fit(4.0, 0.0).rate == FASTEST


def test_ways_that_mean_nothing_are_refused_by_name():
    with pytest.raises(UserError, match="--fit loop means nothing for dub"):
        check_fit("loop", WAYS, "dub")
    with pytest.raises(UserError, match="no --fit 'squeeze'"):
        check_fit("squeeze", WAYS, "dub")
    check_fit(None, WAYS, "dub")
