from fractions import Fraction

import numpy as np

from jamflow.face.idle import IdleMotion
from jamflow.face.mesh import space

_FPS = Fraction(25)


def _loudness(seconds: float, seed: int = 0) -> np.ndarray:
    """Bursts of syllables with pauses between phrases."""
    t = np.arange(round(seconds * 25)) / 25
    syllables = 0.1 * (1 + np.sin(2 * np.pi * 4 * t + seed)) * (0.5 + 0.5 * np.sin(2 * np.pi * 0.7 * t))
    return np.where((t % 4) < 3, syllables, 0)


def _closure(e_tk3: np.ndarray) -> np.ndarray:
    return -e_tk3[:, space.LID_RIGHT, 1] / space.LID_CLOSURE_CM


def test_chunks_join_as_if_never_cut():
    loudness = _loudness(40)
    whole = IdleMotion(_FPS, np.random.default_rng(3)).step(loudness)
    idle = IdleMotion(_FPS, np.random.default_rng(3))
    pieces = [idle.step(part) for part in np.array_split(loudness, [1, 2, 130, 131, 600])]
    for k in range(3):
        np.testing.assert_array_equal(whole[k], np.concatenate([piece[k] for piece in pieces]))


def test_seed_decides():
    loudness = _loudness(10)
    a, b, c = (IdleMotion(_FPS, np.random.default_rng(s)).step(loudness)[1] for s in (5, 5, 6))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0.1


def test_blinks_come_at_human_intervals_and_close_fully():
    e_tk3, _, _ = IdleMotion(_FPS, np.random.default_rng(0)).step(_loudness(300))
    closure = _closure(e_tk3)
    starts = np.flatnonzero((closure[1:] > 0) & (closure[:-1] == 0))
    per_minute = len(starts) / 5
    assert 12 < per_minute < 30
    assert (closure >= 0).all() and (closure <= 1 + 1e-6).all()
    for start in starts[:-1]:
        assert closure[start : start + 8].max() > 0.999


def test_eyes_close_faster_than_they_open():
    e_tk3, _, _ = IdleMotion(Fraction(200), np.random.default_rng(0)).step(np.zeros(4000))
    closure = _closure(e_tk3)
    moving = (closure > 0.02) & (closure < 0.98)
    closing = (np.diff(closure, prepend=0) > 0) & moving
    opening = (np.diff(closure, prepend=0) < 0) & moving
    assert 1.5 < opening.sum() / closing.sum() < 2.5


def test_head_moves_a_little_and_smoothly():
    _, rotation, translation = IdleMotion(_FPS, np.random.default_rng(1)).step(_loudness(300))
    assert np.abs(rotation).max() < 5
    assert (rotation.std(0) > 0.2).all()
    assert np.abs(translation).max() < 0.4
    # At 25 fps: never faster than 8 degrees a second, and no jitter (speed itself changes slowly).
    assert np.abs(np.diff(rotation, axis=0)).max() * 25 < 14
    assert np.abs(np.diff(rotation, n=2, axis=0)).max() < 0.2


def test_silence_brings_no_nods_or_brows():
    e_tk3, _, _ = IdleMotion(_FPS, np.random.default_rng(2)).step(np.zeros(1000))
    assert (e_tk3[:, [space.BROW_RIGHT, space.BROW_LEFT]] == 0).all()
    spoken, _, _ = IdleMotion(_FPS, np.random.default_rng(2)).step(_loudness(40))
    assert spoken[:, space.BROW_RIGHT, 1].max() > 0.05


def test_only_lids_and_brows_are_touched():
    e_tk3, _, _ = IdleMotion(_FPS, np.random.default_rng(2)).step(_loudness(20))
    others = np.setdiff1d(np.arange(21), [space.LID_RIGHT, space.LID_LEFT, space.BROW_RIGHT, space.BROW_LEFT])
    assert (e_tk3[:, others] == 0).all()


def test_nods_and_some_blinks_come_with_speech():
    """A nod adds to the drift of the head, which stays within twice its deviation of 0.8 degrees."""
    silent, spoken = (IdleMotion(_FPS, np.random.default_rng(4)).step(x)[1][:, 0] for x in (np.zeros(7500), _loudness(300)))
    assert silent.max() <= 1.6 < spoken.max()
    ends = np.flatnonzero(np.diff((np.arange(7500) / 25 % 4 < 3).astype(int)) == -1)  # of the phrases
    closure = _closure(IdleMotion(_FPS, np.random.default_rng(4)).step(_loudness(300))[0])
    starts = np.flatnonzero((closure[1:] > 0) & (closure[:-1] == 0))
    soon = sum(((starts >= end) & (starts < end + 5)).any() for end in ends)
    assert soon > 0.1 * len(ends), "one in twenty would come there by chance"


def test_how_loud_the_recording_is_does_not_matter():
    loudness = _loudness(60)
    one, other = (IdleMotion(_FPS, np.random.default_rng(4)).step(x)[1] for x in (loudness, 0.01 * loudness))
    np.testing.assert_array_equal(one, other)
