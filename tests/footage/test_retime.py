"""Which frame of a video is shown when."""

from fractions import Fraction as F

import pytest

from jamflow.errors import UserError
from jamflow.footage.retime import Order, as_filmed, for_speech, joined

UNEVEN = as_filmed([F(7), F(7) + F(1, 25), F(7) + F(1, 10), F(7) + F(1, 5)], F(1, 4))


def ntsc(frames: int) -> Order:
    return as_filmed([k * F(1001, 30000) for k in range(frames)], frames * F(1001, 30000))


def lasts(order: Order) -> list[F]:
    return [b - a for a, b in zip(order.times_s, [*order.times_s[1:], order.end_s], strict=True)]


def test_every_frame_keeps_its_own_time() -> None:
    assert lasts(UNEVEN) == [F(1, 25), F(3, 50), F(1, 10), F(1, 20)]
    assert set(lasts(ntsc(30))) == {F(1001, 30000)} and ntsc(30).end_s == F(1001, 1000)


def test_back_and_forth_every_frame_lasts_as_long_as_it_was_filmed() -> None:
    order = UNEVEN.back_and_forth(F(1))
    assert order.frames_n.tolist() == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2]
    own = lasts(UNEVEN)
    assert lasts(order) == [own[k] for k in order.frames_n]
    assert order.times_s[-1] < 1 <= order.end_s


def test_one_frame_is_held() -> None:
    order = as_filmed([F(3)], F(1, 25)).back_and_forth(F(1))
    assert order.frames_n.tolist() == [0] * 25 and order.end_s == 1


@pytest.mark.parametrize("speech_s", [F(1, 3), F(99, 100), F(1001, 1000), F(13, 10), F(5), F(100, 7)])
@pytest.mark.parametrize("fit", [None, "loop"])
def test_the_picture_covers_the_speech_and_no_more(speech_s: F, fit) -> None:
    order, _ = for_speech(ntsc(30), speech_s, fit)
    assert order.times_s[-1] < speech_s <= order.end_s < speech_s + F(1001, 30000)
    assert set(lasts(order)) == {F(1001, 30000)}


def test_a_small_difference_is_absorbed_without_a_word() -> None:
    for fit in (None, "trim", "loop", "refuse"):
        shorter, said = for_speech(ntsc(30), F(7, 10), fit)
        assert said == [] and shorter.frames_n.tolist() == list(range(21))
        longer, said = for_speech(ntsc(30), F(13, 10), fit)
        assert said == [] and longer.frames_n.tolist() == [*range(30), *[29] * 9]


def test_a_large_difference_is_said_with_both_lengths() -> None:
    _, said = for_speech(ntsc(300), F(4), None)
    assert said == ["The video lasts 10.0 s and the speech 4.0 s: the result ends with the speech."]
    order, said = for_speech(ntsc(30), F(4), None)
    assert "1.0 s" in said[0] and "4.0 s" in said[0] and "back and forth" in said[0] and order.frames_n[30] == 28
    order, said = for_speech(ntsc(30), F(4), "trim")
    assert len(order) == 30 and "ends with the video" in said[0]
    with pytest.raises(UserError, match=r"1\.0 s and the speech 4\.0 s"):
        for_speech(ntsc(30), F(4), "refuse")


def test_parts_of_a_video_put_together_again_are_the_video() -> None:
    whole = ntsc(30)
    cut_s = whole.times_s[11]
    again = joined([whole.part(F(0), cut_s), whole.part(cut_s, whole.end_s)])
    assert again.frames_n.tolist() == list(range(30)) and list(again.times_s) == list(whole.times_s)
    assert again.end_s == whole.end_s
