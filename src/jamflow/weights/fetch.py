"""Published weights on this machine: found in a folder, or downloaded, resumed and verified.

Environment: JAMFLOW_WEIGHTS is a folder that holds the files (as repository/file or by file name), or the address of a
mirror (http...); HF_ENDPOINT is another hub; HF_HUB_OFFLINE=1 forbids the network. Downloads lie in JAMFLOW_CACHE, by
default ~/.cache/jamflow/weights.
"""

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from jamflow.errors import UserError
from jamflow.weights.digest import sha256_of
from jamflow.weights.registry import Published, State, find

Progress = Callable[[float, float], None]  # megabytes done, megabytes in all
_BLOCK = 1 << 20
_TIMEOUT_S = 30.0
_NAMED = 2  # files that one sentence can name


def path_of(weights: Published) -> Path:
    """Where the file is: in JAMFLOW_WEIGHTS if it is there, else where a download goes."""
    source = os.environ.get("JAMFLOW_WEIGHTS", "")
    if source and not _is_address(source):
        folder = Path(source).expanduser()
        for candidate in (folder / weights.repository / weights.file, folder / Path(weights.file).name):
            if candidate.is_file():
                return candidate
    cache = os.environ.get("JAMFLOW_CACHE") or Path.home() / ".cache/jamflow/weights"
    return Path(cache).expanduser() / weights.repository / weights.file


def state_of(weights: Published) -> State:
    """The file's state; the whole file is read. "unverified": it is there, but its hash is not pinned."""
    path = path_of(weights)
    if not path.is_file():
        return "missing"
    if weights.sha256 is None:
        return "unverified"
    return "present" if sha256_of(path) == weights.sha256 else "damaged"


def require(name: str) -> dict[str, Path]:
    """The paths of a group's files, or of one file, by their names.

    Raises:
        UserError: some are missing; says which, their sizes and licences, and the command that downloads them.
    """
    missing = [weights for weights in find(name) if not path_of(weights).is_file()]
    if missing:
        what = " and ".join(f"{weights.name} ({describe(weights)})" for weights in missing)
        files = " and ".join(weights.file for weights in missing)
        if len(missing) > _NAMED:
            megabytes = sum(weights.bytes or 0 for weights in missing) / 1e6
            licences = ", ".join(sorted({describe(weights).partition(", ")[2] for weights in missing}))
            what, files = f"{len(missing)} files of {name} ({megabytes:.1f} MB, {licences})", "them"
        raise UserError(
            f"These weights are not on this machine: {what}.",
            f"Get them with `jamflow weights pull {name}`, or put {files} into the folder JAMFLOW_WEIGHTS.",
        )
    return {weights.name: path_of(weights) for weights in find(name)}


def describe(weights: Published) -> str:
    """Size and licence as text."""
    size = "size unknown" if weights.bytes is None else f"{weights.bytes / 1e6:.1f} MB"
    return f"{size}, {weights.licence}{'' if weights.commercial else ', NON-COMMERCIAL use only'}"


def pull(weights: Published, progress: Progress | None = None) -> Path:
    """Download a file, if it is not there and whole; an interrupted download goes on where it stopped.

    Raises:
        UserError: there is no network, no such file or no room, or what came is not the pinned file.
    """
    path = path_of(weights)
    if path.is_file() and state_of(weights) != "damaged":
        return path
    address = _address(weights)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_room(weights, part)
        _download(address, part, weights, progress)
    except urllib.error.HTTPError as error:
        raise UserError(f"{address} cannot be had (HTTP {error.code}).", "Check the address or use a mirror.") from error
    except urllib.error.URLError as error:
        raise UserError(
            f"{address} cannot be reached ({error.reason}).",
            "Check the network; or set JAMFLOW_WEIGHTS to a folder or a mirror that has the file.",
        ) from error
    except (TimeoutError, ConnectionError) as error:
        raise UserError(f"The download of {weights.name} broke off.", "Run the command again; it goes on.") from error
    except OSError as error:
        raise UserError(f"{part} cannot be written ({error.strerror}).", "Free some room or set JAMFLOW_CACHE.") from error
    if weights.sha256 is not None and sha256_of(part) != weights.sha256:
        raise _foreign(address, weights, part, "SHA-256")
    part.replace(path)
    return path


def _download(address: str, part: Path, weights: Published, progress: Progress | None) -> None:
    done = part.stat().st_size if part.exists() else 0
    if weights.bytes is not None and done >= weights.bytes:
        if done == weights.bytes:
            return
        part.unlink()  # longer than the file: not its beginning
        done = 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={done}-"} if done else {})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
        if done and answer.status != 206:  # a server without ranges starts from the beginning
            done = 0
        length = int(answer.headers.get("Content-Length") or 0)
        total = weights.bytes or (done + length if length else 0)
        if length and done + length != total:
            raise _foreign(address, weights, part, "size")
        with part.open("ab" if done else "wb") as file:
            while block := answer.read(_BLOCK):
                file.write(block)
                done += len(block)
                if progress:
                    progress(done / 1e6, total / 1e6)
    if total and done < total:
        raise ConnectionError("the connection closed early")


def _foreign(address: str, weights: Published, part: Path, what: str) -> UserError:
    """The error for a wrong download, which is deleted."""
    part.unlink(missing_ok=True)
    return UserError(
        f"What {address} sends is not the published file {weights.name} (its {what} differs), and was not kept.",
        "Try again; if it happens again, do not use that mirror.",
    )


def _address(weights: Published) -> str:
    source = os.environ.get("JAMFLOW_WEIGHTS", "")
    if _is_address(source):
        return f"{source.rstrip('/')}/{weights.repository}/{weights.file}"
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise UserError(
            f"The weights {weights.name} are not on this machine, and HF_HUB_OFFLINE forbids the network.",
            "Unset it, or put the file into the folder JAMFLOW_WEIGHTS.",
        )
    hub = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    return f"{hub}/{weights.repository}/resolve/{weights.revision}/{weights.file}"


def _check_room(weights: Published, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    need, free = (weights.bytes or 0) - have, shutil.disk_usage(part.parent).free
    if need > free:
        raise UserError(
            f"{weights.name} needs {need / 1e6:.0f} MB and {part.parent} has {free / 1e6:.0f} MB free.",
            "Free some room or set JAMFLOW_CACHE to another disk.",
        )


def _is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))
