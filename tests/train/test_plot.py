"""The curves of runs."""

import json
from pathlib import Path

import pytest

from jamflow.errors import UserError
from jamflow.train.log import RunLog, read_progress
from jamflow.train.plot import curves, draw


def two_stages(root: Path) -> list[Path]:
    for name, steps, kind in (("a", (25, 50), "audio_dub"), ("b", (25,), "audio_null")):
        log = RunLog(root / name)
        for step in steps:
            log.write(step, audio=1 / step, **{kind: 2.0}, lr=0.5)
    return [root / "a", root / "b"]


def test_stages_follow_one_another_and_kinds_of_rows_share_a_panel(tmp_path: Path) -> None:
    made = curves(two_stages(tmp_path))
    assert list(made) == ["audio", "audio by kind of row", "lr"]
    assert made["audio"]["audio"] == [(25, 0.04), (50, 0.02), (75, 0.04)]
    assert made["audio by kind of row"] == {"dub": [(25, 2.0), (50, 2.0)], "null": [(75, 2.0)]}


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from jamflow.media.image import read_image

    draw(two_stages(tmp_path), tmp_path / "new/curves.png")
    picture = read_image(tmp_path / "new/curves.png")
    assert picture.shape[1] > 1000 and picture.min() < 100 < picture.max()


def test_a_folder_without_progress_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no progress in"):
        curves([tmp_path])


def test_the_log_of_a_stopped_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    for step in (25, 50, 75):
        log.write(step, loss=1.0)
    with log.path.open("a") as f:
        f.write('{"step": 100, "lo')  # killed while it wrote
    assert [row["step"] for row in read_progress(log.path)] == [25, 50, 75]
    RunLog(tmp_path, after=50).write(60, loss=0.123456789)
    rows = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert [row["step"] for row in rows] == [25, 50, 60] and rows[-1]["loss"] == 0.12346
