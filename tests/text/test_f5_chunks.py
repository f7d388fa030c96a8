"""Text for F5-TTS: chunks that fit beside the reference, and how long they last."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamflow.text.f5_text import chunk_bytes, chunks, joined, mel_frames, prepared_reference


@settings(deadline=None)
@given(st.lists(st.text("abé，。,. ", min_size=1, max_size=12), max_size=12), st.integers(1, 60))
def test_chunks_hold_all_of_the_text_and_fit_where_they_can(parts: list[str], most: int) -> None:
    text = ", ".join(parts)
    pieces = chunks(text, most)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    for piece in pieces:
        clauses = [
            c for c in piece.replace("，", "，|").replace("。", "。|").replace(", ", ",|").replace(". ", ".|").split("|") if c
        ]
        assert len(piece.encode()) <= most or len(clauses) == 1


def test_clauses_are_joined_while_they_fit() -> None:
    assert chunks("One, two, three. Four!", 14) == ["One, two,", "three. Four!"]
    assert chunks("One, two, three. Four!", 100) == ["One, two, three. Four!"]
    assert chunks("今天。明天。", 9) == ["今天。", "明天。"] and chunks("今天。明天。", 18) == ["今天。明天。"]


def test_time_is_shared_out_by_bytes() -> None:
    """Three seconds of reference for 30 bytes: another 30 take three more, at twice the speed half of it."""
    reference, frames = "x" * 29 + "。", 281
    own = len(reference.encode())
    assert mel_frames(frames, reference, "y" * own, 1.0) == 2 * frames
    assert mel_frames(frames, reference, "y" * own, 2.0) == pytest.approx(1.5 * frames, abs=1)
    spaced = "x" * 31  # a space will follow it
    assert mel_frames(frames, spaced, "y" * 32, 1.0) == 2 * frames


def test_very_short_texts_get_more_time_whatever_was_asked() -> None:
    reference, frames = "x" * 31, 281
    short, longer = (mel_frames(frames, reference, text, 2.0) - frames for text in ("y" * 9, "y" * 10))
    assert short == int(frames / 32 * 9 / 0.3) and longer == int(frames / 32 * 10 / 2)


def test_how_much_text_fits_beside_a_reference() -> None:
    assert chunk_bytes("x" * 40, 4.0, 1.0) == 180, "22 s in all, 10 bytes a second"
    assert chunk_bytes("x" * 40, 4.0, 2.0) == 360
    assert chunk_bytes("x" * 40, 25.0, 1.0) <= 0


@pytest.mark.parametrize(
    ("said", "prepared"),
    [("Hello", "Hello. "), ("Hello.", "Hello. "), ("Hello. ", "Hello. "), ("你好。", "你好。"), ("Yes!", "Yes!. ")],
)
def test_a_reference_ends_as_a_sentence(said: str, prepared: str) -> None:
    assert prepared_reference(said) == prepared
    assert joined("Yes.", "No") == "Yes. No" and joined("好。", "No") == "好。No" and joined("", "No") == "No"
