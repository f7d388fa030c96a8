"""Phoneme times to lips: what anybody who watches a mouth would check."""

import numpy as np
import pytest

from jamflow.face.articulation import Style, articulate, random_style
from jamflow.text.phonemes import symbols

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
    """The middle third of the given sound (0 is the first pause), as the lips lead it near contact and pauses."""
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
        assert curve[round(0.3 * fps) : round(0.55 * fps)].min() < 1e-3


def test_labiodentals_bring_the_lower_lip_up_and_back() -> None:
    bite, tongue = say("ˈɑ", "f", "ˈɑ"), say("ˈɑ", "k", "ˈɑ")
    lead_s = Style().lead_s  # a tongue's contact is not seen: there the lips are further ahead
    assert during(bite[:, LOWER, 1], 2).mean() > during(tongue[:, LOWER, 1], 2, lead_s=lead_s).mean() + 0.2
    assert during(bite[:, LOWER, 2], 2).mean() < during(tongue[:, LOWER, 2], 2, lead_s=lead_s).mean() - 0.05


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


def crossing_s(curve: np.ndarray, from_s: float, level: float = 0.6) -> float:
    """When an opening first falls below a level after a time."""
    start = round(from_s * FPS)
    return (start + int(np.argmax(curve[start:] < level))) / FPS


@pytest.mark.parametrize("lead_s", [0.08, 0.14])
def test_lips_lead_by_their_lead_where_nothing_touches(lead_s: float) -> None:
    phones = [("_", 0.0, 1.0), ("ɑ", 1.0, 2.0), ("i", 2.0, 3.0), ("_", 3.0, 4.0)]
    still = Style(lead_s=0.0, contact_lead_s=0.0, release_lead_s=0.0, onset_lead_s=0.0)
    with_sound, ahead = (opening(articulate(phones, 4.0, FPS, s)) for s in (still, Style(lead_s=lead_s)))
    assert crossing_s(with_sound, 1.5) - crossing_s(ahead, 1.5) == pytest.approx(lead_s, abs=0.011)


def test_contact_leads_less_and_the_mouth_shuts_after_the_sound() -> None:
    phones = [("_", 0.0, 1.0), ("ɑ", 1.0, 2.0), ("m", 2.0, 2.1), ("ɑ", 2.1, 3.0), ("_", 3.0, 4.0)]
    curve = opening(articulate(phones, 4.0, FPS))
    shut = np.flatnonzero(curve[150:250] < 0.05) / FPS + 1.5
    assert 1.9 < shut[0] < 2.0 and 2.03 < shut[-1] < 2.1
    assert 3.0 < crossing_s(curve, 2.5, 0.3) < 3.1


def test_the_lead_never_skips_or_repeats_a_sound() -> None:
    """However dense contacts and pauses are, every vowel between them is seen to open."""
    sounds = ["ɑ", "b", "ɑ", "t", "ɑ", "m", "ɑ", "_", "ɑ", "f", "ɑ"]
    curve = opening(say(*sounds, each_s=0.1))
    peaks = (curve[1:-1] > curve[:-2]) & (curve[1:-1] >= curve[2:]) & (curve[1:-1] > 0.6)
    assert peaks.sum() == sounds.count("ɑ")


def test_mouth_is_shut_in_pauses_and_where_nothing_is_heard() -> None:
    curve = opening(say("ˈɑ", "_", "ˈɑ", each_s=0.3))
    assert curve[70:76].max() < 0.06 and curve[0] < 0.05  # the pause is from 0.6 to 0.9 s, but lips open before a sound
    silent = say("ˈɑ", "ˈɑ", loudness=np.zeros(60))
    assert opening(silent).max() == 0


def test_style_scales_the_opening() -> None:
    normal, wide = opening(say("ˈɑ")), opening(say("ˈɑ", style=Style(amplitude=1.25)))
    np.testing.assert_allclose(wide, 1.25 * normal, rtol=1e-5)


def test_diphthongs_go_from_their_first_vowel_to_their_second() -> None:
    for symbol in "IWA":
        moving, held = (opening(say(s, each_s=0.3)) for s in (symbol, "ɛ" if symbol == "A" else "a"))
        early, late = slice(25, 32), slice(44, 50)
        assert moving[early].mean() > 0.85 * held[early].mean() and moving[late].mean() < 0.75 * held[late].mean(), symbol


def widest(lips: np.ndarray, corner: int) -> float:
    return float(np.abs(lips[:, corner, 0]).max())


def test_every_trait_of_a_style_does_what_it_is_called() -> None:
    normal = say("ˈu")
    narrow, flat = say("ˈu", style=Style(width=0.5)), say("ˈu", style=Style(protrusion=0.5))
    assert during(narrow[:, LEFT, 0], 1).mean() > during(normal[:, LEFT, 0], 1).mean() + 0.1
    assert during(flat[:, LOWER, 2], 1).mean() < during(normal[:, LOWER, 2], 1).mean() - 0.1
    upper = say("ˈɑ", style=Style(upper_share=0.5))
    np.testing.assert_allclose(opening(upper), opening(say("ˈɑ")), atol=1e-6)
    assert during(upper[:, UPPER, 1], 1).mean() > 2 * during(say("ˈɑ")[:, UPPER, 1], 1).mean()


def test_a_smile_lifts_both_corners_and_one_side_may_open_more() -> None:
    still, smiling = say("p"), say("p", style=Style(smile=0.1))
    assert (smiling[:, RIGHT, 0] < still[:, RIGHT, 0] - 0.05).all() and (smiling[:, LEFT, 0] > still[:, LEFT, 0] + 0.05).all()
    assert (smiling[:, [RIGHT, LEFT], 1] > still[:, [RIGHT, LEFT], 1] + 0.02).all()
    lopsided = say("ˈi", style=Style(asymmetry=0.4))
    assert widest(lopsided, RIGHT) > 1.5 * widest(lopsided, LEFT) > 0.05
    even = say("ˈi")
    np.testing.assert_allclose(even[:, RIGHT] * [-1, 1, 1], even[:, LEFT], atol=1e-6)


def test_what_is_said_more_softly_opens_the_mouth_less() -> None:
    loud, faint = (opening(say("ˈɑ", "ˈɑ", loudness=np.full(60, level))) for level in (1.0, 0.2))
    assert 0.7 < faint.max() / loud.max() < 0.85


def test_every_symbol_in_every_style_keeps_lips_apart_or_touching() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        sounds = rng.permutation(np.array(symbols()))
        lips = say(*sounds, each_s=0.09, style=random_style(rng))
        assert np.isfinite(lips).all() and opening(lips).min() > -1e-6 and np.abs(lips).max() < 2.5
