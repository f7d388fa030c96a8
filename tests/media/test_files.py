"""Where files go: through links, into pipes, with the permissions that they had; and never over what is read."""

import os
import stat
import threading
from pathlib import Path

import pytest

from jamflow.errors import UserError
from jamflow.media.files import output_file, refuse_overwriting, refuse_same, replacing


def write(path: Path, content: bytes = b"new") -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/a.wav").write_bytes(b"old")
    (tmp_path / "link.wav").symlink_to("second.wav")
    (tmp_path / "second.wav").symlink_to("far/a.wav")
    write(output_file(tmp_path / "link.wav", ".wav"))
    assert (tmp_path / "link.wav").is_symlink() and (tmp_path / "far/a.wav").read_bytes() == b"new"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.wav", "far", "link.wav", "second.wav"]


def test_a_link_may_name_what_is_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "link.wav").symlink_to("a.wav")
    write(output_file(tmp_path / "link.wav", ".wav"))
    assert (tmp_path / "a.wav").read_bytes() == b"new"


def test_links_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "circle.wav").symlink_to("circle.wav")
    (tmp_path / "gone.wav").symlink_to("none/a.wav")
    for name, words in (("circle.wav", "cannot be written"), ("gone.wav", "none does not exist")):
        with pytest.raises(UserError, match=words):
            output_file(tmp_path / name, ".wav")
        with pytest.raises(UserError, match=words):
            write(tmp_path / name)
        assert (tmp_path / name).is_symlink()


def test_a_pipe_gets_the_whole_file_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    assert output_file(pipe, ".wav") == pipe  # does not wait for the reader
    reader.start()
    write(pipe, bytes(200_000))
    reader.join(10)
    assert got == [bytes(200_000)] and pipe.is_fifo() and [p.name for p in tmp_path.iterdir()] == ["pipe.wav"]


def test_a_reader_that_leaves_is_told(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    threading.Thread(target=lambda: pipe.open("rb").close(), daemon=True).start()
    with pytest.raises(UserError, match="was gone before it had all"):
        write(pipe, bytes(2_000_000))


def test_nothing_goes_into_a_pipe_if_it_fails(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    with pytest.raises(ZeroDivisionError), replacing(pipe) as temporary:
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert not temporary.exists() and pipe.is_fifo()


def test_a_device_is_written(tmp_path: Path) -> None:
    (tmp_path / "nothing.wav").symlink_to(os.devnull)
    write(output_file(tmp_path / "nothing.wav", ".wav"))
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.touch()
    path.chmod(0o640)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_protected_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.wav").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the tests may run as root, who may write everything
    with pytest.raises(UserError, match="may not be written"):
        output_file(tmp_path / "a.wav", ".wav")


@pytest.mark.parametrize("name", ["a.wav", "./x/../a.wav", "soft.wav", "hard.wav", "x/deep.wav"])
def test_an_input_is_no_output(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.wav").write_bytes(b"old")
    Path("x").mkdir()
    Path("soft.wav").symlink_to("a.wav")
    Path("hard.wav").hardlink_to("a.wav")
    Path("x/deep.wav").symlink_to("../soft.wav")
    for output, source in ((name, "a.wav"), ("a.wav", name), (Path(name), tmp_path / "a.wav")):
        with pytest.raises(UserError, match="would take the place of the input"):
            refuse_overwriting(output, ["none.wav", "a\x00b", source])
    refuse_overwriting(name, ["none.wav", "x"])


def test_two_outputs_are_two_files(tmp_path: Path) -> None:
    (tmp_path / "b.npz").symlink_to("a.mp4")
    with pytest.raises(UserError, match="the same file"):
        refuse_same(tmp_path / "b.npz", [tmp_path / "a.mp4"])
    refuse_same(tmp_path / "c.npz", [tmp_path / "a.mp4"])
