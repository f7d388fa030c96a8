"""Checkpoints of others: converted once, and nothing in them is run."""

import os
from pathlib import Path

import pytest
import torch

from jamflow.errors import UserError
from jamflow.weights.foreign import read_checkpoint


def test_inner_dictionaries_become_paths_and_training_state_is_left(tmp_path: Path) -> None:
    state = {"a": torch.ones(2), "inner": {"b": torch.zeros(3)}, "step": 5, "optimizer_state_dict": {"x": torch.ones(9)}}
    torch.save(state, tmp_path / "m.pt")
    assert {k: v.tolist() for k, v in read_checkpoint(tmp_path / "m.pt").items()} == {"a": [1, 1], "inner/b": [0, 0, 0]}


def test_the_second_reading_does_not_unpickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "m.pth")
    first = read_checkpoint(tmp_path / "m.pth")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.pth", "m.pth.safetensors"]
    monkeypatch.setattr(torch, "load", lambda *a, **k: pytest.fail("unpickled again"))
    assert torch.equal(read_checkpoint(tmp_path / "m.pth")["a"], first["a"])


def test_a_newer_file_is_converted_again(tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    torch.save({"a": torch.ones(2)}, path)
    read_checkpoint(path)
    torch.save({"a": torch.zeros(2)}, path)
    late = path.stat().st_mtime + 10
    os.utime(path, (late, late))
    assert read_checkpoint(path)["a"].tolist() == [0, 0]


def test_tensors_that_share_memory_are_converted(tmp_path: Path) -> None:
    shared = torch.arange(6.0)
    torch.save({"a": shared[:4], "b": shared.reshape(2, 3).T}, tmp_path / "m.pt")
    read_checkpoint(tmp_path / "m.pt")
    assert read_checkpoint(tmp_path / "m.pt")["b"].tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize("content", [{}, {"step": 1}, torch.ones(2), [1]])
def test_files_without_named_tensors_are_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "m.pt")
    with pytest.raises(UserError, match="no tensors"):
        read_checkpoint(tmp_path / "m.pt")
    assert [p.name for p in tmp_path.iterdir()] == ["m.pt"]
