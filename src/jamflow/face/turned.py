"""How a picture must be turned so that the people in it are upright.

To the networks a face upside down is a face too, with a mouth on its forehead, but a less likely one.
"""

import cv2
import numpy as np

from jamflow.face.tracker import FaceTracker

# Best scores of the detector on pictures of people: upright 0.90 to 0.98, sideways up to 0.91, upside down up to 0.82. In each of
# them, upright is ahead by 0.04 or more.
_UPRIGHT, _LIKELY, _AHEAD = 0.93, 0.88, 0.03
_SIDES_PX = (480, 640)  # of the longer side; the larger one, which takes five times as long, is for small faces
_FACE_PX = 150  # too small for tiles


def quarter_turns(rgb: np.ndarray, tracker: FaceTracker) -> int | None:
    """Quarter turns counter-clockwise, 0 to 3, that set the people in an (H, W, 3) uint8 picture upright; None: not sure."""
    for side in _SIDES_PX:
        small = _reduced(rgb, side)
        if _score(small, tracker) >= _UPRIGHT:
            return 0
        turn = _likeliest(small, tracker)
        if turn == 0 or (turn is not None and _likeliest(_face(np.rot90(small, turn), tracker), tracker) == 0):
            return turn
    return None


def upright(rgb: np.ndarray, tracker: FaceTracker) -> tuple[np.ndarray, list[str]]:
    """An (H, W, 3) uint8 portrait with the people in it upright, and a warning for the user where it was turned."""
    turn = quarter_turns(rgb, tracker)
    if not turn:
        return rgb, []
    warning = f"The people in the picture are not upright: it was turned by {90 * turn} degrees."
    return np.ascontiguousarray(np.rot90(rgb, turn)), [warning]


def _likeliest(rgb: np.ndarray, tracker: FaceTracker) -> int | None:
    scores = [_score(np.rot90(rgb, turn), tracker) for turn in range(4)]
    second, first = np.argsort(scores)[2:].tolist()
    return first if scores[first] >= max(_LIKELY, scores[second] + _AHEAD) else None


def _face(rgb: np.ndarray, tracker: FaceTracker) -> np.ndarray:
    """The likeliest face in a picture with one, and as much around it: scores of small faces depend on the detector's tiles."""
    found = max(tracker.detect(np.ascontiguousarray(rgb)), key=lambda detection: detection.score)
    middle = (found.box_xyxy[:2] + found.box_xyxy[2:]) / 2
    (left, top), (right, bottom) = (
        np.clip(middle + by, 0, rgb.shape[1::-1]).astype(int) for by in (-found.size_px, found.size_px)
    )
    return _reduced(rgb[top:bottom, left:right], _FACE_PX)


def _reduced(rgb: np.ndarray, side: int) -> np.ndarray:
    scale = side / max(rgb.shape[:2])
    return rgb if scale >= 1 else cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _score(rgb: np.ndarray, tracker: FaceTracker) -> float:
    return max((found.score for found in tracker.detect(np.ascontiguousarray(rgb))), default=0.0)
