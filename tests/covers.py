"""Things in front of a mouth, drawn: a hand, a microphone, a mask. Sizes are shares of the face's height."""

import cv2
import numpy as np

from jamflow.face.topology import JAW_LINE
from jamflow.face.tracker import Face

_NOSE_AND_CHEEKS = (361, 330, 195, 101, 132)
BLUE, WHITE, BLACK = (120, 160, 205), (228, 228, 225), (28, 28, 30)


def with_hand(rgb: np.ndarray, face: Face, away: float = 0.0) -> np.ndarray:
    """Four fingers aslant across the mouth, of the colour of the cheeks; `away` lower."""
    skin = np.median([_colour(rgb, face, vertex) for vertex in (50, 280, 101, 330)], axis=0)
    out = _lines(rgb, face, [((0.5, -0.3), (0.25, -0.05), 0.4)], 0.95 * skin, away)
    fingers = [((0.4, 0.24 - 0.09 * k), (-0.26, 0.0 - 0.09 * k)) for k in range(4)]
    for start, end in fingers:
        out = _lines(out, face, [(start, end, 0.1)], 0.75 * skin, away)
        out = _lines(out, face, [(start, end, 0.07)], 0.97 * skin, away)
    return out


def with_microphone(rgb: np.ndarray, face: Face, away: float = 0.0) -> np.ndarray:
    """A grey ball with a handle, from below."""
    out = _lines(rgb, face, [((0.1, -0.9), (0.0, -0.05), 0.12)], np.array([30, 30, 32]), away)
    out = _lines(out, face, [((0.0, -0.05), (0.0, -0.05), 0.34)], np.array([50, 50, 54]), away)
    return _lines(out, face, [((-0.05, 0.02), (-0.05, 0.02), 0.1)], np.array([90, 90, 94]), away)


def with_mask(rgb: np.ndarray, face: Face, colour: tuple[int, int, int] = BLUE) -> np.ndarray:
    """A surgical mask with pleats."""
    at = face.landmarks_l3[[*JAW_LINE, *_NOSE_AND_CHEEKS], :2]
    out = cv2.fillPoly(rgb.copy(), [np.rint(at).astype(np.int32)], colour)
    pleats = [((-0.25, up), (0.25, up), 0.012) for up in (-0.12, 0.0, 0.12)]
    return _lines(out, face, pleats, 0.8 * np.array(colour), 0.0)


def _lines(rgb: np.ndarray, face: Face, lines: list, colour: np.ndarray, away: float) -> np.ndarray:
    """Thick lines with round ends: (start, end, width) in the face's own right and up, from the middle of the mouth."""
    points = face.landmarks_l3[:, :2]
    up = points[10] - points[152]
    right, mouth = np.array([-up[1], up[0]]), points[[13, 14, 61, 291]].mean(0) - away * up
    layer = np.zeros(rgb.shape[:2], np.uint8)
    for start, end, width in lines:
        a, b = (tuple(np.rint(mouth + x * right + y * up).astype(int).tolist()) for x, y in (start, end))
        cv2.line(layer, a, b, 255, max(1, round(width * float(np.linalg.norm(up)))), cv2.LINE_AA)
    share = layer[..., None] / 255.0
    return np.rint(rgb * (1 - share) + np.clip(colour, 0, 255) * share).astype(np.uint8)


def _colour(rgb: np.ndarray, face: Face, vertex: int) -> np.ndarray:
    x, y = np.rint(face.landmarks_l3[vertex, :2]).astype(int)
    return rgb[y - 2 : y + 3, x - 2 : x + 3].mean((0, 1))
