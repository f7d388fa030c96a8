"""The benchmarks' runner and arithmetic: what it lists, refuses, prints and writes; measures on made-up clips."""

import csv
import dataclasses
import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.shared import provenance, runner
from benchmarks.shared.clips import evenly, one_a_person
from benchmarks.shared.lips import LipCurve, LipScore, compare, report_lips
from benchmarks.shared.options import Output
from benchmarks.shared.process import worker
from benchmarks.shared.report import Report, number
from jamflow.compute.threads import WAITING
from jamflow.errors import UserError

ROOT = Path(__file__).parents[2]
FPS = 25


def written(folder: Path) -> dict:
    """The one file that a run wrote."""
    (path,) = folder.glob("*.json")
    return json.loads(path.read_text(encoding="utf-8"))


# The runner.


def test_list_has_one_line_for_every_benchmark(capsys):
    assert runner.main([]) == 0
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split()[0] for line in lines] == runner.names()
    assert {"speak", "animate", "against_official", "same"} <= set(runner.names())
    assert "shared" not in runner.names() and all(len(line.split(maxsplit=1)[1]) > 20 for line in lines)


@pytest.mark.parametrize("name", runner.names())
def test_every_benchmark_has_what_the_runner_asks_for(name):
    module = importlib.import_module(f"benchmarks.{name}")
    assert issubclass(module.Options, Output)
    assert "Needs" in module.__doc__ and callable(module.run)
    assert all(field.kw_only for field in dataclasses.fields(module.Options))


def test_the_measuring_command_imports_no_torch_before_it_measures_memory():
    """Linux counts the peak memory of whoever starts a process as that process's own."""
    program = "import sys, benchmarks.shared.runner, benchmarks.speak, benchmarks.cost; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_the_command_computes_with_the_threads_of_jamflow():
    program = "import sys; sys.argv[1:] = []; import benchmarks.__main__"
    program = f"import atexit, os; atexit.register(lambda: print(os.environ.get('KMP_BLOCKTIME'))); {program}"
    environment = {name: value for name, value in os.environ.items() if name not in WAITING}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "1"


def test_without_tyro_the_extra_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tyro", None)
    assert runner.main([]) == 0 and runner.main(["cost"]) == 2
    assert "The Python module tyro" in capsys.readouterr().err


