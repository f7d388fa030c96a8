"""Downloads against a local server that does ranges, breaks off and lies."""

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.weights import fetch
from jamflow.weights.fetch import describe, path_of, pull, require, state_of
from jamflow.weights.registry import PUBLISHED, Published, find

CONTENT = np.random.default_rng(0).bytes(3_000_000)
FILE = Published(
    "thing", "some/repo", "folder/thing.bin", "testing", "MIT", True, len(CONTENT), hashlib.sha256(CONTENT).hexdigest()
)


class Server(ThreadingHTTPServer):
    content = CONTENT
    stop_after: int | None = None  # bytes of one answer before the connection closes
    ranges = True
    status: int | None = None
    asked: list[tuple[str, str | None]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        if self.server.status:
            self.send_error(self.server.status)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.server.ranges else 0
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.stop_after])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("JAMFLOW_WEIGHTS", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("JAMFLOW_CACHE", str(tmp_path / "cache"))
    yield server
    server.shutdown()
    server.server_close()


def left(tmp_path: Path) -> list[str]:
    return sorted(p.name for p in tmp_path.rglob("*") if p.is_file())


def test_a_file_arrives_whole_and_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[float, float]] = []
    path = pull(FILE, lambda *x: seen.append(x))
    assert path.read_bytes() == CONTENT and left(tmp_path) == ["thing.bin"]
    assert server.asked == [("/some/repo/resolve/main/folder/thing.bin", None)]
    assert seen[-1] == (3.0, 3.0) and seen == sorted(seen)
    assert pull(FILE) == path and len(server.asked) == 1
    assert state_of(FILE) == "present"


def test_a_broken_download_goes_on(server: Server, tmp_path: Path) -> None:
    server.stop_after = 1_200_000
    with pytest.raises(UserError, match="broke off"):
        pull(FILE)
    assert left(tmp_path) == ["thing.bin.part"] and state_of(FILE) == "missing"
    server.stop_after = None
    assert pull(FILE).read_bytes() == CONTENT
    assert server.asked[1][1] == "bytes=1200000-"


def test_a_server_without_ranges_starts_again(server: Server) -> None:
    server.stop_after = 1_200_000
    with pytest.raises(UserError):
        pull(FILE)
    server.stop_after, server.ranges = None, False
    assert pull(FILE).read_bytes() == CONTENT


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"x", b"<html>log in first</html>", CONTENT + b"more"])
def test_another_file_is_refused_and_deleted(server: Server, tmp_path: Path, content: bytes) -> None:
    server.content = content
    with pytest.raises(UserError):
        pull(FILE)
    server.content = CONTENT
    assert not (tmp_path / "cache/some/repo/folder/thing.bin").exists()
    assert pull(FILE).read_bytes() == CONTENT


def test_a_damaged_file_is_fetched_again(server: Server) -> None:
    path = pull(FILE)
    path.write_bytes(CONTENT[:-1])
    assert state_of(FILE) == "damaged"
    assert pull(FILE).read_bytes() == CONTENT


def test_a_file_that_nobody_pinned_is_kept_and_called_unverified(server: Server) -> None:
    unknown = Published("thing", "some/repo", "thing.bin", "testing", "MIT", True)
    assert pull(unknown).read_bytes() == CONTENT and state_of(unknown) == "unverified"


@pytest.mark.parametrize("status", [401, 404, 500])
def test_refusals_of_the_server_are_told(server: Server, tmp_path: Path, status: int) -> None:
    server.status = status
    with pytest.raises(UserError, match=f"HTTP {status}"):
        pull(FILE)
    assert left(tmp_path) == []


def test_no_network(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match="cannot be reached"):
        pull(FILE)


def test_offline_asks_nobody(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match="forbids the network"):
        pull(FILE)
    assert server.asked == []


def test_a_mirror_is_asked_instead(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAMFLOW_WEIGHTS", f"http://127.0.0.1:{server.server_port}/mirror/")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    pull(FILE)
    assert server.asked == [("/mirror/some/repo/folder/thing.bin", None)]


@pytest.mark.parametrize("place", ["some/repo/folder/thing.bin", "thing.bin"])
def test_a_folder_is_looked_into_first(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    own = tmp_path / "own" / place
    own.parent.mkdir(parents=True)
    own.write_bytes(CONTENT)
    monkeypatch.setenv("JAMFLOW_WEIGHTS", str(tmp_path / "own"))
    assert path_of(FILE) == own and pull(FILE) == own and state_of(FILE) == "present"
    assert server.asked == []


def test_no_room_is_told_before_the_download(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000})())
    with pytest.raises(UserError, match="needs 3 MB"):
        pull(FILE)
    assert server.asked == []


def test_what_is_missing_names_licence_and_command(server: Server) -> None:
    with pytest.raises(UserError, match=r"1348\.4 MB, CC-BY-NC-4\.0, NON-COMMERCIAL") as error:
        require("f5-v1-base")
    assert "jamflow weights pull f5-v1-base" in error.value.hint


def test_a_group_names_only_what_is_missing(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAMFLOW_WEIGHTS", str(tmp_path))
    with pytest.raises(UserError, match=r"f5-v1-base .* and vocos") as error:
        require("f5")
    assert "`jamflow weights pull f5`" in error.value.hint
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(UserError, match=r"f5-v1-base \(1348\.4 MB, CC-BY-NC-4\.0, NON-COMMERCIAL use only\)\."):
        require("f5")
    (tmp_path / "model_1250000.safetensors").write_bytes(b"x")
    assert list(require("f5")) == ["f5-v1-base", "vocos"]


def test_a_revision_is_asked_for_and_no_branch(server: Server) -> None:
    for weights in PUBLISHED:
        assert re.fullmatch("[0-9a-f]{40}", weights.revision), weights.name
    server.status = 404
    with pytest.raises(UserError):
        pull(find("vocos")[0])
    assert server.asked[0][0].startswith("/charactr/vocos-mel-24khz/resolve/0feb3fdd929bcd6649e0e7c5a688cf7dd012ef21/")


def test_registry() -> None:
    assert len({p.name for p in PUBLISHED}) == len(PUBLISHED)
    assert [p.name for p in find("f5")] == ["f5-v1-base", "vocos"] and len(find("liveportrait")) == 5
    assert "NON-COMMERCIAL" not in describe(find("vocos")[0])
    with pytest.raises(UserError, match="no weights called 'f6'") as error:
        find("f6")
    assert "f5-v1-base" in error.value.hint
