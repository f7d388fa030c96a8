"""LivePortrait's motion templates: a driving motion in a `.pkl`.

A pickle can run code when it is read. This reader accepts only NumPy arrays and plain values.

Shapes: T frames, K key points (21).
"""

import io
import pickle
import pickletools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from jamflow.errors import UserError
from jamflow.face.liveportrait.keypoints import KEY_POINTS, angles_from, rotation_matrix
from jamflow.face.liveportrait.space import resting_in
from jamflow.face.motion import Motion
from jamflow.media.files import existing_file, replacing

_DEFAULT_FPS = 25
_SHAPES = {"scale": (), "R": (3, 3), "exp": (KEY_POINTS, 3), "t": (3,)}
_FRAME_BYTES = 4 * 3 * KEY_POINTS  # that every frame of a file takes at least
_MOST_BYTES = 1_000_000_000  # more than a day of motion
_CORRUPT = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    ImportError,
    OSError,
    UnicodeDecodeError,
    OverflowError,
    MemoryError,
    RecursionError,
    ZeroDivisionError,
)


class _Array:
    """Stands for the class of arrays in a pickle, where it is only an argument: called, it would make one of any size."""


def _reconstruct(kind: object, shape: tuple[int, ...], code: object) -> np.ndarray:
    """An empty array, as NumPy pickles them; size and content follow, and must fit each other."""
    if shape != (0,):
        raise ValueError("an array with a size and without its content")
    return np.zeros(0, np.int8)


_ALLOWED: dict[tuple[str, str], Any] = {("numpy", "ndarray"): _Array, ("numpy", "dtype"): np.dtype}
for _core in ("core", "_core"):
    _ALLOWED[f"numpy.{_core}.multiarray", "_reconstruct"] = _reconstruct
    _ALLOWED[f"numpy.{_core}.multiarray", "scalar"] = np.zeros(0).dtype.type(0).__reduce__()[0]


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module_name}.{global_name}")
        return _ALLOWED[module_name, global_name]


def _unpickled(path: Path) -> Any:
    """Raises ValueError where a few bytes ask for much memory."""
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError("no motion is so long")
    data = path.read_bytes()
    for code, argument, _ in pickletools.genops(data):
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > len(data):
            raise ValueError("a table for values that are not there")
    raw = _Unpickler(io.BytesIO(data)).load()
    if len(raw["motion"]) * _FRAME_BYTES > len(data):
        raise ValueError("frames that are not there")
    return raw


def read_pickle(path: str | Path) -> Motion:
    """Reads a `.pkl` of LivePortrait, also of its older versions. The first frame is taken as rest.

    Raises:
        UserError: the file is missing, damaged, of another kind, or holds more than arrays and plain values.
    """
    path = existing_file(path, "motion template")
    try:
        return _from_official(_unpickled(path))
    except _CORRUPT as error:
        if isinstance(error, pickle.UnpicklingError) and "." in str(error) and " " not in str(error):
            raise UserError(
                f"The motion template {path} asks for {error}, which a motion has no use for, and was not loaded.",
                "It may be an attack; get the template from somewhere else.",
            ) from error
        raise UserError(f"{path} is damaged or no motion template.", "Make it again from its video.") from error


def write_pickle(path: str | Path, motion: Motion) -> None:
    """Writes a `.pkl` for LivePortrait's own tools, which take the first frame as rest and ignore `motion.rest`.

    The file appears only when complete. Raises UserError if it cannot be written.
    """
    with replacing(Path(path)) as part, part.open("wb") as file:
        pickle.dump(_official(motion), file, protocol=4)


def _from_official(raw: Any) -> Motion:
    """The motion in an unpickled template. Raises ValueError, KeyError or TypeError if it is none."""
    entries = raw["motion"]
    if not isinstance(entries, list) or not entries:
        raise ValueError("no frames")
    parts = {
        name: np.stack([np.asarray(m[name] if name in m else m[f"{name}_d"], np.float32).reshape(shape) for m in entries])
        for name, shape in _SHAPES.items()
    }
    eyes, lips = (raw.get(f"c_{part}_lst", raw.get(f"c_d_{part}_lst")) for part in ("eyes", "lip"))
    openings = [_openings(rows, width, len(entries)) for rows, width in ((eyes, 2), (lips, 1))]
    fps = Fraction(raw.get("output_fps", _DEFAULT_FPS)).limit_denominator(1001)
    if not 0 < fps <= 1000 or not all(np.isfinite(x).all() for x in (*parts.values(), *openings) if x is not None):
        raise ValueError("not finite, or a frame rate that cannot be")
    angles = angles_from(torch.from_numpy(parts["R"])).numpy()
    motion = Motion(parts["exp"], angles, parts["t"], parts["scale"], fps, None, *openings)
    return replace(motion, rest=resting_in(motion, 0))


def _openings(rows: list[Any] | None, width: int, count: int) -> np.ndarray | None:
    if not rows:
        return None
    if len(rows) != count:
        raise ValueError("ratios that do not fit")
    return np.stack([np.asarray(row, np.float32).reshape(width) for row in rows])


def _official(motion: Motion) -> dict[str, Any]:
    rotation = rotation_matrix(*torch.from_numpy(motion.rotation_t3).unbind(-1)).numpy()
    out: dict[str, Any] = {
        "n_frames": len(motion),
        "output_fps": round(float(motion.fps)),
        "motion": [
            {
                "scale": motion.scale_t[i].reshape(1, 1),
                "R": rotation[i : i + 1],
                "exp": motion.expression_tk3[i : i + 1],
                "t": motion.translation_t3[i : i + 1],
            }
            for i in range(len(motion))
        ],
    }
    for name, openings in (("c_eyes_lst", motion.eyes_t2), ("c_lip_lst", motion.lips_t1)):
        if openings is not None:
            out[name] = [row[None] for row in openings]
    return out
