"""Whether something is in front of a mouth: a hand, a microphone, a mask, a title.

The landmark network does not tell: it imagines a mouth behind whatever covers it. So the picture is asked. Lips are rows of light
and dark that run from corner to corner, and they are not less red than the skin of the same face. In a video, the colours around
a mouth are also compared with what they are in most of the shot. docs/decisions.md says how the limits were chosen.

Shapes: T frames of a shot, V vertices around the mouth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face import topology as topo
from jamflow.face.tracker import Face

_HEIGHT_PX = 100.0  # faces are looked at in this size, or smaller
_AROUND = 0.85  # of the face's height, on each side of its middle
_BLUR_PX = 0.8
_DARK = 12.0  # added to colours, of 255: the noise of dark pixels is no change

# Outer lips and the skin around them, not the inside of the mouth; and the upper face, which tells the light.
_MOUTH = np.array(
    [*topo.UPPER_LIP_OUTER, *topo.LOWER_LIP_OUTER[1:-1], 2, 164, 18, 200, 199, 175, 57, 287, 43, 273, 106, 335, 92, 322]
)
_UPPER = np.array([151, 9, 8, 168, 6, 107, 336, 69, 299, 50, 280, 101, 330])
_LIPS = [
    (np.array(inner[2:9]), np.array(outer[2:9]))
    for inner, outer in ((topo.UPPER_LIP_INNER, topo.UPPER_LIP_OUTER), (topo.LOWER_LIP_INNER, topo.LOWER_LIP_OUTER))
]

# Rows across the lips: 0 is the upper edge of the upper lip, 1 the lower edge of the lower one. Columns run between the corners.
_ROWS, _COLUMNS = np.linspace(-0.3, 1.3, 33), np.linspace(0.15, 0.85, 15)
_UPPER_LIP, _BETWEEN, _LOWER_LIP = (np.abs(_ROWS - middle) < reach for middle, reach in ((0.2, 0.15), (0.5, 0.3), (0.8, 0.15)))
_BETWEEN_COUNTS = 0.7

# Logarithms of light; 0.1 is 10 %.
_LEAST_LINES, _LEAST_RED = 0.095, -0.12
_CHANGED = 0.25
# Share of the vertices whose colours are others than usual: alone; with lines fainter than this share of the usual ones, because
# light and turned heads change colours, but not the lips; and next to covered frames.
_CHANGED_SHARE, _CHANGED_IF_FAINT, _FAINT, _CHANGED_NEXT = 0.8, 0.4, 0.5, 0.25
_FEW_WITH_LIPS = 0.2  # of the frames with a face: what these look like may be by chance

_YAW_MAX_DEG = 40.0  # beyond it, half of the lips are not seen

# Frames at about 25 a second. What is shorter is noise; frames around are about to be covered, or show a gap between fingers.
_SHORT_FRAMES, _AROUND_FRAMES = 3, 2


@dataclass(frozen=True, slots=True)
class MouthLook:
    """What was seen around one mouth.

    Attributes:
        lines: how clearly light and dark run along the lips; about 0.25, and under 0.1 where there are none.
        red: how much redder the lips are than the upper face, as the logarithm of red over green; about 0.15.
        colours_v3: (V, 3) float16 logarithms of the colours around the mouth, relative to the upper face.
    """

    lines: float
    red: float
    colours_v3: np.ndarray

    def lipless(self, of_skin: bool = True) -> bool:
        """Whether no lips are seen where they should be. Fur and paint are not `of_skin`: there, colours tell nothing."""
        return self.lines < _LEAST_LINES or (of_skin and self.red < _LEAST_RED)


def mouth_look(rgb: np.ndarray, face: Face) -> MouthLook:
    """Looks at the mouth of a face in an (H, W, 3) uint8 RGB picture."""
    small, points = _small(rgb, face)
    upper, mouth = (np.log(_at(small, points[some])) for some in (_UPPER, _MOUTH))
    lips = np.log(_at(small, np.concatenate([(points[inner] + points[outer]) / 2 for inner, outer in _LIPS])))
    red = np.median(lips[:, 0] - lips[:, 1]) - np.median(upper[:, 0] - upper[:, 1])
    return MouthLook(_lines(small, points), float(red), (mouth - np.median(upper, axis=0)).astype(np.float16))


def covered(looks_t: Sequence[MouthLook | None], yaw_t: np.ndarray) -> np.ndarray:
    """(T,) bool: whether the mouth is covered in the frames of a shot.

    Args:
        looks_t: None in a frame without a face; the mouth does not count as covered there.
        yaw_t: (T,) degrees that the head is turned. Nor does it where it is turned far away.
    """
    looks = {t: look for t, look in enumerate(looks_t) if look is not None and abs(yaw_t[t]) < _YAW_MAX_DEG}
    seen_t, sure_t, next_t = np.zeros((3, len(looks_t)), bool)
    if not looks:
        return seen_t
    seen_t[list(looks)] = True
    sure_t[seen_t], next_t[seen_t] = _judged(list(looks.values()))
    sure_t = _without_short(sure_t, _SHORT_FRAMES)
    out_t = np.zeros_like(seen_t)
    for start, end in _runs(sure_t | next_t):
        out_t[start:end] = sure_t[start:end].any()
    return _wider(out_t, _AROUND_FRAMES) & seen_t


def _judged(looks: list[MouthLook]) -> tuple[np.ndarray, np.ndarray]:
    """Each mouth by itself: whether it is covered, and whether it is if it is next to a covered one."""
    lipless = np.array([look.lipless() for look in looks])
    lines, colours = np.array([look.lines for look in looks]), np.stack([look.colours_v3 for look in looks])
    usual = np.ones_like(lipless) if lipless.mean() > 1 - _FEW_WITH_LIPS else ~lipless
    changed = (np.abs(colours - np.median(colours[usual], axis=0)).max(2) > _CHANGED).mean(1)
    faint = lines < _FAINT * np.median(lines[usual])
    return lipless | (changed > _CHANGED_SHARE) | (faint & (changed > _CHANGED_IF_FAINT)), changed > _CHANGED_NEXT


def _runs(is_t: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of True: the first, and the one after the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_t.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _without_short(is_t: np.ndarray, frames: int) -> np.ndarray:
    """The same without stretches of True that are shorter."""
    out_t = np.zeros_like(is_t)
    for start, end in _runs(is_t):
        out_t[start:end] = end - start >= frames
    return out_t


def _wider(is_t: np.ndarray, frames: int) -> np.ndarray:
    """The same with so many more frames on both sides of every stretch of True."""
    padded = np.pad(is_t, frames)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * frames + 1).any(1))


def _small(rgb: np.ndarray, face: Face) -> tuple[np.ndarray, np.ndarray]:
    """The face (h, w, 3) float32, blurred a little, its colours raised by `_DARK`; and its landmarks (478, 2) in there."""
    centre, reach = face.mesh_v3[:, :2].mean(0), _AROUND * face.height_px
    limit = np.array(rgb.shape[1::-1])
    low = np.clip(np.floor(centre - reach), 0, limit - 1).astype(int)
    high = np.clip(np.ceil(centre + reach), low + 1, limit).astype(int)
    part, points = rgb[low[1] : high[1], low[0] : high[0]], face.landmarks_l3[:, :2] - low
    scale = _HEIGHT_PX / max(face.height_px, 1.0)
    if scale < 1:
        size = np.maximum(np.rint((high - low) * scale), 1).astype(int)
        part, points = cv2.resize(part, size.tolist(), interpolation=cv2.INTER_AREA), points * (size / (high - low))
    return cv2.GaussianBlur(part.astype(np.float32), (0, 0), _BLUR_PX) + np.float32(_DARK), points


def _at(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(..., C) colours at points (..., 2)."""
    x, y = (np.ascontiguousarray(points[..., axis].reshape(1, -1), np.float32) for axis in (0, 1))
    out = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return out.reshape(*points.shape[:-1], *picture.shape[2:])


def _lines(small: np.ndarray, points: np.ndarray) -> float:
    """See `MouthLook`: how much rows differ from each other, and how dark or, with teeth, how light it is between the lips."""
    upper, lower = (_along(points[list(edge)]) for edge in (topo.UPPER_LIP_OUTER, topo.LOWER_LIP_OUTER))
    grid = upper + _ROWS[:, None, None] * (lower - upper)
    light = np.log(_at(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), grid))
    lips = (light[_UPPER_LIP].mean(0) + light[_LOWER_LIP].mean(0)) / 2
    between = light[_BETWEEN]
    apart = max(np.median(lips - between.min(0)), np.median(between.max(0) - lips))
    return float(light.mean(1).std() + _BETWEEN_COUNTS * apart)


def _along(edge: np.ndarray) -> np.ndarray:
    """(columns, 2) points on an edge of the lips, from corner to corner."""
    places = np.linspace(0, 1, len(edge))
    return np.stack([np.interp(_COLUMNS, places, edge[:, axis]) for axis in (0, 1)], axis=1)
