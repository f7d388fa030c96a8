"""The gap between two lips in a picture, as a place that can be compared with other gaps.

Coordinates: u from 0 at the mouth's corner on the picture's left to 1 at the other, v from 0 at the upper lip to 1 at the lower.

Shapes: S points of an edge, N pixels; 2 = xy in pixels.
"""

from dataclasses import dataclass

import numpy as np

_LEAST_PX = 1.0
_FINE = 64


@dataclass(frozen=True)
class Gap:
    """Make it with `gap_between`.

    Attributes:
        origin_2, axes_22: unit vectors along the line of the corners and across it (downwards), and where both are 0.
        along_s: places along the line, from corner to corner.
        upper_s, lower_s: where the lips' edges are across it.
    """

    origin_2: np.ndarray
    axes_22: np.ndarray
    along_s: np.ndarray
    upper_s: np.ndarray
    lower_s: np.ndarray

    @property
    def height_px(self) -> float:
        """Where it is widest open."""
        return float(max(0.0, (self.lower_s - self.upper_s).max()))

    @property
    def width_px(self) -> float:
        return float(self.along_s[-1] - self.along_s[0])

    def inside(self, points_n2: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(N,) u and v, and how high the gap is there, pixels."""
        along, across = ((points_n2 - self.origin_2) @ self.axes_22.T).T
        upper, lower = np.interp(along, self.along_s, self.upper_s), np.interp(along, self.along_s, self.lower_s)
        height = np.maximum(lower - upper, 0)
        u = (along - self.along_s[0]) / max(self.width_px, _LEAST_PX)
        return u, (across - upper) / np.maximum(height, _LEAST_PX), height

    def points(self, u_n: np.ndarray, v_n: np.ndarray, margin_px: float = 0.0) -> np.ndarray:
        """(N, 2) the places of u and v, the latter kept `margin_px` away from both lips as far as there is room."""
        along = self.along_s[0] + u_n * self.width_px
        upper, lower = np.interp(along, self.along_s, self.upper_s), np.interp(along, self.along_s, self.lower_s)
        height = lower - upper
        margin = np.minimum(margin_px, np.maximum(height, 0) * 0.4)
        across = np.clip(upper + v_n * height, upper + margin, np.maximum(lower - margin, upper + margin))
        return np.c_[along, across] @ self.axes_22 + self.origin_2


def gap_between(upper_s2: np.ndarray, lower_s2: np.ndarray) -> Gap:
    """From the edges of both lips, each from the picture's left to its right."""
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
