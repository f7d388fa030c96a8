"""LivePortrait's motion templates: the official form in and out, and pickles that want more."""

import pickle
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.face.liveportrait.space import LIVEPORTRAIT_SPACE
from jamflow.face.liveportrait.template import read_pickle, write_pickle
from jamflow.face.mesh.space import MESH_SPACE
from jamflow.face.motion import Motion
from jamflow.face.template import read_template


def motion(count: int = 4) -> Motion:
    draw = np.random.default_rng(0).standard_normal
    values = (0.02 * draw((count, 21, 3)), 20 * draw((count, 3)), 0.1 * draw((count, 3)), 1.4 + 0.1 * draw(count))
    openings = (0.3 + 0.1 * draw((count, 2)), 0.1 * draw((count, 1)))
    values, openings = ([x.astype(np.float32) for x in part] for part in (values, openings))
    return Motion(*values, Fraction(30), None, *openings)


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    write_pickle(tmp_path / "a.pkl", motion())
    read = read_template(tmp_path / "a.pkl", LIVEPORTRAIT_SPACE)
    for name, value in vars(motion()).items():
        if name == "rotation_t3":
            np.testing.assert_allclose(read.rotation_t3, value, atol=1e-4)  # degrees, through float32 matrices
        elif name != "rest":
            np.testing.assert_array_equal(getattr(read, name), value)
    assert read.rest is not None
    np.testing.assert_array_equal(read.rest.expression_k3, read.expression_tk3[0])
    assert [p.name for p in tmp_path.iterdir()] == ["a.pkl"]


def official(path: Path) -> dict[str, Any]:
    write_pickle(path, motion())
    return pickle.loads(path.read_bytes())


def test_written_pickles_are_the_official_form(tmp_path: Path) -> None:
    raw = official(tmp_path / "a.pkl")
    assert raw["n_frames"] == 4 == len(raw["motion"]) == len(raw["c_eyes_lst"]) == len(raw["c_lip_lst"])
    shapes = {name: value.shape for name, value in raw["motion"][0].items()}
    assert shapes == {"scale": (1, 1), "R": (1, 3, 3), "exp": (1, 21, 3), "t": (1, 3)}
    assert raw["c_eyes_lst"][0].shape == (1, 2) and raw["c_lip_lst"][0].shape == (1, 1)
    assert {value.dtype for value in raw["motion"][0].values()} == {np.dtype(np.float32)} and raw["output_fps"] == 30


def test_older_names_and_missing_parts_are_read(tmp_path: Path) -> None:
    raw = official(tmp_path / "a.pkl")
    old = {
        "motion": [{"R_d" if k == "R" else k: v for k, v in m.items()} | {"kp": 0} for m in raw["motion"]],
        "n_frames": 4,
        "c_d_eyes_lst": raw["c_eyes_lst"],
    }
    (tmp_path / "b.pkl").write_bytes(pickle.dumps(old))
    read = read_pickle(tmp_path / "b.pkl")
    assert read.fps == 25 and read.lips_t1 is None and read.eyes_t2 is not None
    np.testing.assert_allclose(read.rotation_t3, motion().rotation_t3, atol=1e-4)


def test_a_motion_without_openings_is_written_without_them(tmp_path: Path) -> None:
    write_pickle(tmp_path / "a.pkl", replace(motion(), eyes_t2=None, lips_t1=None))
    read = read_pickle(tmp_path / "a.pkl")
    assert read.eyes_t2 is None and read.lips_t1 is None


def test_another_renderer_does_not_take_it(tmp_path: Path) -> None:
    write_pickle(tmp_path / "a.pkl", motion())
    with pytest.raises(UserError, match=r"a\.pkl is of the space liveportrait, not mesh"):
        read_template(tmp_path / "a.pkl", MESH_SPACE)


class Attack:
    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.mark,))


def test_a_pickle_that_would_run_code_does_not(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"motion": [Attack(tmp_path / "attacked")]}))
    with pytest.raises(UserError, match="was not loaded"):
        read_pickle(tmp_path / "a.pkl")
    assert not (tmp_path / "attacked").exists()


@pytest.mark.parametrize("content", [b"", b"junk", pickle.dumps([1, 2]), pickle.dumps({"motion": []}), pickle.dumps(None)])
def test_other_files_are_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.pkl") as error:
        read_pickle(tmp_path / "a.pkl")
    assert error.value.hint


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw["motion"][2].update(exp=np.zeros((1, 20, 3), np.float32)),
        lambda raw: raw["motion"][2].pop("t"),
        lambda raw: raw["motion"][2].update(scale=np.full((1, 1), np.nan, np.float32)),
        lambda raw: raw["motion"][2].update(R="no"),
        lambda raw: raw["c_lip_lst"].pop(),
        lambda raw: raw.update(output_fps=0),
    ],
)
def test_motions_of_other_shapes_are_refused(tmp_path: Path, change: Any) -> None:
    raw = official(tmp_path / "a.pkl")
    change(raw)
    (tmp_path / "b.pkl").write_bytes(pickle.dumps(raw))
    with pytest.raises(UserError, match="damaged or no motion template"):
        read_pickle(tmp_path / "b.pkl")


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    write_pickle(path, motion())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match="damaged"):
        read_pickle(path)
