"""Files from anywhere: a small one takes little memory, whatever it says of itself, and is refused in one sentence."""

import io
import json
import pickle
import resource
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from jamflow.alignment.recogniser import load_recogniser
from jamflow.errors import UserError
from jamflow.face.liveportrait.template import read_pickle
from jamflow.face.mesh.space import MESH_SPACE
from jamflow.face.template import read_template
from jamflow.loading.joint import load_joint
from jamflow.speech.vocoder import load_vocoder
from jamflow.text.durations import load_durations
from jamflow.voices.named import named_voices
from jamflow.weights.foreign import read_checkpoint
from jamflow.weights.shipped import ASSETS
from jamflow.weights.tensors import load_tensors

MORE_MB = 60


def refused(read: Callable[[], Any], match: str = ".") -> None:
    """It is refused, and never takes much memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match=match) as error:
        read()
    assert error.value.hint
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MORE_MB


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def motion(t: int = 3, k: int = MESH_SPACE.n_keypoints) -> dict[str, np.ndarray]:
    arrays = {"expression": np.zeros((t, k, 3), np.float32), "rotation": np.zeros((t, 3), np.float32)}
    arrays |= {"translation": np.zeros((t, 3), np.float32), "scale": np.ones(t, np.float32)}
    return arrays | {"fps": np.array([25, 1]), "space": np.array("mesh")}


def archive(path: Path, members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as file:
        for name, data in members.items():
            file.writestr(f"{name}.npy", data)
    return path


def test_a_packed_motion_is_not_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.npz", {name: npy(array) for name, array in motion().items() if name != "expression"})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file, file.open("expression.npy", "w") as member:
        member.write(header("(20, 1000000, 3)"))
        for _ in range(240):
            member.write(bytes(1_000_000))
    assert path.stat().st_size < 1_000_000
    refused(lambda: read_template(path, MESH_SPACE), "would take 240 MB of memory")


def test_members_that_no_motion_has_are_not_read(tmp_path: Path) -> None:
    members = {name: npy(array) for name, array in motion().items()}
    path = archive(tmp_path / "a.npz", members | {"more": npy(np.zeros(10_000_000))})
    assert len(read_template(path, MESH_SPACE)) == 3


def header(shape: str, kind: str = "<f4") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(118 - 1) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin-1")


@pytest.mark.parametrize(
    "data",
    [
        header("(1000000000, 18, 3)"),  # without the content
        header("(-1, 18, 3)"),
        header("(3, 18, 3)", "|O") + b"\x80\x04N.",
        header("(3, 18, 3)", "|V1000000000"),
        header("(" * 500),
        header("__import__('os')"),
        b"\x93NUMPY\x09\x00",
        b"",
        b"text",
    ],
)
def test_arrays_that_are_none_are_refused(tmp_path: Path, data: bytes) -> None:
    members = {name: npy(array) for name, array in motion().items()} | {"expression": data}
    refused(lambda: read_template(archive(tmp_path / "a.npz", members), MESH_SPACE), "damaged")


def reduced(function: str, argument: bytes) -> bytes:
    module, name = function.rsplit(".", 1)
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n" + argument + b"R."


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02N" + b"r" + struct.pack("<I", 40_000_000) + b".",  # a place in the table of values
        reduced("numpy.ndarray", b"(I1000000000\nt"),
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I2000000000\ntS'b'\ntR.",
        pickle.dumps({"motion": [{}] * 5_000_000}),
        b"(" * 300_000 + b"t" * 300_000 + b".",
        b"]" * 100_000 + b"a" * 99_999 + b".",
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"x",
        b"",
        b"\x80",
    ],
)
def test_pickles_that_ask_for_memory_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(data)
    refused(lambda: read_pickle(tmp_path / "a.pkl"))


def test_packed_weights_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(5_000_000)}, tmp_path / "plain.pt")
    with zipfile.ZipFile(tmp_path / "plain.pt") as plain, zipfile.ZipFile(tmp_path / "a.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
    assert (tmp_path / "a.pt").stat().st_size < 1_000_000
    refused(lambda: read_checkpoint(tmp_path / "a.pt"), "is packed, as")


def test_one_number_shown_a_billion_times_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1).expand(30_000, 30_000)}, tmp_path / "a.pt")
    refused(lambda: read_checkpoint(tmp_path / "a.pt"), "much more memory")
    one = torch.zeros(1_000_000)
    torch.save({str(n): one[n:] for n in range(500)}, tmp_path / "b.pt")
    refused(lambda: read_checkpoint(tmp_path / "b.pt"), "much more memory")
    torch.save({"a": torch.zeros(2, device="meta")}, tmp_path / "c.pt")
    refused(lambda: read_checkpoint(tmp_path / "c.pt"))


CONFIG = json.loads('{"audio": {"depth": 4, "dim": 64}, "motion": {}, "mel": {}}')


@pytest.mark.parametrize(
    "config",
    [
        "[]",
        "null",
        "{",
        "[" * 100_000,
        json.dumps(CONFIG | {"audio": {"depth": 10**9}}),
        json.dumps(CONFIG | {"audio": {"dim": 10**12}}),
        json.dumps(CONFIG | {"audio": {"dim": 900_000, "depth": 1, "heads": 9}}),
        json.dumps(CONFIG | {"audio": {"dim": -1}}),
        json.dumps(CONFIG | {"audio": {"heads": 0}}),
        json.dumps(CONFIG | {"audio": "large"}),
        json.dumps(CONFIG | {"mel": {"hop": 0}}),
        json.dumps(CONFIG | {"frames_per_token": 0}),
        json.dumps({"bands": 100_000, "dim": 100_000, "kernel": 9, "dilations": [1]}),
        json.dumps({"vocab": 5, "dim": 900_000, "layers": 1}),
        json.dumps({"hop": 256, "n_fft": 1024, "n_mels": 100, "dim": 900_000, "layers": 1}),
        '{"mel": NaN, "dim": Infinity}',
    ],
)
@pytest.mark.parametrize("load", [load_joint, load_vocoder, load_recogniser, lambda path: load_durations(path, 5), load_tensors])
def test_configurations_may_say_anything(tmp_path: Path, config: str, load: Callable[[Path], Any]) -> None:
    save_file({"x": torch.zeros(3), "y": torch.zeros(3)}, tmp_path / "a.safetensors", {"config": config})
    if load is load_tensors:
        with suppress(UserError):
            load(tmp_path / "a.safetensors")
    else:
        refused(lambda: load(tmp_path / "a.safetensors"))


@pytest.mark.parametrize(
    "about", [None, [], {}, {"who": "woman"}, "x", {"who": 1, "accent": 2, "origin": 3, "licence": 4, "wer": "x"}]
)
def test_voices_may_say_anything_of_themselves(tmp_path: Path, about: object) -> None:
    (tmp_path / "voices").mkdir()
    save_file({"x": torch.zeros(3)}, tmp_path / "voices/emma.safetensors", {"config": json.dumps({"about": about})})
    refused(lambda: named_voices(tmp_path), "not the file of a voice")


def test_what_ships_still_loads() -> None:
    load_joint(ASSETS / "mini/joint.safetensors")
    load_vocoder(ASSETS / "mini/vocoder.safetensors")
