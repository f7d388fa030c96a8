"""`jamflow weights` from the command line."""

import json
from pathlib import Path

import pytest

from jamflow.app.cli import run


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("JAMFLOW_WEIGHTS", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("JAMFLOW_CACHE", str(tmp_path))
    return tmp_path


def test_list_says_licence_and_size_before_anything_is_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["weights", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (f5,) = [line for line in lines if line.startswith("f5-v1-base:")]
    assert "missing; 1348.4 MB, CC-BY-NC-4.0, NON-COMMERCIAL use only" in f5
    (vocos,) = [line for line in lines if line.startswith("vocos:")]
    assert "54.4 MB, MIT;" in vocos


def test_a_file_put_there_by_hand_is_checked(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["weights", "path", "vocos"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert cache in path.parents
    assert run(["weights", "verify"]) == 0
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not it")
    assert run(["weights", "verify", "--json"]) == 1
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(f["name"], f["state"]) for f in report["files"]] == [("vocos", "damaged")]


def test_pull_without_network_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["weights", "pull", "f5"]) == 2
    err = capsys.readouterr().err.splitlines()
    assert "NON-COMMERCIAL" in err[0] and "HF_HUB_OFFLINE forbids the network" in err[1] and len(err) == 2


def test_an_unknown_name_lists_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["weights", "path", "whisper"]) == 2
    assert "Known are f5, f5-v0, liveportrait, insightface, f5-v1-base" in capsys.readouterr().err
