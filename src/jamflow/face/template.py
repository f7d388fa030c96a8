"""Motion files: `.npz` for any motion space, or LivePortrait's `.pkl` templates.

A pickle can run code when it is read; `liveportrait.template` says what is allowed. A packed archive can hold a thousand times
its size, so what an `.npz` says of its arrays is read before they are.
"""

import math
import zipfile
import zlib
from fractions import Fraction
from pathlib import Path
from tokenize import TokenError

import numpy as np

from jamflow.errors import UserError
from jamflow.face.motion import Motion, MotionSpace, Rest
from jamflow.media.files import existing_file, replacing

_CORRUPT = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    ValueError,
    KeyError,
    EOFError,
    TypeError,
    IndexError,
    ZeroDivisionError,
    OverflowError,
    NotImplementedError,  # a way of packing that the reader lacks
    RuntimeError,  # it is encrypted
    SyntaxError,  # what NumPy makes of headers that are none
    TokenError,
    MemoryError,
)
_PER_FRAME = {"expression": "expression_tk3", "rotation": "rotation_t3", "translation": "translation_t3", "scale": "scale_t"}
_PACKED = 20  # times smaller than its arrays is no file that one of the usual tools has packed; ours are not packed
_SMALL_BYTES = 16_000_000  # arrays of this size may be packed as well as they can be
_MAY_MISS = {"eyes": ("eyes_t2", 2), "lips": ("lips_t1", 1), "speaking": ("speaking_t1", 1)}
_NAMES = {*_PER_FRAME, *_MAY_MISS, *(f"rest_{name}" for name in _PER_FRAME), "fps", "space"}


def is_template(path: str | Path) -> bool:
    """Whether the name is that of a motion file, by its suffix."""
    return Path(path).suffix.lower() in (".npz", ".pkl")


def read_template(path: str | Path, space: MotionSpace) -> Motion:
    """Reads a motion file.

    Raises:
        UserError: the file is missing, damaged, of another kind or of another motion space.
    """
    path = existing_file(path, "motion template")
    if path.suffix.lower() == ".pkl":
        from jamflow.face.liveportrait.space import LIVEPORTRAIT_SPACE
        from jamflow.face.liveportrait.template import read_pickle

        motion, name = read_pickle(path), LIVEPORTRAIT_SPACE.name
    else:
        motion, name = _read_arrays(path)
    if name != space.name:
        raise UserError(f"The motion in {path} is of the space {name}, not {space.name}.", f"Use the renderer {name}.")
    if motion.expression_tk3.shape[1] != space.n_keypoints:
        raise UserError(f"{path} is damaged or no motion template.", "Make it again from its video.")
    return motion


def _read_arrays(path: Path) -> tuple[Motion, str]:
    """The motion in an `.npz`, and the name of its motion space."""
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_large(path, archive)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in _NAMES & set(file.files)}
        return _motion(arrays), str(arrays["space"])
    except _CORRUPT as error:
        raise UserError(f"{path} is damaged or no motion template.", "Make it again from its video.") from error


def _refuse_large(path: Path, archive: zipfile.ZipFile) -> None:
    """Reads only the headers of the arrays that a motion has.

    Raises:
        UserError: together they are much larger than the file.
        ValueError: an array is larger than it says, or no array of numbers.
    """
    total = 0
    for member in archive.infolist():
        if member.filename.removesuffix(".npy") not in _NAMES:
            continue
        with archive.open(member) as file:
            major, _ = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
            shape, _, kind = read(file)
            told = math.prod(shape) * kind.itemsize
            if kind.hasobject or kind.kind not in "fiuU" or member.file_size != file.tell() + told:
                raise ValueError(member.filename)
        total += told
    if total > max(_SMALL_BYTES, _PACKED * path.stat().st_size):
        raise UserError(
            f"The motion template {path} has {path.stat().st_size / 1e6:.1f} MB and would take {total / 1e6:.0f} MB of memory.",
            "It may be an attack; make it again from its video.",
        )


def write_template(path: str | Path, motion: Motion, space: MotionSpace) -> None:
    """Writes an `.npz`, or a `.pkl` for LivePortrait's own tools. The file appears only when complete.

    Raises:
        UserError: another suffix, a `.pkl` of another motion space, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() == ".pkl" and space.name == "liveportrait":
        from jamflow.face.liveportrait.template import write_pickle

        write_pickle(path, motion)
        return
    if path.suffix.lower() != ".npz":
        raise UserError(f"The motion template {path} does not end in .npz.", "Give a name such as motion.npz.")
    arrays = {name: getattr(motion, field) for name, field in _PER_FRAME.items()}
    arrays |= {name: value for name, (field, _) in _MAY_MISS.items() if (value := getattr(motion, field)) is not None}
    if motion.rest is not None:
        rest = vars(motion.rest)
        arrays |= {f"rest_{name}": np.asarray(rest[f]) for name, f in zip(_PER_FRAME, rest, strict=True)}
    arrays |= {"fps": np.array(motion.fps.as_integer_ratio()), "space": np.array(space.name)}
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)  # pyright: ignore[reportArgumentType]


def _motion(arrays: dict[str, np.ndarray]) -> Motion:
    """The motion in the arrays of a file. Raises ValueError or KeyError if they are no valid motion."""
    values = {field: arrays[name].astype(np.float32) for name, field in _PER_FRAME.items()}
    count, keypoints, _ = values["expression_tk3"].shape
    shapes = {"expression_tk3": (keypoints, 3), "rotation_t3": (3,), "translation_t3": (3,), "scale_t": ()}
    for name, (field, width) in _MAY_MISS.items():
        if name in arrays:
            values[field], shapes[field] = arrays[name].astype(np.float32), (width,)
    for field, value in values.items():
        if not count or value.shape != (count, *shapes[field]) or not np.isfinite(value).all():
            raise ValueError(field)
    rest = None
    if "rest_scale" in arrays:
        expression, rotation, translation, scale = (arrays[f"rest_{name}"] for name in _PER_FRAME)
        if expression.shape != (keypoints, 3) or rotation.shape != (3,) or translation.shape != (3,):
            raise ValueError("rest")
        rest = Rest(expression, rotation, translation, float(scale))
    fps = Fraction(int(arrays["fps"][0]), int(arrays["fps"][1]))
    if not 0 < fps <= 1000:
        raise ValueError("fps")
    return Motion(**values, fps=fps, rest=rest)  # pyright: ignore[reportArgumentType]
