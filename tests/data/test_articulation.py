"""Phoneme times to lips: what anybody who watches a mouth would check."""

import numpy as np
import pytest

from jamflow.data.articulation import Style, articulate, random_style
from jamflow.speech.phonemes import symbols

FPS = 100.0  # finer than video, so that times can be read off
RIGHT, LEFT, UPPER, LOWER = 0, 1, 2, 3


def say(*sounds: str, each_s: float = 0.15, style: Style | None = None, loudness: np.ndarray | None = None) -> np.ndarray:
    """(T, 6, 3) lips for sounds of equal length between two pauses."""
    names = ["_", *sounds, "_"]
    phones = [(s, i * each_s, (i + 1) * each_s) for i, s in enumerate(names)]
    return articulate(phones, len(names) * each_s, FPS, style, loudness)


def opening(lips: np.ndarray) -> np.ndarray:
    return lips[:, UPPER, 1] - lips[:, LOWER, 1]


def during(curve: np.ndarray, place: int, each_s: float = 0.15, lead_s: float = 0.03) -> np.ndarray:
    """The middle third of the given sound (0 is the first pause), as the lips lead it."""
    start = (place + 1 / 3) * each_s - lead_s
    return curve[round(start * FPS) : round((start + each_s / 3) * FPS)]


@pytest.mark.parametrize("bilabial", "pbm")
def test_bilabials_shut_the_lips_between_open_vowels(bilabial: str) -> None:
    curve = opening(say("ˈɑ", bilabial, "ˈɑ"))
    assert during(curve, 2).min() < 1e-6
    assert during(curve, 1).max() > 0.8


@pytest.mark.parametrize("fps", [25.0, 24.0, 30.0])
def test_no_closure_falls_between_two_frames_of_video(fps: float) -> None:
    for shift in np.linspace(0, 0.04, 9):
        phones = [("ɑ", 0.0, 0.4 + shift), ("b", 0.4 + shift, 0.44 + shift), ("ɑ", 0.44 + shift, 1.0)]
        curve = opening(articulate(phones, 1.0, fps))
        assert curve[round(0.3 * fps) : round(0.55 * fps)].min() < 0.08


def test_labiodentals_bring_the_lower_lip_up_and_back() -> None:
    bite, tongue = say("ˈɑ", "f", "ˈɑ"), say("ˈɑ", "k", "ˈɑ")
    assert during(bite[:, LOWER, 1], 2).mean() > during(tongue[:, LOWER, 1], 2).mean() + 0.2
    assert during(bite[:, LOWER, 2], 2).mean() < during(tongue[:, LOWER, 2], 2).mean() - 0.1


def test_rounded_vowels_protrude_and_narrow() -> None:
    u, i = say("ˈu"), say("ˈi")
    assert during(u[:, LOWER, 2], 1).mean() > during(i[:, LOWER, 2], 1).mean() + 0.3
    width = [during(lips[:, LEFT, 0] - lips[:, RIGHT, 0], 1).mean() for lips in (u, i)]
    assert width[0] < width[1] - 0.5


def test_neighbours_colour_a_consonant() -> None:
    open_t, round_t = say("ˈɑ", "t", "ˈɑ", each_s=0.08), say("ˈu", "t", "ˈu", each_s=0.08)
    assert during(opening(open_t), 2, 0.08).mean() > during(opening(round_t), 2, 0.08).mean() + 0.1


def test_short_vowels_undershoot() -> None:
    slow, fast = opening(say("t", "ˈɑ", "t", each_s=0.25)), opening(say("t", "ˈɑ", "t", each_s=0.06))
    assert fast.max() < 0.95 * slow.max()


def test_lips_lead_by_exactly_their_lead() -> None:
    early, late = (opening(say("ˈɑ", style=Style(lead_s=lead))) for lead in (0.05, 0.02))
    np.testing.assert_allclose(early[:-3], late[3:], atol=1e-6)


def test_mouth_is_shut_in_pauses_and_where_nothing_is_heard() -> None:
    curve = opening(say("ˈɑ", "_", "ˈɑ", each_s=0.3))
    assert during(curve, 2, 0.3).max() < 0.06 and curve[0] < 0.05
    silent = say("ˈɑ", "ˈɑ", loudness=np.zeros(60))
    assert opening(silent).max() == 0


def test_style_scales_the_opening() -> None:
    normal, wide = opening(say("ˈɑ")), opening(say("ˈɑ", style=Style(amplitude=1.25)))
    np.testing.assert_allclose(wide, 1.25 * normal, rtol=1e-5)


def test_every_symbol_in_every_style_keeps_lips_apart_or_touching() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        sounds = rng.permutation(np.array(symbols()))
        lips = say(*sounds, each_s=0.09, style=random_style(rng))
        assert np.isfinite(lips).all() and opening(lips).min() > -1e-6 and np.abs(lips).max() < 2.5
