"""Tables of pairs and files that cannot be used: one sentence each, before any judge is asked."""

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.evaluate.tables import run
from jamflow.evaluate.tables.facts import checked_facts, facts_of, trimmed_frames
from jamflow.evaluate.tables.pairs import COLUMNS, read_pairs
from jamflow.evaluate.tables.protocols import MEASURES, PROTOCOLS, protocol
from jamflow.evaluate.tables.run import evaluate
from jamflow.media.video_writer import VideoWriter
from jamflow.speech.waveform import write_wave

RATE = 24_000


def tone(seconds: float, rate: int = RATE) -> np.ndarray:
    return 0.2 * np.sin(2 * np.pi * 200 * np.arange(round(seconds * rate)) / rate).astype(np.float32)


def video(
    path: Path,
    seconds: float = 2.0,
    fps: int = 25,
    sound_s: float | None = None,
    rate: int | None = RATE,
    times_s: list[Fraction] | None = None,
) -> Path:
    with VideoWriter(path, 32, 32, Fraction(fps), rate, times_s=times_s) as out:
        if rate is not None:
            out.write_audio(tone(seconds if sound_s is None else sound_s, rate))
        for k in range(round(seconds * fps)):
            out.write_frame(np.full((32, 32, 3), k % 200, np.uint8))
    return path


def table(folder: Path, *rows: dict[str, str], name: str = "pairs.csv") -> Path:
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


@pytest.fixture
def filmed(tmp_path: Path) -> Path:
    """A folder with a result and its reference."""
    video(tmp_path / "result.mp4")
    video(tmp_path / "reference.mp4")
    return tmp_path


PAIR = {"result": "result.mp4", "reference": "reference.mp4"}


def refused(folder: Path, pairs: Path, words: str, name: str = "hdtf") -> None:
    """It is refused in these words, and nothing is made."""
    with pytest.raises(UserError, match=words) as error:
        evaluate(name, pairs, folder / "out")
    assert error.value.hint and not (folder / "out" / "table.json").exists()


def test_every_measure_and_column_of_a_table_is_known():
    for one in PROTOCOLS.values():
        assert set(one.measures) <= MEASURES.keys() and set(one.needs) <= set(COLUMNS)
    with pytest.raises(UserError, match="no table 'hdtv'"):
        protocol("hdtv")


def test_no_table_or_an_empty_one(tmp_path: Path):
    refused(tmp_path, tmp_path / "none.csv", "none.csv does not exist")
    (tmp_path / "empty.csv").write_text("")
    refused(tmp_path, tmp_path / "empty.csv", "empty.csv is empty")
    (tmp_path / "head.csv").write_text("result,reference\n\n,\n")
    refused(tmp_path, tmp_path / "head.csv", "head.csv has no rows")
    (tmp_path / "latin.csv").write_bytes(b"result,reference\ncaf\xe9.mp4,b.mp4\n")
    refused(tmp_path, tmp_path / "latin.csv", "not a CSV file in UTF-8")


def test_columns(filmed: Path):
    refused(filmed, table(filmed, PAIR | {"promt": "x"}), "column 'promt', which is not known")
    refused(filmed, table(filmed, {"result": "result.mp4"}), "no column 'reference', which hdtf needs")
    refused(filmed, table(filmed, {"reference": "reference.mp4"}), "no column 'result'")
    (filmed / "twice.csv").write_text("result,reference,result\na,b,c\n")
    refused(filmed, filmed / "twice.csv", "column 'result' twice")
    (filmed / "short.csv").write_text("result,reference\nresult.mp4\n")
    refused(filmed, filmed / "short.csv", "Row 1 of .* has 1 cells, and the header has 2")


def test_cells(filmed: Path):
    refused(filmed, table(filmed, PAIR, PAIR | {"reference": ""}), "Row 2 of .* has no reference")
    refused(filmed, table(filmed, PAIR | {"reference": "gone.mp4"}), "reference of row 1, .*gone.mp4 does not exist")
    refused(filmed, table(filmed, PAIR, PAIR), "Rows 1 and 2 of .* are the same result")
    refused(filmed, table(filmed, PAIR | {"text": " ?! "}), "text without words", "celebv-dub")
    for seconds in ("fast", "0", "-1", "nan", "inf"):
        refused(filmed, table(filmed, {"result": "result.mp4", "seconds": seconds}), "seconds of row 1", "speed")


