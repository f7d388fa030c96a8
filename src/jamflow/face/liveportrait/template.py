"""Motion templates: a driving motion in a file, `.pkl` as the official code writes it, or `.npz`.

A pickle can run code when it is read. Only NumPy arrays and plain values are let through here.
"""

import io
import pickle
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jamflow.errors import UserError
from jamflow.face.liveportrait.keypoints import KEY_POINTS
from jamflow.face.liveportrait.motion import Frames
from jamflow.media.files import existing_file, replacing

_DEFAULT_FPS = 25
_SHAPES = {"scale": (1,), "R": (3, 3), "exp": (KEY_POINTS, 3), "t": (3,)}
_ALLOWED = {("numpy", "ndarray"), ("numpy", "dtype")} | {
    (f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")
}
_CORRUPT = (
    pickle.UnpicklingError, EOFError, AttributeError, KeyError, IndexError, TypeError, ValueError, ImportError,
    zipfile.BadZipFile, OSError, UnicodeDecodeError, OverflowError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True)
class Template:
    """A driving motion. eye_ratios_t2 and lip_ratios_t1 are openings over widths, None where the file has none."""

    frames: Frames
    fps: Fraction
    eye_ratios_t2: Tensor | None = None
    lip_ratios_t1: Tensor | None = None


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module_name}.{global_name}")
        return super().find_class(module_name.replace("numpy.core", "numpy._core"), global_name)


def read_template(path: str | Path) -> Template:
    """Read a `.pkl` of LivePortrait (also of its older versions) or an `.npz` of `write_template`.

    Raises:
        UserError: the file is damaged, of another kind, or a pickle that would do more than hold arrays.
    """
    path = existing_file(path, "motion template")
    try:
        if path.suffix.lower() == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return _from_arrays(dict(file))
        return _from_official(_Unpickler(io.BytesIO(path.read_bytes())).load())
    except UserError:
        raise
    except _CORRUPT as error:
        if isinstance(error, pickle.UnpicklingError) and "." in str(error) and " " not in str(error):
            raise UserError(
                f"The motion template {path} asks for {error}, which a motion has no use for, and was not loaded.",
                "It may be an attack; get the template from somewhere else.",
            ) from error
        raise UserError(f"{path} is damaged or no motion template.", "Make it again from its video.") from error


def write_template(path: str | Path, template: Template) -> None:
    """`.npz`, or `.pkl` for LivePortrait's own tools; the file appears when it is whole."""
    path = Path(path)
    if path.suffix.lower() not in (".npz", ".pkl"):
        raise UserError(f"The motion template {path} does not end in .npz or .pkl.", "Give a name such as motion.npz.")
    with replacing(path) as part, part.open("wb") as file:
        if path.suffix.lower() == ".npz":
            np.savez(file, **_arrays(template))  # pyright: ignore[reportArgumentType]
        else:
            pickle.dump(_official(template), file, protocol=4)


def _from_official(raw: Any) -> Template:
    motion = raw["motion"]
    if not isinstance(motion, list) or not motion:
        raise ValueError("no frames")
    parts = {}
    for name, shape in _SHAPES.items():
        rows = [np.asarray(m[name] if name in m else m[f"{name}_d"], np.float32).reshape(shape) for m in motion]
        parts[name] = torch.from_numpy(np.stack(rows))
    eyes, lips = (raw.get(f"c_{part}_lst", raw.get(f"c_d_{part}_lst")) for part in ("eyes", "lip"))
    kp = [np.asarray(m["kp"], np.float32).reshape(KEY_POINTS, 3) for m in motion if "kp" in m]
    canonical = torch.from_numpy(np.stack(kp)) if len(kp) == len(motion) else torch.zeros(len(motion), KEY_POINTS, 3)
    return _checked(
        Frames(canonical, parts["R"], parts["exp"], parts["t"], parts["scale"]),
        Fraction(raw.get("output_fps", _DEFAULT_FPS)).limit_denominator(1001), _ratios(eyes, 2), _ratios(lips, 1),
    )  # fmt: skip


def _from_arrays(file: dict[str, np.ndarray]) -> Template:
    names = ("canonical", "rotation", "expression", "translation", "scale")
    frames = Frames(*(torch.from_numpy(file[name].astype(np.float32)) for name in names))
    ratios = (torch.from_numpy(file[name]) if name in file else None for name in ("eye_ratios", "lip_ratios"))
    return _checked(frames, Fraction(int(file["fps"][0]), int(file["fps"][1])), *ratios)


def _checked(frames: Frames, fps: Fraction, eyes: Tensor | None, lips: Tensor | None) -> Template:
    count = len(frames.scale_t1)
    shapes = ((KEY_POINTS, 3), (3, 3), (KEY_POINTS, 3), (3,), (1,))
    for value, shape in zip(vars(frames).values(), shapes, strict=True):
        if value.shape != (count, *shape) or not torch.isfinite(value).all():
            raise ValueError("a motion of other shapes, or not finite")
    if fps <= 0 or any(x is not None and len(x) != count for x in (eyes, lips)):
        raise ValueError("fps or ratios that do not fit")
    return Template(frames, fps, eyes, lips)


def _ratios(rows: list[Any] | None, width: int) -> Tensor | None:
    if not rows:
        return None
    return torch.from_numpy(np.stack([np.asarray(row, np.float32).reshape(width) for row in rows]))


def _arrays(template: Template) -> dict[str, np.ndarray]:
    f = template.frames
    out = {
        "canonical": f.canonical_tk3, "rotation": f.rotation_t33, "expression": f.expression_tk3,
        "translation": f.translation_t3, "scale": f.scale_t1,
        "eye_ratios": template.eye_ratios_t2, "lip_ratios": template.lip_ratios_t1,
    }  # fmt: skip
    arrays = {name: value.numpy() for name, value in out.items() if value is not None}
    return arrays | {"fps": np.array(template.fps.as_integer_ratio())}


def _official(template: Template) -> dict[str, Any]:
    f = template.frames
    x = f.keypoints()
    out: dict[str, Any] = {
        "n_frames": len(f.scale_t1),
        "output_fps": round(float(template.fps)),
        "motion": [
            {
                "scale": f.scale_t1[i : i + 1].numpy(), "R": f.rotation_t33[i : i + 1].numpy(),
                "exp": f.expression_tk3[i : i + 1].numpy(), "t": f.translation_t3[i : i + 1].numpy(),
                "kp": f.canonical_tk3[i : i + 1].numpy(), "x_s": x[i : i + 1].numpy(),
            }
            for i in range(len(f.scale_t1))
        ],
    }  # fmt: skip
    for name, ratios in (("c_eyes_lst", template.eye_ratios_t2), ("c_lip_lst", template.lip_ratios_t1)):
        if ratios is not None:
            out[name] = [row[None].numpy() for row in ratios]
    return out
