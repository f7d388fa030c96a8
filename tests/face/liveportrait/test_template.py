"""Motion templates: the official form in and out, our own, and pickles that want more."""

import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from jamflow.errors import UserError
from jamflow.face.liveportrait.keypoints import rotation_matrix
from jamflow.face.liveportrait.motion import Frames
from jamflow.face.liveportrait.template import Template, read_template, write_template


def template(count: int = 4, ratios: bool = True) -> Template:
    g = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(count, *shape, generator=g)

    frames = Frames(draw(21, 3), rotation_matrix(*(20 * draw(3)).T), 0.02 * draw(21, 3), 0.1 * draw(3), 1.4 + 0.1 * draw(1))
    return Template(frames, Fraction(30), draw(2) if ratios else None, draw(1) if ratios else None)


def same(a: Template, b: Template) -> None:
    assert a.fps == b.fps
    for one, two in zip(vars(a.frames).values(), vars(b.frames).values(), strict=True):
        assert torch.equal(one, two)
    for one, two in ((a.eye_ratios_t2, b.eye_ratios_t2), (a.lip_ratios_t1, b.lip_ratios_t1)):
        assert (one is None) == (two is None) and (one is None or torch.equal(one, two))


@pytest.mark.parametrize("suffix", ["npz", "pkl"])
@pytest.mark.parametrize("ratios", [True, False])
def test_what_is_written_comes_back(tmp_path: Path, suffix: str, ratios: bool) -> None:
    path = tmp_path / f"a.{suffix}"
    write_template(path, template(ratios=ratios))
    same(read_template(path), template(ratios=ratios))
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_fractions_of_frame_rates_survive_in_npz(tmp_path: Path) -> None:
    t = template()
    write_template(tmp_path / "a.npz", Template(t.frames, Fraction(30000, 1001)))
    assert read_template(tmp_path / "a.npz").fps == Fraction(30000, 1001)


def official(path: Path) -> dict[str, Any]:
    write_template(path, template())
    return pickle.loads(path.read_bytes())


def test_written_pickles_are_the_official_form(tmp_path: Path) -> None:
    raw = official(tmp_path / "a.pkl")
    assert raw["n_frames"] == 4 == len(raw["motion"]) == len(raw["c_eyes_lst"]) == len(raw["c_lip_lst"])
    shapes = {name: value.shape for name, value in raw["motion"][0].items()}
    assert shapes == {"scale": (1, 1), "R": (1, 3, 3), "exp": (1, 21, 3), "t": (1, 3), "kp": (1, 21, 3), "x_s": (1, 21, 3)}
    assert raw["c_eyes_lst"][0].shape == (1, 2) and raw["c_lip_lst"][0].shape == (1, 1)
    assert raw["motion"][0]["exp"].dtype == np.float32 and raw["output_fps"] == 30


def test_older_names_and_missing_parts_are_read(tmp_path: Path) -> None:
    raw = official(tmp_path / "a.pkl")
    old = {"motion": [{"R_d" if k == "R" else k: v for k, v in m.items() if k not in ("kp", "x_s")} for m in raw["motion"]],
           "n_frames": 4, "c_d_eyes_lst": raw["c_eyes_lst"]}  # fmt: skip
    (tmp_path / "b.pkl").write_bytes(pickle.dumps(old))
    read = read_template(tmp_path / "b.pkl")
    assert read.fps == 25 and read.lip_ratios_t1 is None and read.eye_ratios_t2 is not None
    assert torch.equal(read.frames.rotation_t33, template().frames.rotation_t33)


class Attack:
    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.mark,))


def test_a_pickle_that_would_run_code_does_not(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"motion": [Attack(tmp_path / "attacked")]}))
    with pytest.raises(UserError, match="was not loaded"):
        read_template(tmp_path / "a.pkl")
    assert not (tmp_path / "attacked").exists()


@pytest.mark.parametrize("content", [b"", b"junk", pickle.dumps([1, 2]), pickle.dumps({"motion": []}), pickle.dumps(None)])
@pytest.mark.parametrize("name", ["a.pkl", "a.npz"])
def test_other_files_are_refused_by_name(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=name) as error:
        read_template(tmp_path / name)
    assert error.value.hint


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(exp=np.zeros((1, 20, 3), np.float32)), lambda m: m.pop("t"),
        lambda m: m.update(scale=np.full((1, 1), np.nan, np.float32)), lambda m: m.update(R="no"),
    ],
)  # fmt: skip
def test_motions_of_other_shapes_are_refused(tmp_path: Path, change: Any) -> None:
    raw = official(tmp_path / "a.pkl")
    change(raw["motion"][2])
    (tmp_path / "b.pkl").write_bytes(pickle.dumps(raw))
    with pytest.raises(UserError, match="damaged or no motion template"):
        read_template(tmp_path / "b.pkl")


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    for suffix in ("npz", "pkl"):
        path = tmp_path / f"a.{suffix}"
        write_template(path, template())
        path.write_bytes(path.read_bytes()[:-200])
        with pytest.raises(UserError, match="damaged"):
            read_template(path)
