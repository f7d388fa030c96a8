"""The recipe, from nothing to a model that speaks: with --tiny, in minutes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jamflow.app.cli import run as command
from jamflow.media.video_reader import read_video
from jamflow.train.log import read_progress

ROOT = Path(__file__).parents[2]
PORTRAIT = ROOT / "src/jamflow/assets/portraits/astronaut.png"


def recipe(work: Path) -> str:
    """What the recipe says."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT / "src")}
    made = subprocess.run(
        ["bash", ROOT / "recipes/mini/run.sh", "--tiny", work], env=environment, capture_output=True, text=True, cwd="/"
    )
    assert made.returncode == 0, made.stderr[-2000:]
    return made.stderr


@pytest.mark.full
def test_the_recipe_makes_a_model_that_speaks(tmp_path: Path) -> None:
    for module in ("onnx", "onnxruntime", "matplotlib", "tyro"):
        pytest.importorskip(module)
    work = tmp_path / "work"
    said = recipe(work)
    stages = [line.removeprefix("== ") for line in said.splitlines() if line.startswith("== ")]
    beside = ["durations", "recogniser", "vocoder"]  # beside the joint model: each side keeps its order
    assert [stage for stage in stages if stage in beside] == beside
    assert [stage for stage in stages if stage not in beside][-4:] == ["joint", "joint-speech", "curves", "export"]
    assert stages[-2:] == ["curves", "export"]
    assert [row["step"] for row in read_progress(work / "joint-speech/progress.jsonl")] == [4]
    for name in ("durations", "vocoder", "joint"):
        assert (work / f"curves/{name}.png").stat().st_size > 10_000
    summary = (work / "summary.md").read_text()
    assert all(f"| {stage} | " in summary for stage in stages) and "| all | " in summary
    given = ["--portrait", str(PORTRAIT), "--text", "Hello.", "--model", str(work / "mini")]
    assert command(["speak", *given, "-o", str(tmp_path / "a.mp4")]) == 0
    assert len(list(read_video(tmp_path / "a.mp4"))) > 5

    (work / "done/joint-speech").unlink()  # as if it had been stopped at its end
    (work / "done/export").unlink()
    again = recipe(work)
    assert [line for line in again.splitlines() if line.startswith("== ")] == ["== joint-speech", "== export"]
    assert (work / "summary.md").read_text().count("| joint-speech |") == 1
