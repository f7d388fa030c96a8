"""Landmarks for cropping faces: from the face mesh, or from LivePortrait's own network.

The official code finds faces with InsightFace models, which are for non-commercial research only. This module does not need
them. The network for 203 points is LivePortrait's own (MIT).

Shapes: N landmarks, 2 = x right, y down in pixels of the picture.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from jamflow.errors import UserError
from jamflow.face.liveportrait.crop import crop, face_box
from jamflow.face.tracker import Face
from jamflow.media.files import existing_file

# (H, W, 3) uint8 RGB and the face in it to (N, 2) landmarks, a set that `crop.face_box` supports.
LandmarkSource = Callable[[np.ndarray, Face], np.ndarray]

_SIZE_PX, _SCALE, _SHIFT_Y = 224, 1.5, -0.1


def from_mesh(rgb: np.ndarray, face: Face) -> np.ndarray:
    """The 478 landmarks of the face tracker."""
    return face.landmarks_l3[:, :2]


class Official203:
    """LivePortrait's `landmark.onnx`: 203 points, in a crop around the face mesh."""

    def __init__(self, session: Any):
        """session: an `onnxruntime.InferenceSession`."""
        self._session = session
        self._input = session.get_inputs()[0].name

    @classmethod
    def load(cls, path: str | Path) -> "Official203":
        """Raises UserError if the file is missing or is not this network."""
        import onnxruntime

        path = existing_file(path, "landmark network")
        try:
            return cls(onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]))
        except Exception as error:  # onnxruntime has a dozen of them, without a base class
            raise UserError(f"{path} is damaged or no ONNX network.", "Get LivePortrait's landmark.onnx again.") from error

    def __call__(self, rgb: np.ndarray, face: Face) -> np.ndarray:
        to_crop = face_box(from_mesh(rgb, face), _SCALE, _SHIFT_Y).matrix(_SIZE_PX)
        seen = crop(rgb, to_crop, _SIZE_PX).astype(np.float32) / 255
        outputs = self._session.run(None, {self._input: seen.transpose(2, 0, 1)[None]})
        points = outputs[2].reshape(-1, 2).astype(np.float64) * _SIZE_PX
        back = np.linalg.inv(to_crop)
        return points @ back[:2, :2].T + back[:2, 2]
