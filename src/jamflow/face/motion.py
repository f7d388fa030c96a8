"""Facial motion, as trackers, models and renderers share it: 21 key points on a face.

A face is ``X = s (x_c R + e) + t``: the canonical key points ``x_c`` of a person, turned by the head rotation ``R``, deformed by
the expression ``e``, scaled by ``s`` and moved by ``t`` (JAM-Flow section 3.1, after LivePortrait).
A *motion* is everything that changes over time: ``e``, ``R``, ``t``, ``s``.

Shapes: T frames, K key points (21), M mouth key points, 3 = x right, y up, z towards the viewer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class MotionSpace:
    """The key points of a renderer, in three groups.

    The model generates ``mouth`` and is conditioned on ``clue`` (the paper's ``e_rest``). ``follow`` is neither: the jaw moves
    with the mouth, so as a condition it would give the answer away. The groups are disjoint and cover all key points.
    """

    name: str
    n_keypoints: int
    mouth: tuple[int, ...]
    clue: tuple[int, ...]
    follow: tuple[int, ...] = ()
    unit: str = "cm"


@dataclass(frozen=True)
class Rest:
    """The face of a tracked person at rest.

    expression_k3: (K, 3); rotation_3: pitch, yaw, roll in degrees; translation_3; scale. Units as in `Motion`.
    """

    expression_k3: np.ndarray
    rotation_3: np.ndarray
    translation_3: np.ndarray
    scale: float


@dataclass(frozen=True)
class Motion:
    """A clip of facial motion in the key points and units of one motion space.

    Attributes:
        expression_tk3: (T, K, 3) float32, in the space's unit.
        rotation_t3: (T, 3) float32, head pitch, yaw, roll in degrees.
        translation_t3: (T, 3) float32, in the space's unit.
        scale_t: (T,) float32.
        fps: frames per second, exact.
        rest: the moving person's face at rest, which relative transfer subtracts. None means zero and scale 1: the motion is
            relative to rest already.
        eyes_t2: (T, 2) float32 opening over width of both eyes; None if unknown.
        lips_t1: (T, 1) float32 opening over width of the inner lips; None if unknown.
        speaking_t1: (T, 1) float32 how much the person speaks, from 0 (a pause) to 1; None if unknown.
    """

    expression_tk3: np.ndarray
    rotation_t3: np.ndarray
    translation_t3: np.ndarray
    scale_t: np.ndarray
    fps: Fraction
    rest: Rest | None = None
    eyes_t2: np.ndarray | None = None
    lips_t1: np.ndarray | None = None
    speaking_t1: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.expression_tk3)

    def rows(self, index: np.ndarray) -> "Motion":
        """The frames that an index or a mask selects, in its order."""
        values = {name: getattr(self, name) for name in _PER_FRAME}
        return replace(self, **{name: x[index] for name, x in values.items() if x is not None})


def joined(parts: Sequence[Motion]) -> Motion:
    """Concatenates motions. What may be unknown is kept if every part has it."""
    columns = {name: [getattr(part, name) for part in parts] for name in _PER_FRAME}
    whole = {name: None if any(x is None for x in column) else np.concatenate(column) for name, column in columns.items()}
    return replace(parts[0], **whole)


_PER_FRAME = ("expression_tk3", "rotation_t3", "translation_t3", "scale_t", "eyes_t2", "lips_t1", "speaking_t1")

Region = Literal["all", "exp", "pose", "lip", "eyes"]


@dataclass(frozen=True)
class Transfer:
    """How a driving motion is applied to a source face.

    relative: apply the change of the driving person from rest; otherwise the driving pose and expression themselves.
    region: what is applied: "all", expression, pose, lips or eyes; everything else stays the source's own.
    multiplier: strength; 1 moves as much as the driving person, 2 twice as much.
    """

    relative: bool = True
    region: Region = "all"
    multiplier: float = 1.0
