"""Means, Fréchet distances and their intervals: what they are of known numbers, and what they must not depend on."""

import numpy as np
import pytest

from jamflow.evaluate.tables.statistics import Moments, draw_counts, frechet, interval, weighted_mean

RNG = np.random.default_rng(0)
PEOPLE = [f"person {n // 10}" for n in range(60)]


def test_a_mean_leaves_out_what_is_not_known():
    mean = weighted_mean(np.array([1.0, np.nan, 4.0]))
    assert mean(np.ones(3)) == 2.5 and mean(np.array([1, 5, 0])) == 1.0
    assert np.isnan(mean(np.array([0, 3, 0])))


def test_the_corpus_rate_is_all_errors_over_all_words():
    rate = weighted_mean(np.array([0.5, 0.1]), np.array([2.0, 10.0]))
    assert rate(np.ones(2)) == pytest.approx((1 + 1) / 12)


def test_the_interval_of_a_mean_is_the_normal_one():
    values = RNG.normal(3, 1, 400)
    low, high = interval(weighted_mean(values), draw_counts([""] * 400, "clips", 4000)) or (0, 0)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.06)
    assert low < values.mean() < high


def test_over_people_it_is_wider_where_people_differ():
    values = np.repeat(RNG.normal(0, 1, 6), 10) + RNG.normal(0, 0.1, 60)
    widths = {}
    for over in ("clips", "people"):
        low, high = interval(weighted_mean(values), draw_counts(PEOPLE, over, 2000)) or (0, 0)
        widths[over] = high - low
    assert widths["people"] > 2 * widths["clips"]


def test_over_people_it_is_as_wide_where_each_has_one_clip():
    people = [str(n) for n in range(60)]
    values = RNG.normal(0, 1, 60)
    wide = [interval(weighted_mean(values), draw_counts(people, over, 4000)) or (0, 0) for over in ("clips", "people")]
    assert wide[0] == pytest.approx(wide[1], abs=0.03)


@pytest.mark.parametrize("people", [["one"] * 5, ["one", "two", "", "two", "one"]])
def test_there_is_none_over_one_person_or_unknown_people(people):
    assert draw_counts(people, "people", 10) is None
    assert interval(weighted_mean(np.ones(5)), None) is None


def test_clips_of_a_person_are_drawn_together():
    counts = draw_counts(PEOPLE, "people", 50)
    assert counts is not None
    assert (counts.reshape(50, 6, 10) == counts.reshape(50, 6, 10)[:, :, :1]).all() and (counts.sum(1) == 60).all()


def gaussian(mean: np.ndarray, root: np.ndarray, count: int = 20_000) -> Moments:
    """Features whose mean and covariance are exact."""
    x = RNG.normal(size=(count, len(mean)))
    x -= x.mean(0)
    x = x @ np.linalg.inv(np.linalg.cholesky(x.T @ x / count)).T
    return Moments.of(x @ root.T + mean)


def test_the_distance_of_gaussians_is_the_formula():
    one, other = gaussian(np.zeros(3), np.eye(3)), gaussian(np.array([1.0, 2.0, 0.0]), np.diag([2.0, 1.0, 3.0]))
    expected = 5 + (2 - 1) ** 2 + (3 - 1) ** 2
    assert frechet([one], [other])(np.ones(1)) == pytest.approx(expected, rel=1e-6)
    assert frechet([one], [one])(np.ones(1)) == pytest.approx(0, abs=1e-9)


def test_the_distance_of_turned_gaussians_needs_the_matrix_root():
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    flat, turned = gaussian(np.zeros(2), np.diag([2.0, 0.5])), gaussian(np.zeros(2), turn @ np.diag([2.0, 0.5]))
    a, b = np.diag([4.0, 0.25]), turn @ np.diag([4.0, 0.25]) @ turn.T
    expected = np.trace(a + b) - 2 * np.sqrt(np.linalg.eigvals(a @ b)).sum()
    assert frechet([flat], [turned])(np.ones(1)) == pytest.approx(expected, rel=1e-6)


def test_parts_make_the_whole_and_counts_repeat_them():
    x, y = RNG.normal(size=(300, 4)), RNG.normal(0.3, 1.5, size=(300, 4))
    whole = frechet([Moments.of(x)], [Moments.of(y)])(np.ones(1))
    parts = frechet([Moments.of(x[:90]), Moments.of(x[90:])], [Moments.of(y[:200]), Moments.of(y[200:])])
    assert parts(np.ones(2)) == pytest.approx(whole)
    again = frechet([Moments.of(np.tile(x[:90], (3, 1)))], [Moments.of(np.tile(y[:200], (3, 1)))])(np.ones(1))
    assert parts(np.array([3, 0])) == pytest.approx(again)


def test_the_interval_of_a_distance_holds_its_value():
    """Draws with repetition are further apart than the whole; the copy stays at 0."""
    sides = [[Moments.of(RNG.normal(0.02 * k, 1, size=(8, 4))) for _ in range(12)] for k in (0, 1)]
    distance, counts = frechet(*sides), draw_counts([""] * 12, "clips", 300)
    value = distance(np.ones(12))
    low, high = interval(distance, counts, value) or (0, 0)
    assert 0 <= low < value < high
    drawn_low, _ = interval(distance, counts) or (0, 0)
    assert drawn_low > low, "as they are drawn, they lie higher"
    assert interval(frechet(sides[0], sides[0]), counts, 0.0) == pytest.approx((0, 0), abs=1e-9)


def test_without_features_there_is_no_distance():
    nothing = Moments.of(np.empty((0, 4)))
    assert np.isnan(frechet([nothing], [nothing])(np.ones(1)))
