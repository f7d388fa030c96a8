"""Motion in a file: comes back whole, and a bad file is refused in one sentence."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.face.mesh.space import MESH_SPACE
from jamflow.face.motion import Motion, Rest
from jamflow.face.template import is_template, read_template, write_template


def a_motion(rest: bool = True, openings: bool = True) -> Motion:
    rng = np.random.default_rng(0)

    def numbers(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    return Motion(
        numbers(5, 21, 3),
        numbers(5, 3),
        numbers(5, 3),
        numbers(5),
        Fraction(30000, 1001),
        Rest(numbers(21, 3), numbers(3), numbers(3), 2.5) if rest else None,
        numbers(5, 2) if openings else None,
        numbers(5, 1) if openings else None,
        numbers(5, 1) if openings else None,
    )


@pytest.mark.parametrize("rest", [True, False])
@pytest.mark.parametrize("openings", [True, False])
def test_motion_comes_back(tmp_path: Path, rest: bool, openings: bool) -> None:
    motion = a_motion(rest, openings)
    write_template(tmp_path / "m.npz", motion, MESH_SPACE)
    back = read_template(tmp_path / "m.npz", MESH_SPACE)
    for name, value in vars(motion).items():
        if name == "rest":
            assert (back.rest is None) == (not rest)
        else:
            np.testing.assert_array_equal(getattr(back, name), value)
    if rest:
        for name, value in vars(motion.rest).items():
            np.testing.assert_array_equal(getattr(back.rest, name), value)
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]


def broken(path: Path, **changes: np.ndarray | None) -> Path:
    write_template(path, a_motion(), MESH_SPACE)
    with np.load(path) as file:
        arrays = dict(file) | changes
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": None},
        {"scale": np.zeros(4, np.float32)},
        {"rotation": np.full((5, 3), np.nan, np.float32)},
        {"fps": np.array([25, 0])},
        {"fps": np.array([0, 1])},
        {"expression": np.zeros((5, 20, 3), np.float32)},
        {"expression": np.zeros((5, 63), np.float32)},
        {"rest_translation": np.zeros(2)},
        {"eyes": np.zeros((5, 3), np.float32)},
        {"space": None},
        {"expression": np.zeros((5, 21, 3), object)},
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path: Path, changes) -> None:
    with pytest.raises(UserError, match=r"m\.npz is damaged or no motion template"):
        read_template(broken(tmp_path / "m.npz", **changes), MESH_SPACE)


@pytest.mark.parametrize("content", [b"x" * 1000, b"PK\x03\x04 and no more"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.npz").write_bytes(content)
    with pytest.raises(UserError, match="damaged or no motion template"):
        read_template(tmp_path / "m.npz", MESH_SPACE)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    write_template(tmp_path / "m.npz", a_motion(), MESH_SPACE)
    whole = (tmp_path / "m.npz").read_bytes()
    (tmp_path / "m.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="damaged or no motion template"):
        read_template(tmp_path / "m.npz", MESH_SPACE)


def test_motion_of_another_space_is_refused(tmp_path: Path) -> None:
    write_template(tmp_path / "m.npz", a_motion(), replace(MESH_SPACE, name="liveportrait"))
    with pytest.raises(UserError, match=r"of the space liveportrait, not mesh.*Use the renderer liveportrait"):
        read_template(tmp_path / "m.npz", MESH_SPACE)


def test_other_names(tmp_path: Path) -> None:
    assert is_template("a.NPZ") and is_template("a.pkl") and not is_template("a.mp4")
    with pytest.raises(UserError, match=r"does not end in \.npz"):
        write_template(tmp_path / "m.txt", a_motion(), MESH_SPACE)
    assert not list(tmp_path.iterdir())
