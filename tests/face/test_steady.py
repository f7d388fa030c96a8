"""Landmarks are smoothed over neighbours: less scatter, no lag, nothing across a cut or a frame without a face."""

import numpy as np
import pytest

from jamflow.face.steady import steady

FRAMES, MIDDLE = 40, range(2, 38)


@pytest.fixture
def still() -> np.ndarray:
    """(T, 478, 3) a face 100 pixels high that does not move."""
    face = np.random.default_rng(0).uniform(20, 120, (478, 3))
    face[10], face[152] = (70, 20, 0), (70, 120, 0)
    return np.repeat(face[None], FRAMES, axis=0)


def smoothed(seen: np.ndarray, frames) -> np.ndarray:
    return np.stack([steady(lambda start, end: seen[start:end], frame) for frame in frames])


def test_scatter_is_a_third_less(still: np.ndarray) -> None:
    seen = still + np.random.default_rng(1).normal(0, 1, still.shape)
    left = (smoothed(seen, MIDDLE) - still[2:38]).std()
    assert 0.6 < left < 0.75


def test_what_speeds_up_evenly_neither_lags_nor_shrinks(still: np.ndarray) -> None:
    at = np.arange(FRAMES)[:, None, None]
    seen = still + 0.5 * at + 0.02 * at**2
    np.testing.assert_allclose(smoothed(seen, MIDDLE), seen[2:38], atol=1e-9)


def test_nothing_is_mixed_across_a_cut(still: np.ndarray) -> None:
    """The same person, half a face further to the right from frame 20 on."""
    seen = still + np.random.default_rng(1).normal(0, 1, still.shape)
    seen[20:, :, 0] += 50
    around = range(18, 22)
    np.testing.assert_array_equal(smoothed(seen, around), seen[18:22])
    assert not np.array_equal(smoothed(seen, [17])[0], seen[17]) and not np.array_equal(smoothed(seen, [22])[0], seen[22])


def test_neighbours_of_another_shot_are_not_mixed_in(still: np.ndarray) -> None:
    """The face stays where it was; only the cut before frame 20 tells."""
    seen = still + np.random.default_rng(1).normal(0, 1, still.shape)

    def smoothed_in(frame: int, shot: tuple[int, int]) -> np.ndarray:
        return steady(lambda start, end: seen[start:end], frame, shot)

    for frame, shot in ((18, (0, 20)), (19, (0, 20)), (20, (20, 40)), (21, (20, 40))):
        np.testing.assert_array_equal(smoothed_in(frame, shot), seen[frame])
    for frame, shot in ((17, (0, 20)), (22, (20, 40))):
        np.testing.assert_array_equal(smoothed_in(frame, shot), smoothed(seen, [frame])[0])


def test_a_head_that_moves_fast_is_still_smoothed(still: np.ndarray) -> None:
    """A fifth of its height a frame is no cut."""
    noise = np.random.default_rng(1).normal(0, 1, still.shape)
    path = still + 20 * np.arange(FRAMES)[:, None, None] * np.array([1, 0, 0])
    assert (smoothed(path + noise, MIDDLE) - path[2:38]).std() < 0.75


def test_beside_a_frame_without_a_face_and_at_the_ends_it_is_as_seen(still: np.ndarray) -> None:
    seen = still + np.random.default_rng(1).normal(0, 1, still.shape)
    seen[20] = np.nan
    for frame in (0, 1, 18, 19, 21, 22, 38, 39):
        np.testing.assert_array_equal(smoothed(seen, [frame])[0], seen[frame])
