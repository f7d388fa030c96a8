"""Over three hundred bad and odd inputs to all commands, with the model that ships: a sentence and what to do next, no traceback,
no hang, nothing half-written; and what needs no work is refused before any is done."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from odd_files import make_files
from odd_inputs import ODD_TEXTS, OPTIONS, rows

import jamflow.footage.video
import jamflow.voices.adaptation
from jamflow.app import batch, commands
from jamflow.app.cli import run
from jamflow.pipeline import JamFlow
from jamflow.result import Result

ROWS = dict(rows())
GROUPS = sorted({name.split()[0] if ":" in name else "options" for name in ROWS})
LONGEST_S = 20


@pytest.fixture(scope="module")
def model() -> JamFlow:
    return JamFlow.load()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    make_files(folder)
    return folder


@pytest.fixture(autouse=True)
def here(model: JamFlow, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In the folder, offline, with one model for all; a command that hangs is ended."""
    real = commands.load

    def load(choice: commands.ModelChoice | None) -> JamFlow | None:
        return model if choice == commands.ModelChoice() else real(choice)

    monkeypatch.chdir(folder)
    monkeypatch.setattr(commands, "load", load)
    monkeypatch.setattr(batch, "load", load)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("JAMFLOW_CACHE", "no cache")
    monkeypatch.delenv("JAMFLOW_WEIGHTS", raising=False)

    def hang(*_: object) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, hang)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def faults(name: str, argv: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What is wrong with how a bad input is refused; empty if nothing is."""
    before = sorted(p.name for p in folder.rglob("*"))
    signal.alarm(LONGEST_S)
    code = run([*argv, "--json"])
    signal.alarm(0)
    out, err = capsys.readouterr()
    told = json.loads(out.splitlines()[-1]) if out.strip() else {}
    told = next((row for row in told.get("rows", ()) if row["state"] == "failed"), told)
    after = sorted(p.name for p in folder.rglob("*"))
    wrong = []
    if code != 2:
        wrong.append(f"exit code {code}")
    if "Traceback" in err or "inside JAM-Flow" in err or "error" not in told:
        wrong.append("no sentence")
    elif not (told["error"].endswith(".") and told["hint"].endswith((".", "?")) and f"{told['error'][:9]}" in err):
        wrong.append("no sentence with a hint")
    if after != before:
        wrong.append(f"left {set(after) ^ set(before)}")
        for path in (folder / file for file in set(after) - set(before)):
            path.unlink() if path.is_file() else None
    return f"{name}: {', '.join(wrong)}: {err.strip()[-300:]}" if wrong else ""


def test_the_table_is_long_enough() -> None:
    assert len(ROWS) + len(ODD_TEXTS) >= 300
    used = {argv[0] for argv in ROWS.values()}
    assert used >= {
        "speak",
        "animate",
        "lipsync",
        "dub",
        "retell",
        "edit",
        "tts",
        "reenact",
        "voices",
        "init",
        "prepare",
        "evaluate",
        "weights",
    }


@pytest.mark.parametrize("group", GROUPS)
def test_bad_input_is_refused_with_what_to_do(group: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = {name: argv for name, argv in ROWS.items() if (name.split()[0] if ":" in name else "options") == group}
    found = [fault for name, argv in chosen.items() if (fault := faults(name, argv, folder, capsys))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_odd_texts_are_spoken_or_refused(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["tts", f"--text={ODD_TEXTS[name]}", "--nfe=1", "-o", "odd.wav"]
    signal.alarm(LONGEST_S)
    code = run([*argv, "--json"])
    out, err = capsys.readouterr()
    assert code in (0, 2) and "Traceback" not in err
    assert (folder / "odd.wav").exists() == (code == 0)
    (folder / "odd.wav").unlink(missing_ok=True)
    assert code == 0 or json.loads(out)["hint"]


@pytest.mark.parametrize("name", OPTIONS)
def test_what_needs_no_work_is_refused_before_any(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(*_: object, **__: object) -> None:
        pytest.fail("work is done before the refusal")

    monkeypatch.setattr(jamflow.footage.video, "_watched", work)
    monkeypatch.setattr(jamflow.voices.adaptation, "adapted", work)
    monkeypatch.setattr(Result, "pieces", work)
    argv = OPTIONS[name]
    if argv[0] == "edit":  # in a video, a face would have to be tracked
        argv = ["--video=film.mp4" if word == "--video=speech.wav" else word.replace("out.wav", "out.mp4") for word in argv]
        argv = ["--to=1" if word == "--to=1.5" else "--to=0.99" if word == "--to=1.49" else word for word in argv]
    assert not faults(name, argv, folder, capsys)
