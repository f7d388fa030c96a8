"""The gap between the lips in a picture, with coordinates that map one gap to another.

Coordinates: u from 0 at the left corner of the mouth in the picture to 1 at the right, v from 0 at the upper lip to 1 at the
lower.

Shapes: S points of an edge, N pixels; 2 = xy in pixels.
"""

from dataclasses import dataclass

import numpy as np

_LEAST_PX = 1.0
_FINE = 64


@dataclass(frozen=True)
class Gap:
    """The gap; `gap_between` makes it.

    Attributes:
        origin_2: the left corner.
        axes_22: rows are the unit vectors along the line of the corners and across it (downwards).
        along_s: positions along the line, from corner to corner, pixels.
        upper_s, lower_s: heights of the lips' edges at these positions, pixels, positive downwards.
    """

    origin_2: np.ndarray
    axes_22: np.ndarray
    along_s: np.ndarray
    upper_s: np.ndarray
    lower_s: np.ndarray

    @property
    def height_px(self) -> float:
        """Largest height of the gap."""
        return float(max(0.0, (self.lower_s - self.upper_s).max()))

    @property
    def width_px(self) -> float:
        return float(self.along_s[-1] - self.along_s[0])

    def inside(self, points_n2: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(N,) u, v, and the height of the gap there in pixels."""
        along, across = ((points_n2 - self.origin_2) @ self.axes_22.T).T
        upper, lower = np.interp(along, self.along_s, self.upper_s), np.interp(along, self.along_s, self.lower_s)
        height = np.maximum(lower - upper, 0)
        u = (along - self.along_s[0]) / max(self.width_px, _LEAST_PX)
        return u, (across - upper) / np.maximum(height, _LEAST_PX), height

    def points(self, u_n: np.ndarray, v_n: np.ndarray, margin_px: float = 0.0) -> np.ndarray:
        """(N, 2) pixels at u and v, kept `margin_px` away from both lips where there is room."""
        along = self.along_s[0] + u_n * self.width_px
        upper, lower = np.interp(along, self.along_s, self.upper_s), np.interp(along, self.along_s, self.lower_s)
        height = lower - upper
        margin = np.minimum(margin_px, np.maximum(height, 0) * 0.4)
        across = np.clip(upper + v_n * height, upper + margin, np.maximum(lower - margin, upper + margin))
        return np.c_[along, across] @ self.axes_22 + self.origin_2


def gap_between(upper_s2: np.ndarray, lower_s2: np.ndarray) -> Gap:
    """The gap between the edges of both lips, each given from left to right in the picture."""
    left, right = (upper_s2[0] + lower_s2[0]) / 2, (upper_s2[-1] + lower_s2[-1]) / 2
    along = (right - left) / max(float(np.linalg.norm(right - left)), 1e-6)
    axes = np.array([along, [-along[1], along[0]]])
    places = np.linspace(0, float(np.linalg.norm(right - left)), _FINE)
    edges = []
    for points in (upper_s2, lower_s2):
        local = (points - left) @ axes.T
        order = np.argsort(local[:, 0])
        edges.append(np.interp(places, local[order, 0], local[order, 1]))
    return Gap(left, axes, places, edges[0], np.maximum(edges[0], edges[1]))
