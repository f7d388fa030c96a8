"""Samples pictures and grids at fractional positions; edge values are repeated beyond the edge."""

import cv2
import numpy as np

# cv2.remap counts rows and columns in 16 bits.
_REMAP_MAX = 32_000


def remap(image_hwc: np.ndarray, at_hw2: np.ndarray, cubic: bool = False) -> np.ndarray:
    """The image, of up to four channels, sampled at float32 (x, y) positions, bilinearly unless ``cubic``."""
    interpolation = cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
    return cv2.remap(image_hwc, at_hw2, None, interpolation, borderMode=cv2.BORDER_REPLICATE)  # type: ignore


def mixed(below: np.ndarray, above: np.ndarray, weight_hw: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: two pictures of this kind, the second one with a float32 weight from 0 to 1."""
    return cv2.blendLinear(above, below, weight_hw, 1 - weight_hw)


def sample(grid_hwc: np.ndarray, points_n2: np.ndarray) -> np.ndarray:
    """Bilinear samples (N, C) of a grid of up to four channels at (column, row) positions."""
    points = np.ascontiguousarray(points_n2, np.float32).reshape(1, -1, 2)
    starts = range(0, points.shape[1], _REMAP_MAX)
    parts = [remap(grid_hwc, points[:, start : start + _REMAP_MAX]) for start in starts]
    return np.concatenate(parts, axis=1).reshape(points.shape[1], -1)


def smoothstep(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth in between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)
