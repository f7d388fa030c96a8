"""The benchmark's own arithmetic, on made-up clips."""

from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FPS = 25


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def made_up_clip(late_frames: int, seed: int):
    from clips import Clip

    rng = np.random.default_rng(seed)
    truth = np.convolve(rng.random(103), np.ones(4) / 4, "valid")
    truth[50:53] = 0.0  # shut for an /m/
    seen = np.roll(truth, late_frames)
    silence = np.zeros(0, np.float32)
    return Clip("", silence, 24000, [("ɑ", 0.0, 2.0), ("m", 2.0, 2.1), ("ɑ", 2.1, 4.0)], FPS, truth, seen, truth)


def test_lips_are_judged_against_motion_truth_and_chance():
    from judge import watch

    clips = [made_up_clip(2, seed) for seed in range(5)]
    late = watch(clips, lambda clip: clip.seen_t, shut_cm=0.05)
    exact = watch(clips, lambda clip: clip.generated_t, shut_cm=0.05)
    assert late["lag_frames"] == pytest.approx(2, abs=0.3)
    assert late["clips_within_one_frame"] == 0
    assert exact["lag_frames"] == pytest.approx(0, abs=0.3)
    assert exact["correlation_with_truth"] == pytest.approx(1)
    assert late["correlation_with_generated"] < 0.8
    assert exact["shut_bilabials"] == 1
    assert exact["shut_bilabials_by_chance"] == 0
    assert exact["bilabials"] == 5


def test_contact_sheet_shows_different_examples_of_wide_and_shut():
    from contact_sheet import COLUMNS, choose

    times_s = np.arange(100) / FPS
    opening = np.abs(np.sin(times_s * 4))
    opening[:10] = np.nan
    rows = choose(opening, times_s)
    assert rows[""][0] == 0 and rows[""][-1] == 99 and len(rows[""]) == COLUMNS
    for name, better in (("wide", np.greater), ("shut", np.less)):
        frames = rows[name]
        assert len(frames) == COLUMNS and min(frames) >= 10
        assert np.diff(times_s[frames]).min() >= 0.2 - 1e-9
        assert better(opening[frames].mean(), np.nanmean(opening))


def test_contact_sheet_of_a_video_without_a_face_has_only_its_frames():
    from contact_sheet import choose

    rows = choose(np.full(3, np.nan), np.arange(3) / FPS)
    assert rows == {"": [0, 1, 2], "wide": [], "shut": []}
