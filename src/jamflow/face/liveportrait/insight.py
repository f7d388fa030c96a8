"""Landmarks by InsightFace, as in the official code. Opt-in, because its models are for non-commercial research only.

Shapes: N faces, 2 = x right, y down in pixels of the picture.
"""

from typing import Any

import numpy as np

from jamflow.errors import UserError
from jamflow.face.tracker import Face
from jamflow.weights.fetch import require

_SIDE_PX, _THRESHOLD = 512, 0.15  # as in the official command line


class InsightFace106:
    """A landmark source: 106 points of the detected face nearest to the chosen one."""

    def __init__(self, detector: Any, landmarks: Any):
        """Models of the package insightface: `detect` finds boxes (N, 5), `get` finds the landmarks in a box."""
        self._detector, self._landmarks = detector, landmarks

    @classmethod
    def load(cls) -> "InsightFace106":
        """Raises UserError if the package or its models are not installed."""
        files = require("insightface")
        try:
            from insightface.model_zoo import get_model  # pyright: ignore[reportMissingImports]
        except ModuleNotFoundError as error:
            raise UserError("InsightFace is not installed.", "Run: pip install 'jamflow[insightface]'") from error
        detector, landmarks = (get_model(str(path), providers=["CPUExecutionProvider"]) for path in files.values())
        if detector is None or landmarks is None:
            raise UserError("InsightFace does not know its models' files.", "Run: jamflow weights verify")
        detector.prepare(ctx_id=-1, det_thresh=_THRESHOLD, input_size=(_SIDE_PX, _SIDE_PX))
        return cls(detector, landmarks)

    def __call__(self, rgb: np.ndarray, face: Face) -> np.ndarray:
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        boxes = self._detector.detect(bgr)[0][:, :4]
        if not len(boxes):
            raise UserError("InsightFace finds no face in the picture.", "Use the landmarks of the mesh.")
        wanted = face.mesh_v3[:, :2].mean(0)
        nearest = boxes[np.linalg.norm(boxes.reshape(-1, 2, 2).mean(1) - wanted, axis=1).argmin()]
        return np.asarray(self._landmarks.get(bgr, _Box(nearest)), np.float64)


class _Box(dict):
    """The face object that `get` reads and writes."""

    def __init__(self, bbox: np.ndarray):
        super().__init__()
        self.bbox = bbox
