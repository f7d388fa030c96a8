"""A sweep of bad input over every task and every option: one sentence, exit code 2, nothing written, no model loaded.

The table is made of kinds of mistakes: what is wrong about a number, a file, a name, a text, and where it is given.
"""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from jamflow.app.cli import run
from jamflow.media.video_writer import VideoWriter
from jamflow.speech.waveform import write_wave
from jamflow.tasks.inputs import described
from jamflow.tasks.table import TASKS, Task

GOOD = {
    "portrait": "face.png",
    "text": "Hello there.",
    "speech": "speech.wav",
    "video": "video.mp4",
    "recording": "video.mp4",
    "driving": "video.mp4",
    "change": ("one", "two"),
}
NUMBERS = ["", "x", "1,5", "0x10", "1e999", "-1", "nan", "-inf", "99999999999999999999", "½", "--", "1 2"]
FILES = ["none.bin", "folder", "empty.bin", "", "a\x00b", "x" * 300, "no/such/folder/file.mp4"]
PICTURES = ["words.txt", "speech.wav", "video.mp4", "cut.png", "tiny.png", "head.png", "vector.svg"]
OUTPUTS = ["", ".", "folder", "a", "a.avi", "a.MP5", "none/a{suffix}", "face.png/a{suffix}", "d{suffix}", "x" * 300 + "{suffix}"]
NAMES = ["nobody", "Nobody", "x", "base"]
FITS = ["banana", "RATE", "", "trim,loop"]


def options_of(task: Task) -> dict[str, str | tuple[str, str]]:
    """What a good command line of this task has."""
    required = {name for name, *_ in described(task.inputs)} & GOOD.keys()
    if task.name == "dub":
        required -= {"text"}
    if task.name == "edit":
        required -= {"text"}
    names = {name: about.option or name for name, _, about in described(task.inputs)}
    return {names[name]: GOOD[name] for name in sorted(required)}


def cases() -> Iterator[tuple[str, list[str]]]:
    """(what is wrong, command line): of every task, every option with every mistake of its kind."""
    for task in TASKS.values():
        suffix = task.saves[0]
        good = options_of(task) | {"output": f"out{suffix}"}
        wrong: list[tuple[str, str | None]] = [(name, None) for name in good if name != "output"]
        for name, kind, about in described(task.inputs):
            option = about.option or name.replace("_", "-")
            if about.hidden or kind is bool:
                continue
            if about.picture:
                wrong += [(option, value) for value in (*FILES, *PICTURES)]
            elif about.file:
                wrong += [(option, value) for value in (*FILES, *(NAMES if about.or_name else ()))]
            elif about.low is not None or name in ("face", "from_s", "to_s"):
                wrong += [(option, value) for value in NUMBERS]
            elif name == "fit":
                wrong += [(option, value) for value in FITS]
            elif about.or_file:
                wrong += [(option, value) for value in ("", "  \n\t")]
                wrong += [(f"{option}-file", value) for value in (*FILES, "latin.txt", "blank.txt", "face.png")]
        wrong += [("output", value.format(suffix=suffix)) for value in OUTPUTS]
        wrong += [("no-such-option", "1"), ("voice-text", "words"), ("dtype", "float8")] if task.name != "retell" else []
        for option, value in wrong:
            given = {k: v for k, v in good.items() if k != option and not (option.endswith("-file") and k == option[:-5])}
            words = [task.name]
            for k, v in given.items():
                words += [f"--{k}", *v] if isinstance(v, tuple) else [f"--{k}={v}"]
            yield f"{task.name} {option} {value!r}"[:90], words if value is None else [*words, f"--{option}={value}"]
    for name in (*NAMES, *FILES):
        yield f"voices hear {name!r}"[:90], ["voices", f"--hear={name}", "--output=out.wav"]
    for value in OUTPUTS:
        yield f"voices output {value!r}"[:90], ["voices", f"--output={value}"]