def test_unknown_name_is_one_sentence_and_no_traceback():
    done = subprocess.run([sys.executable, "-m", "benchmarks", "quality"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr == "benchmarks: There is no benchmark called 'quality'. List them with: python -m benchmarks\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shared"], "There is no benchmark called 'shared'."),
        (["../same"], "There is no benchmark called '../same'."),
        (["animate", "{empty}"], "There is no mp4 file in {empty}."),
        (["dub", "{empty}"], "There is no mp4 file in {empty}."),
        (["retell", "{empty}/none"], "There is no mp4 file in {empty}/none."),
        (["same", "{empty}"], "{empty} is not a checkout of JAM-Flow."),
        (["busy", "{empty}"], "{empty} is not a checkout of JAM-Flow."),
        (["same", "{empty}", "--jobs", "sing"], "There is no job called 'sing'."),
        (["against-official", "--parts", "f5"], "There is nothing to compare F5-TTS with."),
        (["against-official", "--parts", "vocos"], "There is nothing to compare Vocos with."),
    ],
)
def test_input_that_cannot_be_used_is_one_line(arguments, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert runner.main([argument.format(empty="empty") for argument in arguments]) == 2
    said = capsys.readouterr().err
    assert words.format(empty="empty") in said and said.startswith("benchmarks: ") and said.count("\n") == 1
    assert not list(tmp_path.rglob("*.json")), "nothing was measured"


def test_a_tiny_benchmark_prints_a_table_and_writes_the_same_numbers_with_what_made_them(tmp_path, capsys):
    arguments = ["given-streams", "--seconds", "1", "--nfe", "1", "--rounds", "1", "--seed", "3", "--out", str(tmp_path)]
    assert runner.main(arguments) == 0
    out, file = capsys.readouterr().out, written(tmp_path)
    assert file["command"] == f"python -m benchmarks given-streams --seconds 1 --nfe 1 --rounds 1 --seed 3 --out {tmp_path}"
    assert file["commit"] == provenance.commit_of(ROOT) and file["processor"] == provenance.processor()
    assert (
        file["finished"] and file["seeds"] == [3] and file["options"]["seconds"] == [1.0] and file["options"]["model"] == "mini"
    )
    assert {"torch", "numpy"} <= set(file["packages"]) and file["date"][:4] >= "2025" and file["cores"] >= 1
    (table,) = file["tables"]
    printed = list(csv.reader((line.strip("| ") for line in out.splitlines() if line.startswith("|")), delimiter="|"))
    assert [cell.strip() for cell in printed[0]] == list(table["rows"][0])
    assert len(table["rows"]) == 4 and len(printed) == 2 + 4
    for cells, row in zip(printed[2:], table["rows"], strict=True):
        assert cells[1].strip() == row["streams"]
        assert float(cells[2]) == pytest.approx(row["clock, s"], abs=0.0051)
    assert table["rows"][0]["share of both"] == 1.0
    assert f"at {file['commit']} on {file['processor']}" in out


def test_what_was_measured_before_an_error_is_kept(tmp_path, monkeypatch):
    def run(options, report):
        report.table("first", {"x": ".1f"}).add(1.25)
        raise UserError("The disk is full.", "Make room.")

    monkeypatch.setattr("benchmarks.given_streams.run", run)
    assert runner.main(["given_streams", "--out", str(tmp_path)]) == 2
    file = written(tmp_path)
    assert not file["finished"] and file["tables"] == [{"title": "first", "rows": [{"x": 1.25}]}]


# The report.


def test_cells_are_rounded_on_paper_and_whole_in_the_file(tmp_path, capsys):
    @dataclasses.dataclass(frozen=True)
    class Options(Output):
        seed: int = 7

    report = Report("name", Options(), tmp_path / "new")
    table = report.table("title", {"name": "", "r": ".2f", "share": ".0%", "interval": "+.1f", "value": ""})
    table.add("a|b", np.float32(0.126), 0.5, (0.25, -0.75), number(12.345, ".1f", "ms"))
    table.add("c", float("nan"), None, None, None)
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert rows[2:] == [r"| a\|b | 0.13 | 50 % | +0.2 to -0.8 | 12.3 ms |", "| c | nan |  |  |  |"]
    file = json.loads(report.write(provenance.provenance(["name"]), 1.0, True).read_text(encoding="utf-8"))
    first, second = file["tables"][0]["rows"]
    assert first == {"name": "a|b", "r": pytest.approx(0.126), "share": 0.5, "interval": [0.25, -0.75], "value": 12.345}
    assert second == {"name": "c", "r": None, "share": None, "interval": None, "value": None} and file["seeds"] == [7]
    with pytest.raises(ValueError):
        table.add("too few")


def test_commit_tells_changed_files(tmp_path):
    def git(*command: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(["git", "-C", tmp_path, *identity, *command], check=True, capture_output=True, text=True).stdout

    assert provenance.commit_of(tmp_path / "nowhere") is None
    git("init", "-q")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-qm", "first")
    commit = git("rev-parse", "--short=10", "HEAD").strip()
    assert provenance.commit_of(tmp_path) == commit
    (tmp_path / "file").write_text("two")
    assert provenance.commit_of(tmp_path) == f"{commit} with changes"


# Clips.


def test_one_clip_a_person_that_speaks_and_is_in_time(tmp_path, monkeypatch):
    columns = ("file", "person", "speaking_score", "av_offset_frames", "av_offset_confidence", "duration_s")
    rows = [
        ("a.mp4", "ann", "0.5", "0", "0", "9"),  # somebody else is heard
        ("b.mp4", "ann", "2", "-4", "5", "9"),  # out of time
        ("c.mp4", "ann", "2", "-4", "2", "9"),  # perhaps, but nobody is sure
        ("d.mp4", "ann", "2", "0", "0", "9"),  # a second one of the same person
        ("e.mp4", "bob", "2", "", "", "2"),  # too short
        ("f.mp4", "bob", "2", "", "", "3"),
        ("g.mp4", "cem", "2", "", "", "3"),  # at 30 frames a second
        ("h.mp4", "dov", "2", "", "", "3"),  # not there
    ]
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    for name in "abcdefg":
        (tmp_path / f"{name}.mp4").touch()
    fps = lambda path: type("Facts", (), {"fps": 30 if path.stem == "g" else 25})  # noqa: E731
    monkeypatch.setattr("benchmarks.shared.clips.video_facts", fps)
    assert [path.stem for path in one_a_person(tmp_path, 2.5)] == ["c", "f"]
    (tmp_path / "manifest.csv").unlink()
    assert [path.stem for path in one_a_person(tmp_path, 2.5)] == list("abcdef")
    for name in "abcdef":
        (tmp_path / f"{name}.mp4").unlink()
    with pytest.raises(UserError, match="No clip"):
        one_a_person(tmp_path, 2.5)


def test_clips_are_taken_evenly():
    paths = [Path(str(k)) for k in range(10)]
    assert [path.name for path in evenly(paths, 4)] == ["0", "2", "4", "6"]
    assert evenly(paths, 100) == paths


# Workers and sums.


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_a_worker_answers_and_one_that_fails_is_named():
    asked = {"size": "mini", "name": "durations", "rounds": 1}
    answer = next(worker("one_network", asked))
    assert answer["parameters"] == 731_841 and answer["processor_s"] > 0
    assert 731_841 * 4 / 2**20 < answer["memory_mib"] < 100
    with pytest.raises(RuntimeError, match="The worker one_network ended with status 1"):
        list(worker("one_network", {"size": "mini"}))


def test_a_mouth_is_compared_with_the_persons_over_the_frames_that_both_have():
    rng = np.random.default_rng(0)
    opening_t, mouth_tk3 = rng.random(50), rng.random((50, 6, 3))
    person = LipCurve(opening_t, mouth_tk3)
    another_face = LipCurve(np.r_[opening_t * 2, 9.0], np.r_[mouth_tk3 + 1, np.full((1, 6, 3), 9.0)])
    score = compare(another_face, person)
    assert score.r == pytest.approx(1) and score.distance_mm == pytest.approx(0)
    assert score.spread_mm == pytest.approx(opening_t.std() * 2 * 10)
    further = mouth_tk3 + np.where(np.arange(50) % 2, 0.3, -0.3)[:, None, None] * [1, 0, 0]
    assert compare(LipCurve(opening_t, further), person).distance_mm == pytest.approx(3)
    assert np.isnan(compare(LipCurve(opening_t, None), person).distance_mm)


def test_table_of_lips_says_how_much_more_the_own_sound_tells(tmp_path):
    report = Report("name", Output(), tmp_path)
    score = lambda r: LipScore(r, np.full(17, r) + np.eye(17)[9] * 0.1, 2.0, 1.0)  # noqa: E731
    sides = ("own sound", "wrong sound")
    report_lips(report, [{"own sound": score(0.5), "wrong sound": score(w)} for w in (0.1, 0.3, 0.1)], sides)
    own = report.tables[0].rows[0]
    assert own["r, mean"] == pytest.approx(0.5) and own["best lag, frames"] == pytest.approx(1)
    assert report.tables[0].rows[1]["r, median"] == pytest.approx(0.1)
    (gain,) = report.tables[1].rows
    assert gain["n"] == 3 and gain["mean"] == pytest.approx(1 / 3)
    low, high = gain["95 % interval"]
    assert 0.2 <= low < 1 / 3 < high <= 0.4 + 1e-9


# `same`.


def test_two_runs_of_one_checkout_are_the_same_to_the_bit(tmp_path):
    assert runner.main(["same", str(ROOT), "--jobs", "tts", "--out", str(tmp_path)]) == 0
    file = written(tmp_path)
    (row,) = file["tables"][0]["rows"]
    assert row["job"] == "tts" and row["waveform"] == row["file"] == 0 and row["expression"] is None
    assert file["details"]["differing"] == []


def test_a_checkout_with_another_sound_differs_and_one_that_fails_is_named(tmp_path):
    """The other checkout is this one, but for a line at the end of its `__init__`."""
    source = tmp_path / "other" / "src" / "jamflow"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "jamflow", source, copy_function=os.symlink, ignore=ignored)
    init = (source / "__init__.py").read_text()
    (source / "__init__.py").unlink()

    def run(name: str, line: str) -> dict:
        (source / "__init__.py").write_text(f"{init}\n{line}\n")
        out = tmp_path / name
        assert runner.main(["same", str(tmp_path / "other"), "--jobs", "tts", "--out", str(out)]) == 1
        return written(out)["tables"][0]["rows"][0]

    louder = "import jamflow.result as r; s = r.Speech; r.Speech = lambda wave, rate: s(wave + 0.125, rate)"
    assert run("louder", louder)["waveform"] == pytest.approx(0.125, rel=1e-3)
    failing = "import jamflow.result as r; r.Result.save = lambda *_: 1 / 0"
    assert run("failing", failing)["file"] == "fails there: ZeroDivisionError: division by zero"


def test_difference_of_arrays_and_files(tmp_path):
    from benchmarks.same import difference, file_difference
    from jamflow.media.video_writer import VideoWriter

    x = np.linspace(-1, 1, 100, dtype=np.float32)
    assert difference(None, None) is None
    assert difference(x, x.copy()).value == 0
    assert difference(x, x + np.float32(0.25)).value == pytest.approx(0.25)
    assert difference(x, None).text == "only here" and difference(None, x).text == "only there"
    assert difference(x, x[1:]).text == "shapes (100,) and (99,)"
    assert difference(np.float32([0.0]), np.float32([-0.0])).text == "rms 0", "a bit differs"

    def file(name: str, grey: int, level: float) -> Path:
        with VideoWriter(tmp_path / name, 64, 64, FPS, sample_rate=24000) as video:
            for _ in range(10):
                video.write_frame(np.full((64, 64, 3), grey, np.uint8))
            video.write_audio(level * np.sin(np.arange(9600) / 10).astype(np.float32))
        return tmp_path / name

    one, other_picture, other_sound = file("1.mp4", 100, 0.5), file("2.mp4", 110, 0.5), file("3.mp4", 100, 0.25)
    assert file_difference(one, one, drawn=False).value == 0
    assert file_difference(one, other_picture, drawn=True).text == "sound equal"
    assert file_difference(one, other_picture, drawn=False).text == "other bytes"
    assert file_difference(one, other_sound, drawn=True).value == pytest.approx(0.25 / np.sqrt(2), rel=0.1)


# Measures on made-up clips.


def made_up_clip(late_frames: int, seed: int):
    from benchmarks.shared.spoken import Clip

    rng = np.random.default_rng(seed)
    target = np.convolve(rng.random(103), np.ones(4) / 4, "valid")
    target[50:53] = 0.0  # shut for an /m/
    seen = np.roll(target, late_frames)
    silence = np.zeros(0, np.float32)
    return Clip("", silence, 24000, [("ɑ", 0.0, 2.0), ("m", 2.0, 2.1), ("ɑ", 2.1, 4.0)], FPS, target, seen, target)


def test_lips_are_judged_against_motion_target_and_chance():
    from benchmarks.shared.spoken import lip_measures

    clips = [made_up_clip(2, seed) for seed in range(5)]
    late = lip_measures(clips, lambda clip: clip.seen_t, shut_cm=0.05)
    exact = lip_measures(clips, lambda clip: clip.generated_t, shut_cm=0.05)
    assert late["lag_frames"] == pytest.approx(2, abs=0.3)
    assert late["clips_within_one_frame"] == 0
    assert exact["lag_frames"] == pytest.approx(0, abs=0.3)
    assert exact["correlation_with_target"] == pytest.approx(1)
    assert late["correlation_with_generated"] < 0.8
    assert exact["shut_bilabials"] == 1
    assert exact["shut_bilabials_by_chance"] == 0
    assert exact["bilabials"] == 5


def test_contact_sheet_shows_different_examples_of_wide_and_shut():
    from benchmarks.contact_sheet import COLUMNS, choose

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
    from benchmarks.contact_sheet import choose

    rows = choose(np.full(3, np.nan), np.arange(3) / FPS)
    assert rows == {"": [0, 1, 2], "wide": [], "shut": []}
