"""Threads: what is set, before what, and for whom."""

import json
import math
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from jamflow.app.cli import run
from jamflow.compute import threads
from jamflow.compute.threads import COUNT, WAITING, processor_quota, thread_settings

# Runs the code, then tells the environment as the C library had it when torch was first looked for, and as it is at the end.
WATCH = """
import ctypes, json, os, sys
from importlib.abc import MetaPathFinder
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_char_p
names = {names}
def look():
    return {{name: value.decode() for name in names if (value := getenv(name.encode())) is not None}}
class Watcher(MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        if fullname == "torch":
            seen.setdefault("torch", look())
seen = {{"start": look()}}
sys.meta_path.insert(0, Watcher())
sys.argv = ["jamflow", "doctor", "--json"]
try:
    {code}
except SystemExit:
    pass
print(json.dumps(seen | {{"end": look()}}))
"""
CLI = "from jamflow.app.cli import main; main()"
API = "from jamflow import JamFlow"

needs_getenv = pytest.mark.skipif(os.name != "posix", reason="asks the C library for its environment")


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*COUNT, *WAITING):
        monkeypatch.delenv(name, raising=False)


def watch(code: str, **environment: str) -> dict[str, dict[str, str]]:
    """The watched variables at the start, when torch is looked for, and at the end."""
    script = WATCH.format(names=(*COUNT, *WAITING), code=code)
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@needs_getenv
@pytest.mark.parametrize("code", [CLI, API])
def test_the_settings_are_there_when_torch_comes(code: str) -> None:
    seen = watch(code)
    assert seen["start"] == {}
    assert seen["torch"] == thread_settings({})
    assert {"KMP_BLOCKTIME", *(("GOMP_SPINCOUNT",) if platform.machine() == "x86_64" else ())} <= set(seen["torch"])


@needs_getenv
def test_the_api_leaves_the_environment_as_it_was() -> None:
    assert watch(API, OMP_NUM_THREADS="1")["end"] == {"OMP_NUM_THREADS": "1"}


@needs_getenv
def test_a_plain_import_changes_nothing() -> None:
    seen = watch("import jamflow; kept = dict(os.environ); import jamflow.compute.threads; assert kept == dict(os.environ)")
    assert seen == {"start": {}, "end": {}}  # torch was not looked for
    subprocess.run(
        [sys.executable, "-c", "import os; kept = dict(os.environ); import jamflow; assert kept == dict(os.environ)"], check=True
    )


@needs_getenv
@pytest.mark.parametrize("code", [CLI, API])
@pytest.mark.parametrize("own", [{"OMP_WAIT_POLICY": "active"}, {"GOMP_SPINCOUNT": "7"}, {"KMP_BLOCKTIME": "5"}])
def test_the_users_own_settings_win(code: str, own: dict[str, str]) -> None:
    seen = watch(code, **own)
    assert {name: seen["torch"][name] for name in WAITING if name in seen["torch"]} == own


def test_as_many_threads_as_the_quota_pays_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_processors", lambda: 8)
    for quota, count in ((0.5, "1"), (2.0, "2"), (2.5, "3"), (8.0, None), (math.inf, None)):
        monkeypatch.setattr(threads, "processor_quota", lambda quota=quota: quota)
        assert thread_settings({}).get("OMP_NUM_THREADS") == count
        for name in COUNT:
            assert "OMP_NUM_THREADS" not in thread_settings({name: "4"})


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def test_the_tightest_group_of_version_2_counts(tmp_path: Path) -> None:
    proc = tmp_path / "proc"
    proc.write_text("0::/user/app\n")
    group(tmp_path / "user/app", cpu__max="300000 100000")
    assert processor_quota(proc, tmp_path) == 3
    group(tmp_path / "user", cpu__max="150000 100000")
    assert processor_quota(proc, tmp_path) == 1.5
    group(tmp_path / "user", cpu__max="max 100000")
    group(tmp_path / "user/app", cpu__max="max 100000")
    assert processor_quota(proc, tmp_path) == math.inf


def test_a_container_of_version_1_sees_its_group_at_the_top(tmp_path: Path) -> None:
    proc = tmp_path / "proc"
    proc.write_text("4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:cpuset:/docker/abc\n")
    group(tmp_path / "cpu", cpu__cfs_quota_us="200000", cpu__cfs_period_us="100000")
    assert processor_quota(proc, tmp_path) == 2
    group(tmp_path / "cpu", cpu__cfs_quota_us="-1")
    assert processor_quota(proc, tmp_path) == math.inf


def test_without_control_groups_nothing_is_bounded(tmp_path: Path) -> None:
    assert processor_quota(tmp_path / "none", tmp_path) == math.inf


def test_the_doctor_tells_threads_and_settings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    monkeypatch.setenv("GOMP_SPINCOUNT", "2000")
    assert run(["doctor"]) == 0
    assert f"Threads: {torch.get_num_threads()}; GOMP_SPINCOUNT=2000\n" in capsys.readouterr().out
    monkeypatch.delenv("GOMP_SPINCOUNT")
    assert run(["doctor"]) == 0
    assert "; OpenMP's own settings\n" in capsys.readouterr().out


def test_once_torch_is_there_nothing_is_set() -> None:
    import torch  # noqa: F401

    before = dict(os.environ)
    with threads.threads_for_import():
        assert dict(os.environ) == before