def preparing() -> Iterator[tuple[str, list[str]]]:
    """The same of `prepare`, which is no task: its options stand in `Prepare`."""
    good = {"SOURCE": "video.mp4", "output": "shards"}
    wrong: list[tuple[str, str | None]] = [(name, None) for name in good]
    wrong += [("SOURCE", value) for value in (*FILES, "headless.csv", "ragged.csv", "backwards.csv")]
    wrong += [("output", value) for value in ("face.png", "face.png/a", "a\x00b", "x" * 300)]
    wrong += [(option, value) for option in ("face", "jobs") for value in (*NUMBERS, "0")]
    wrong += [("motion", value) for value in FITS]
    wrong += [("no-such-option", "1"), ("licence", None), ("jobs=2 --ray", "local")]
    for option, value in wrong:
        given = {**good, option: value}
        words = ["prepare"]
        for name, one in given.items():
            if one is not None:
                words += [one] if name == "SOURCE" else [f"--{w}" for w in f"{name}={one}".split(" --")]
            elif name == "licence":
                words += ["--licence"]
        yield f"prepare {option} {value!r}"[:90], words


# What only the pictures and sounds themselves can tell.
RIGHT = ("face '99999999999999999999'",)
CASES = {name: argv for name, argv in cases() if not name.endswith(RIGHT)} | dict(preparing())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with good files, and bad ones of every kind."""
    folder = tmp_path_factory.mktemp("sweep")
    grey = np.full((128, 128, 3), 150, np.uint8)
    Image.fromarray(grey).save(folder / "face.png")
    Image.fromarray(grey[:8, :8]).save(folder / "tiny.png")
    (folder / "cut.png").write_bytes((folder / "face.png").read_bytes()[:-40])
    (folder / "head.png").write_bytes((folder / "face.png").read_bytes()[:20])
    (folder / "vector.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    write_wave(folder / "speech.wav", 0.1 * np.sin(np.arange(24_000) / 20), 24_000)
    with VideoWriter(folder / "video.mp4", 64, 64, Fraction(25), 24_000) as video:
        video.write_frame(grey[:64, :64])
        video.write_audio(np.zeros(960, np.float32))
    (folder / "words.txt").write_text("words")
    (folder / "latin.txt").write_bytes("café".encode("latin-1"))
    (folder / "blank.txt").write_text(" \n ")
    (folder / "empty.bin").touch()
    (folder / "headless.csv").write_text("path,text\nspeech.wav,words\n")
    (folder / "ragged.csv").write_text("file,text\nspeech.wav,words,more\n")
    (folder / "backwards.csv").write_text("file,from,to\nspeech.wav,2,1\n")
    (folder / "folder").mkdir()
    for suffix in (".mp4", ".wav"):
        (folder / f"d{suffix}").mkdir()
    return folder


def test_the_table_is_long_enough_and_its_good_lines_are_good(
    pipeline: ModuleType, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    assert len(CASES) >= 300, len(CASES)
    for task in TASKS.values():
        if task.name == "reenact":  # needs a face: tests/tasks/test_reenact.py
            continue
        words = [task.name, f"--output=out{task.saves[0]}"]
        for k, v in options_of(task).items():
            words += [f"--{k}", *v] if isinstance(v, tuple) else [f"--{k}={v}"]
        assert run(words) == 0, words
        (place / f"out{task.saves[0]}").unlink()


@pytest.mark.parametrize("task", [*TASKS, "prepare", "voices"])
def test_bad_input_is_one_sentence(task: str, pipeline: ModuleType, place: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(place)
    before = sorted(p.name for p in place.rglob("*"))
    wrong = []
    for name in (name for name in CASES if name.split()[0] == task):
        code = run(CASES[name])
        out, err = capsys.readouterr()
        good = code == 2 and out == "" and err.startswith("jamflow: ") and err.count("\n") == 1 and "Traceback" not in err
        sentences = err.removeprefix("jamflow: ").strip()
        if not good or not sentences.endswith((".", "?")) or "inside JAM-Flow" in err or pipeline.LOADED:
            wrong.append((name, code, err))
        pipeline.LOADED.clear()
        assert sorted(p.name for p in place.rglob("*")) == before, name
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("name", list(CASES)[:: len(CASES) // 12])
def test_json_tells_the_same(name: str, pipeline: ModuleType, place: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(place)
    assert run([*CASES[name], "--json"]) == 2
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert err.strip() == f"jamflow: {' '.join((told['error'] + ' ' + told['hint']).split())}"
