"""`--batch`: many results by one command; what fails is told row by row, what is there stays."""

import csv
import json
from pathlib import Path
from types import ModuleType

import pytest

from jamflow.app.cli import run


def table(path: Path, *rows: list[str]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_rows_are_made_with_one_model(pipeline: ModuleType, picture: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "long.txt").write_text("From a file.")
    jobs = table(
        tmp_path / "jobs.csv",
        ["text", "text_file", "--still", "output", "model"],
        ["One, two.", "", "yes", str(tmp_path / "1.mp4"), ""],
        ["", str(tmp_path / "long.txt"), "", str(tmp_path / "2.mp4"), ""],
        ["-5 degrees", "", "no", str(tmp_path / "3.mp4"), "base"],
    )
    assert run(["speak", "--batch", str(jobs), "--portrait", str(picture), "--seed", "7", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["made"], report["skipped"], report["failed"]) == (3, 0, 0)
    assert [row["state"] for row in report["rows"]] == ["made"] * 3 and report["rows"][2]["file"].endswith("3.mp4")
    assert pipeline.LOADED == ["mini", "base"], "a model is loaded once"
    said = [(call["text"], call["still"], call["seed"]) for call in pipeline.CALLS]
    assert said == [("One, two.", True, 7), ("From a file.", False, 7), ("-5 degrees", False, 7)]
    assert all((tmp_path / f"{n}.mp4").stat().st_size for n in (1, 2, 3))


def test_failures_are_told_and_the_rest_is_made_and_only_that_is_made_again(pipeline: ModuleType, tmp_path: Path, capsys) -> None:
    jobs = table(
        tmp_path / "jobs.csv",
        ["text", "nfe", "output"],
        ["Good.", "3", str(tmp_path / "good.wav")],
        ["Bad.", "0", str(tmp_path / "bad.wav")],
        ["по-русски", "3", str(tmp_path / "other.wav")],
        ["Last.", "", str(tmp_path / "last.wav")],
    )
    assert run(["tts", "--batch", str(jobs)]) == 2
    out, err = capsys.readouterr()
    assert "Row 2: --nfe is 0" in err and "Row 3: The text has letters" in err and "Traceback" not in err
    assert out.endswith("2 made, 0 there already, 2 failed\n")
    assert sorted(p.name for p in tmp_path.glob("*.wav")) == ["good.wav", "last.wav"]
    made = len(pipeline.CALLS)
    (tmp_path / "last.wav").unlink()
    assert run(["tts", "--batch", str(jobs)]) == 2
    assert "1 made, 1 there already, 2 failed" in capsys.readouterr().out
    assert [call["text"] for call in pipeline.CALLS[made:]] == ["по-русски", "Last."]


def test_our_own_fault_does_not_stop_the_others(pipeline: ModuleType, picture: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("FAKE_PIPELINE", "broken")
    jobs = table(tmp_path / "jobs.csv", ["output"], [str(tmp_path / "a.mp4")], [str(tmp_path / "b.mp4")])
    assert run(["speak", "--batch", str(jobs), "--portrait", str(picture), "--text", "Hi"]) == 1
    assert capsys.readouterr().err.count("the cat ate it") == 2 and not list(tmp_path.glob("*.mp4"))


BAD = {
    "no such table": (None, "table"),
    "no rows": ([["text", "output"]], "has no rows"),
    "uneven rows": ([["text", "output"], ["a, b"]], "has 1 cells, and the header has 2"),
    "a column twice": ([["text", "text"], ["a", "b"]], "cannot have the column 'text'"),
    "a table in a table": ([["batch"], ["x.csv"]], "cannot have the column 'batch'"),
    "no such option": ([["txt", "output"], ["a", "a.wav"]], "has no option --txt"),
    "two rows, one file": ([["text", "output"], ["a", "a.wav"], ["b", "./a.wav"]], "Two rows"),
    "neither yes nor no": ([["text", "still", "output"], ["a", "maybe", "a.wav"]], "still"),
    "no output": ([["text"], ["a"]], "--output is not given"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_tables(name: str, pipeline: ModuleType, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows, words = BAD[name]
    if rows is not None:
        table(tmp_path / "jobs.csv", *rows)
    assert run(["tts", "--batch", "jobs.csv"]) == 2 and not pipeline.LOADED
    assert words in capsys.readouterr().err and not list(tmp_path.glob("*.wav"))
