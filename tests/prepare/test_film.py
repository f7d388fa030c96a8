"""One pass over a video: shots, the face that was asked for, frame rates, and the other motion space."""

from pathlib import Path

import numpy as np
import pytest
from sources import RATE_HZ, Here, Take, film, journal

from jamflow.errors import UserError
from jamflow.face.liveportrait.tracker import LivePortraitTracker
from jamflow.face.mesh.tracker import MeshTracker
from jamflow.prepare.film import read_shots
from jamflow.prepare.run import prepare_sources
from jamflow.prepare.settings import Settings
from jamflow.prepare.stretches import stretches
from liveportrait_networks import stand_ins


@pytest.fixture(scope="module")
def tracker() -> MeshTracker:
    return MeshTracker()


def two(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two people side by side, the left one larger."""
    out = np.zeros((left.shape[0], left.shape[1] * 3 // 2, 3), np.uint8)
    out[:, : left.shape[1]] = left
    small = right[::2, ::2]
    out[: small.shape[0], left.shape[1] : left.shape[1] + small.shape[1]] = small
    return out


def test_the_face_that_is_asked_for_is_followed(tracker: MeshTracker, take: Take, tmp_path: Path) -> None:
    still = take.frames[0]
    path = film(tmp_path / "two.mp4", (two(still, frame) for frame in take.frames[20:50]), None)
    moves = {}
    for face in (None, 1, 2):
        (shot,) = read_shots(path, tracker, face, None)
        assert shot.faces == 2 and shot.found_t.all()
        moves[face] = float(np.nanstd(shot.opening_t))
    assert moves[2] > 5 * moves[1] and moves[None] == moves[1]
    (shot,) = read_shots(path, tracker, 3, None)
    (stretch,) = stretches(shot)
    assert stretch.reason == "no face" and "no face number 3" in stretch.detail


def test_frames_beyond_25_a_second_are_left_out(tracker: MeshTracker, take: Take, tmp_path: Path) -> None:
    doubled = [frame for frame in take.frames[:30] for _ in range(2)]
    (shot,) = read_shots(film(tmp_path / "fast.mp4", doubled, None, fps=50), tracker, None, None)
    assert len(shot.times_s) == 30 and np.diff(shot.times_s) == pytest.approx(0.04)
    assert shot.end_s == pytest.approx(1.2)


def test_a_span_of_a_file_is_all_that_is_looked_at(tracker: MeshTracker, take: Take, tmp_path: Path) -> None:
    path = film(tmp_path / "whole.mp4", take.frames[:75], None)
    (shot,) = read_shots(path, tracker, None, (1.0, 2.0))
    assert (shot.times_s[0], shot.times_s[-1]) == pytest.approx((1.0, 1.96))


def test_liveportraits_tracker_gives_its_own_space(tracker: MeshTracker, take: Take, tmp_path: Path) -> None:
    path = film(tmp_path / "face.mp4", take.frames[:30], None)
    other = LivePortraitTracker(stand_ins(), finder=tracker.finder)
    (shot,), (mesh,) = (read_shots(path, t, None, None) for t in (other, tracker))
    assert shot.track is not None and shot.track.motion.expression_tk3.shape == (30, 21, 3)
    np.testing.assert_allclose(shot.opening_t, mesh.opening_t, err_msg="openings are measured in the same way")
    assert [s.reason for s in stretches(shot)] == [None]


def test_missing_weights_end_the_run_before_it_begins(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAMFLOW_CACHE", str(tmp_path / "cache"))
    (tmp_path / "a.wav").write_bytes(b"sound")
    with pytest.raises(UserError, match="jamflow weights pull"):
        prepare_sources([tmp_path / "a.wav"], tmp_path / "out", Settings(motion="liveportrait"), here)
    assert not (tmp_path / "out").exists()


def test_a_span_of_a_table_becomes_the_utterance(here: Here, take: Take, tmp_path: Path) -> None:
    film(tmp_path / "face.mp4", take.frames, take.wave)
    (tmp_path / "t.csv").write_text("file,speaker,from,to,licence\nface.mp4,anna,1.0,3.5,CC0\nface.mp4,anna,3.5,9,CC0\n")
    prepare_sources([tmp_path / "t.csv"], tmp_path / "out", here.settings, here)
    first, second = (entry["verdicts"][0] for entry in journal(tmp_path / "out"))
    assert (first["start_s"], second["start_s"]) == pytest.approx((1.0, 3.5), abs=0.05)
    assert first["seconds"] == pytest.approx(2.5, abs=0.05)
    assert second["seconds"] == pytest.approx(len(take.wave) / RATE_HZ - 3.5, abs=0.1)
