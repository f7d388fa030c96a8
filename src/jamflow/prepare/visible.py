"""Whether the mouth of a face is covered: by a hand, a microphone, a title.

The landmark network does not tell: it imagines a mouth behind whatever covers it. So the colours around the mouth are compared
with what they are in most of the shot. What covers a mouth all the time is not seen here; such lips do not move with the sound.

Shapes: T frames, V vertices around the mouth.
"""

import numpy as np

from jamflow.face import topology as topo
from jamflow.face.tracker import Face

# Outer lips and the skin around them, not the inside of the mouth; and the upper face, which tells the light.
_MOUTH = np.array(
    [*topo.UPPER_LIP_OUTER, *topo.LOWER_LIP_OUTER[1:-1], 2, 164, 18, 200, 199, 175, 57, 287, 43, 273, 106, 335, 92, 322]
)
_UPPER = np.array([151, 9, 8, 168, 6, 107, 336, 69, 299, 50, 280, 101, 330])
_DARK = 16.0  # added to colours, of 255: the noise of dark pixels is no change
_CHANGED = 0.25  # of the logarithm of a colour
_COVERED_SHARE = 0.45


def mouth_colours(rgb: np.ndarray, face: Face) -> np.ndarray:
    """(V, 3) float32 logarithms of the colours around the mouth, relative to the upper face of the same frame."""
    height, width = rgb.shape[:2]
    at = np.rint(face.mesh_v3[:, :2]).astype(int)
    x, y = at[:, 0].clip(0, width - 1), at[:, 1].clip(0, height - 1)
    upper, mouth = (np.log(rgb[y[some], x[some]].astype(np.float32) + _DARK) for some in (_UPPER, _MOUTH))
    return mouth - np.median(upper, axis=0)


def covered(colours_tv3: np.ndarray) -> np.ndarray:
    """(T,) bool, from the colours of all frames of a shot; frames without a face are NaN and not covered."""
    seen = np.isfinite(colours_tv3[:, 0, 0])
    out = np.zeros(len(colours_tv3), bool)
    if seen.any():
        usual = np.median(colours_tv3[seen], axis=0)
        changed = np.abs(colours_tv3[seen] - usual).max(2) > _CHANGED
        out[seen] = changed.mean(1) > _COVERED_SHARE
    return out
