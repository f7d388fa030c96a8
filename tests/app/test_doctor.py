"""The doctor: ready here, and plain about what is missing or damaged."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from jamflow.app import doctor
from jamflow.app.cli import run
from jamflow.errors import JamFlowError
from jamflow.weights.shipped import asset, shipped_weights


def test_everything_listed_ships_unchanged() -> None:
    assert shipped_weights()
    for weights in shipped_weights():
        assert weights.state() == "present", f"{weights.file}: run `python -m jamflow.weights` after a training"
        assert weights.path.stat().st_size == weights.bytes
        assert weights.licence


def test_ready_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "Ready" in text
    for words in ("torch 2.", "Device: ", "face_landmarker.task: present, 3.8 MB, Apache-2.0", "GB free"):
        assert words in text
    assert run(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ready"] is True
    assert report["versions"]["av"]


def test_missing_and_damaged_models(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    first = shipped_weights()[0]
    rows = [replace(first, file="none.safetensors"), replace(first, sha256="0" * 64)]
    monkeypatch.setattr(doctor, "shipped_weights", lambda: rows)
    assert run(["doctor"]) == 1
    text = capsys.readouterr().out
    assert "Problem: The model file none.safetensors is missing" in text
    assert f"Problem: The model file {first.file} is damaged" in text
    assert "Not ready." in text


def test_missing_packages_and_extras(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["av>=1", "no-such-thing>=2", "nor.this>=1 ; extra == 'eval'", 'av; extra == "eval"']
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: wanted)
    assert run(["doctor"]) == 1
    text = capsys.readouterr().out
    assert "Problem: no-such-thing is not installed." in text
    assert "Optional, not installed: nor.this; get it: pip install 'jamflow[eval]'" in text


def test_a_library_that_does_not_load(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "_NATIVE", ("av", "no_such_module"))
    assert run(["doctor"]) == 1
    assert "no_such_module cannot be loaded (ModuleNotFoundError" in capsys.readouterr().out


def test_a_folder_that_takes_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, suffix: str) -> Path:
        raise doctor.UserError("no")

    monkeypatch.setattr(doctor, "output_file", refuse)
    report = doctor.examine()
    assert report["folder"]["writable"] is False
    assert report["ready"] is True  # -o can name another folder
    assert "NOT WRITABLE" in doctor.in_words(report)


def test_a_missing_asset_is_our_fault() -> None:
    with pytest.raises(JamFlowError, match="missing from this installation") as caught:
        asset("no/such.file")
    assert caught.value.exit_code == 1
