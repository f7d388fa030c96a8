"""The recipe's reading of Kokoro's voices out of the npm package."""

import importlib.util
import io
import stat
import tarfile
from pathlib import Path

import numpy as np
import pytest

_SPEC = importlib.util.spec_from_file_location("recipe_styles", Path(__file__).parents[2] / "recipes/mini/kokoro_styles.py")
assert _SPEC and _SPEC.loader
kokoro_styles = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(kokoro_styles)


def package(path: Path, tables: dict[str, np.ndarray]) -> None:
    with tarfile.open(path, "w:gz") as files:
        for name, content in [
            ("package/README.md", b"words"),
            *((f"package/voices/{n}.bin", t.tobytes()) for n, t in tables.items()),
        ]:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            files.addfile(member, io.BytesIO(content))


def npm(folder: Path, script: str) -> None:
    """A program called npm, which is all that is on the path besides the system's own."""
    path = folder / "npm"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_every_voice_of_the_package_is_a_table_of_styles(tmp_path: Path) -> None:
    table = np.random.default_rng(0).standard_normal((510, 256)).astype(np.float32)
    package(tmp_path / "kokoro-js-1.2.1.tgz", {"af_heart": table, "bm_george": -table})
    found = kokoro_styles.styles(tmp_path)
    assert found.keys() == {"af_heart", "bm_george"}
    np.testing.assert_array_equal(found["bm_george"], -table)


def test_another_file_than_the_pinned_one_is_refused_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm(tmp_path, 'for last; do :; done; echo other > "$last/kokoro-js-1.2.1.tgz"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(SystemExit, match="another file"):
        kokoro_styles.styles(tmp_path / "cache")
    assert not (tmp_path / "cache" / "kokoro-js-1.2.1.tgz").exists()


def test_without_npm_it_says_what_to_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="npm is not installed"):
        kokoro_styles.styles(tmp_path)
