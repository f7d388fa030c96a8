"""Checkpoints of others: read as they are, and nothing in them is run."""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from jamflow.errors import UserError
from jamflow.weights.foreign import read_checkpoint


def test_inner_dictionaries_become_paths_and_training_state_is_left(tmp_path: Path) -> None:
    state = {"a": torch.ones(2), "inner": {"b": torch.zeros(3)}, "step": 5, "optimizer_state_dict": {"x": torch.ones(9)}}
    torch.save(state, tmp_path / "m.pt")
    assert {k: v.tolist() for k, v in read_checkpoint(tmp_path / "m.pt").items()} == {"a": [1, 1], "inner/b": [0, 0, 0]}


def test_what_is_read_is_the_file_itself(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "m.pth")
    torch.save({"a": torch.zeros(2)}, tmp_path / "other.pth")
    late = (tmp_path / "m.pth").stat().st_mtime + 10
    save_file({"a": torch.zeros(2)}, tmp_path / "m.pth.safetensors")  # such a copy was made and read by early versions
    os.utime(tmp_path / "m.pth.safetensors", (late, late))
    assert read_checkpoint(tmp_path / "m.pth")["a"].tolist() == [1, 1]
    assert len(list(tmp_path.iterdir())) == 3


def test_tensors_that_share_memory_are_read(tmp_path: Path) -> None:
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
