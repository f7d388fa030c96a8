"""Lightens the shadows in the corners of a parted mouth.

An open smile shows dark corners, wider than the landmarks' gap. Left in the texture of the lips, they would stay as dark wedges
when the lips close or round.
"""

import numpy as np

from jamflow.face.mesh.light import luma
from jamflow.face.mesh.lips import LipCut
from jamflow.face.mesh.sampling import smoothstep
from jamflow.face.mesh.warp import grid_points

# Nearer to a corner than the first distance, nothing stays darker than this share of the lips; beyond the second, all stays.
_FULL_CM, _END_CM = 0.6, 1.4
_LEAST_LIGHT = 0.7
_BLEND = 0.5


def without_shadows(rgb: np.ndarray, corners_22: np.ndarray, lips: LipCut, lip_rgb: np.ndarray, scale_px: float) -> np.ndarray:
    """(H, W, 3) uint8 the picture with lighter corners of the mouth; the same array if the lips are closed.

    corners_22: the mouth's corners, pixels. lip_rgb: colour of the lips.
    """
    if not lips.parted:
        return rgb
    height, width = rgb.shape[:2]
    pixels = grid_points(np.zeros(2), 1, (height, width))
    away_cm = np.linalg.norm(pixels[:, None] - corners_22, axis=-1).min(1).reshape(height, width) / scale_px
    least_rgb = _LEAST_LIGHT * lip_rgb
    darker = 1 - luma(rgb) / luma(least_rgb)
    share = smoothstep(darker / _BLEND) * smoothstep((_END_CM - away_cm) / (_END_CM - _FULL_CM))
    return (rgb + share[..., None] * (least_rgb - rgb) + 0.5).astype(np.uint8)