def test_another_frame_rate_is_refused(filmed: Path):
    video(filmed / "result.mp4", fps=30)
    refused(filmed, table(filmed, PAIR), "row 1 has 30 frames a second, and its reference 25")


def test_frames_that_are_not_evenly_spaced_are_refused(filmed: Path):
    times = [Fraction(k, 25) for k in range(25)] + [Fraction(1) + Fraction(k, 10) for k in range(26)]
    video(filmed / "result.mp4", times_s=times)
    refused(filmed, table(filmed, PAIR), "not evenly spaced")


def test_another_sample_rate_is_resampled_and_said(filmed: Path):
    video(filmed / "result.mp4", rate=16_000)
    pairs = read_pairs(table(filmed, PAIR), protocol("hdtf"))
    facts = checked_facts(pairs, protocol("hdtf"))
    assert any(
        "16000, 24000 Hz; every judge gets them resampled" in line for line in run._prepared(pairs, facts, protocol("hdtf"))
    )


def test_short_clips_are_refused(filmed: Path):
    video(filmed / "result.mp4", seconds=1.2)
    refused(filmed, table(filmed, PAIR), "result.mp4 lasts 1.20 s, and 1.5 s is the least")


def test_lengths_differ_a_little_or_too_much(filmed: Path):
    video(filmed / "result.mp4", seconds=2.4)
    pairs = read_pairs(table(filmed, PAIR), protocol("hdtf"))
    facts = checked_facts(pairs, protocol("hdtf"))
    assert trimmed_frames(pairs[0], facts) == 10
    assert any(
        "1 of 1 results" in line and "10 frames are trimmed" in line for line in run._prepared(pairs, facts, protocol("hdtf"))
    )
    video(filmed / "result.mp4", seconds=2.8)
    refused(filmed, table(filmed, PAIR), "row 1 lasts 2.80 s, and its reference 2.00 s")


def test_sound_and_picture_of_different_lengths(filmed: Path):
    video(filmed / "result.mp4", sound_s=3.0)
    refused(filmed, table(filmed, PAIR), "sound of .*result.mp4 lasts 3.0. s and its picture 2.00 s")


def test_no_sound_or_no_picture(filmed: Path):
    write_wave(filmed / "sound.wav", tone(2), RATE)
    refused(filmed, table(filmed, PAIR | {"result": "sound.wav"}), "sound.wav has no picture")
    video(filmed / "result.mp4", rate=None)
    refused(filmed, table(filmed, PAIR), "result.mp4 of row 1 has no sound, which hdtf judges")
    pairs = read_pairs(table(filmed, PAIR | {"text": "yes", "speech": "sound.wav"}), protocol("ablation"))
    assert checked_facts(pairs, protocol("ablation")), "there, lips are judged by the reference's sound"


def test_a_system_with_fewer_clips_than_the_controls_is_named(filmed: Path):
    video(filmed / "other.mp4", seconds=1.9)
    rows = [PAIR | {"system": "whole"}, {"result": "other.mp4", "reference": "other.mp4", "system": "whole"}]
    pairs = read_pairs(table(filmed, *rows, PAIR | {"system": "part"}), protocol("hdtf"))
    said = run._prepared(pairs, checked_facts(pairs, protocol("hdtf")), protocol("hdtf"))
    assert [line for line in said if "references" in line] == [
        "part has 1 of the 2 references: its row is of fewer clips than the controls are."
    ]


def test_facts_are_those_of_the_file(tmp_path: Path):
    facts = facts_of(video(tmp_path / "a.mp4", seconds=3, fps=30, rate=16_000))
    assert (facts.fps, facts.frames, facts.picture_s, facts.sound_hz) == (30, 90, 3.0, 16_000)
    assert facts.sound_s == pytest.approx(3, abs=0.1)


def test_an_input_is_not_overwritten(filmed: Path):
    pairs = table(filmed, PAIR, name="clips.csv")
    with pytest.raises(UserError, match="would take the place of the input"):
        evaluate("hdtf", pairs, filmed)


def test_an_output_that_is_a_file(filmed: Path):
    (filmed / "out").write_text("taken")
    with pytest.raises(UserError, match="out' cannot be made"):
        evaluate("hdtf", table(filmed, PAIR), filmed / "out")
