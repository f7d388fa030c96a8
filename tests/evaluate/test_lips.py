import numpy as np
import pytest

from jamflow.evaluate.interval import bootstrap_interval
from jamflow.evaluate.lips import (
    Share,
    best_lag,
    correlation,
    lag_profile,
    shut_bilabials,
    shut_silence,
)
from jamflow.face.mesh.space import lip_opening_cm

FPS = 25


def babble(time_s: np.ndarray) -> np.ndarray:
    """A smooth curve without a period, from fractions of a second to seconds."""
    return sum(np.sin(2 * np.pi * f * time_s + f * f) for f in (0.7, 1.3, 2.1, 3.7))


def curve(delay_frames: float = 0.0, n: int = 120) -> np.ndarray:
    return babble((np.arange(n) - delay_frames) / FPS)


def opening(n: int, shut: list[int]) -> np.ndarray:
    values = np.ones(n)
    values[shut] = 0.0
    return values


@pytest.mark.parametrize("delay", [-6.0, -1.3, -0.4, 0.0, 0.25, 2.0, 5.6])
def test_lag_of_a_delayed_curve_is_found_between_frames(delay):
    lag = best_lag(lag_profile(3 * curve(delay) + 2, curve()))
    assert lag.frames == pytest.approx(delay, abs=0.05)
    assert lag.correlation > 0.99


def test_lag_beyond_the_search_is_reported_at_its_end():
    assert abs(best_lag(lag_profile(curve(9), curve(), max_lag=4)).frames) == 4


def test_averaged_profiles_find_a_lag_that_single_noisy_clips_miss():
    rng = np.random.default_rng(0)
    noisy = [curve(1.0, 40) + rng.normal(0, 3, 40) for _ in range(60)]
    alone = [best_lag(lag_profile(a, curve(n=40))).frames for a in noisy]
    together = best_lag(np.mean([lag_profile(a, curve(n=40)) for a in noisy], axis=0)).frames
    assert np.std(alone) > 1
    assert together == pytest.approx(1.0, abs=0.3)


def test_correlation_of_a_known_mixture():
    rng = np.random.default_rng(1)
    a, noise = rng.normal(size=(2, 20000))
    assert correlation(a, 0.6 * a + 0.8 * noise) == pytest.approx(0.6, abs=0.02)
    assert correlation(a, -a) == pytest.approx(-1)


def test_unknown_frames_are_left_out_and_constants_have_no_correlation():
    a = curve()
    b = a.copy()
    b[10:20] = np.nan
    assert correlation(a, b) == pytest.approx(1)
    assert np.isnan(correlation(a, np.full_like(a, 0.3)))
    lost = np.full_like(a, np.nan)
    assert np.isnan(correlation(a, lost))
    assert np.isnan(best_lag(lag_profile(a, lost)).frames)


def test_a_frame_more_or_less_is_the_same_clip_but_two_are_not():
    a = curve()
    assert correlation(a, a[:-1]) == pytest.approx(1)
    with pytest.raises(ValueError, match="120 and 118"):
        correlation(a, a[:-2])


def test_opening_is_measured_between_the_inner_lips():
    keypoints = np.zeros((2, 21, 3))
    keypoints[1, 2, 1], keypoints[1, 3, 1] = 0.2, -0.6
    keypoints[:, 4:6, 1] = 9.0
    np.testing.assert_allclose(lip_opening_cm(keypoints), [0.0, 0.8])


def test_bilabials_are_shut_within_one_frame_of_their_phone():
    # Frames of the phone itself: 10, 11, 12; one more on each side counts.
    phones = [("ɑ", 0.0, 0.39), ("m", 0.39, 0.49), ("ɑ", 0.49, 1.0)]
    for frame, expected in ((8, 0), (9, 1), (11, 1), (13, 1), (14, 0)):
        assert shut_bilabials(opening(25, [frame]), phones, FPS) == Share(expected, 1), frame


def test_only_bilabials_are_counted_and_unknown_ones_are_not():
    phones = [("f", 0.0, 0.2), ("p", 0.2, 0.3), ("ˈA", 0.3, 0.6), ("b", 0.6, 0.7)]
    curve_t = opening(25, [6])
    assert shut_bilabials(curve_t, phones, FPS) == Share(1, 2)
    curve_t[13:20] = np.nan
    assert shut_bilabials(curve_t, phones, FPS) == Share(1, 1)


def test_threshold_decides_what_is_shut():
    phones = [("b", 0.4, 0.5)]
    half_open = np.full(25, 0.15)
    assert shut_bilabials(half_open, phones, FPS).hits == 0
    assert shut_bilabials(half_open, phones, FPS, shut_cm=0.2).hits == 1


def test_silence_keeps_a_margin_from_sounds_but_not_from_the_ends():
    # Silence to 0.39 s and from 0.81 s; less the margin of 0.12 s: frames 0..6 and 24..29.
    phones = [("_", 0.0, 0.39), ("ɑ", 0.39, 0.81), ("_", 0.81, 1.2)]
    assert shut_silence(opening(30, list(range(30))), phones, FPS) == Share(13, 13)
    assert shut_silence(opening(30, [0, 29]), phones, FPS) == Share(2, 13)


def test_a_space_is_silence_beside_a_pause_only():
    between_words = [("ɑ", 0.0, 0.39), (" ", 0.39, 0.81), ("ɑ", 0.81, 1.2)]
    beside_comma = [("ɑ", 0.0, 0.39), (",", 0.39, 0.6), (" ", 0.6, 0.81), ("ɑ", 0.81, 1.2)]
    assert shut_silence(np.zeros(30), between_words, FPS).total == 0
    assert shut_silence(np.zeros(30), beside_comma, FPS).total == 5


def test_shares_add_up_and_nothing_has_no_share():
    assert (Share(1, 2) + Share(3, 4)) == Share(4, 6)
    assert np.isnan(Share(0, 0).fraction)


def test_interval_holds_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        low, high = bootstrap_interval(rng.normal(0.3, 0.2, 24), draws=500)
        held += low <= 0.3 <= high
    assert 0.88 <= held / 200 <= 0.98
    assert bootstrap_interval(np.full(5, 0.25)) == (0.25, 0.25)
    for bad in ([], [1.0, np.nan]):
        with pytest.raises(ValueError, match="numbers"):
            bootstrap_interval(np.array(bad))
