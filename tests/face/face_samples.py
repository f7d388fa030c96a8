"""Pictures and expressions that several face tests use."""

from pathlib import Path

import cv2
import numpy as np

from jamflow.face.mesh import space


def read_rgb(path: Path) -> np.ndarray:
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])


def mouth(opening_cm: float, width_cm: float = 0.0, protrusion_cm: float = 0.0) -> np.ndarray:
    """(21, 3) expression whose inner lips are ``opening_cm`` apart."""
    e_m3 = np.zeros((6, 3))
    e_m3[space.CORNER_RIGHT, 0], e_m3[space.CORNER_LEFT, 0] = -width_cm / 2, width_cm / 2
    e_m3[space.INNER_UPPER, 1], e_m3[space.OUTER_UPPER, 1] = 0.12 * opening_cm, 0.1 * opening_cm
    e_m3[space.INNER_LOWER, 1], e_m3[space.OUTER_LOWER, 1] = -0.88 * opening_cm, -0.85 * opening_cm
    e_m3[:, 2] = protrusion_cm
    return space.follow_mouth(e_m3[None])[0]
