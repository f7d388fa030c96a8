"""Where a film was cut, on pictures that move, flash and change."""

import numpy as np
import pytest

from jamflow.media.shots import split

SIZE = (90, 160)


def scene(seed: int, count: int, step_px: int = 1) -> list[np.ndarray]:
    """A picture of coarse colours that slides by `step_px` a frame."""
    rng = np.random.default_rng(seed)
    tint = rng.uniform(0, 1, 3)
    coarse = rng.integers(0, 256, (6, 60, 1)) * tint
    wide = np.kron(coarse, np.ones((15, 15, 1)))
    noise = rng.normal(0, 2, (count, *SIZE, 3))
    return [np.clip(wide[:, k * step_px : k * step_px + SIZE[1]] + noise[k], 0, 255).astype(np.uint8) for k in range(count)]


def lengths(frames: list[np.ndarray]) -> list[int]:
    return [len(list(shot)) for shot in split(enumerate(frames))]


def test_every_frame_comes_once_and_in_order() -> None:
    frames = scene(1, 10) + scene(2, 7)
    seen = [number for shot in split(enumerate(frames)) for number, _ in shot]
    assert seen == list(range(17))


@pytest.mark.parametrize("parts", [(25,), (20, 30), (3, 3, 3, 3)])
def test_cuts_are_where_scenes_meet(parts: tuple[int, ...]) -> None:
    frames = [frame for seed, count in enumerate(parts) for frame in scene(seed + 1, count)]
    assert lengths(frames) == list(parts)


def test_a_flash_and_a_broken_frame_are_no_cuts() -> None:
    frames = scene(1, 40)
    frames[12] = np.full_like(frames[0], 255)
    frames[25] = scene(5, 1)[0]
    assert lengths(frames) == [40]


def test_a_cut_of_the_last_frame_is_seen() -> None:
    assert lengths(scene(1, 8) + scene(2, 1)) == [8, 1]


def test_fast_movement_is_no_cut() -> None:
    assert lengths(scene(1, 60, step_px=9)) == [60]


def test_a_fade_of_the_light_is_no_cut() -> None:
    frames = [(frame * (0.3 + 0.7 * k / 40)).astype(np.uint8) for k, frame in enumerate(scene(3, 40))]
    assert lengths(frames) == [40]


def test_a_shot_that_is_not_used_up_is_skipped() -> None:
    firsts = [next(shot)[0] for shot in split(enumerate(scene(1, 10) + scene(2, 10)))]
    assert firsts == [0, 10]


def test_an_endless_shot_is_cut() -> None:
    assert [len(list(shot)) for shot in split(enumerate(scene(1, 25) + scene(2, 12)), longest=10)] == [10, 10, 5, 10, 2]


def test_nothing_has_no_shots() -> None:
    assert lengths([]) == []
