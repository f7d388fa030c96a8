"""Contours of lips and lids, and soft mattes along them.

Shapes: S points of a contour, N pixels; 2 = xy in frame pixels.
"""

from dataclasses import dataclass

import numpy as np

_EDGE_PX = 1.0
# There is nothing to cut beyond the corners, so the two sides blend more softly with distance.
_SOFTENING = 0.5
_FINE = 8


@dataclass(frozen=True)
class Contour:
    """A contour from corner to corner, as heights over the line through the corners.

    Attributes:
        origin_2: the first corner.
        axes_22: rows are the unit vectors along the line of the corners and across it (downwards).
        along_s: positions along the line, pixels.
        across_s: heights at these positions, pixels, positive downwards.
    """

    origin_2: np.ndarray
    axes_22: np.ndarray
    along_s: np.ndarray
    across_s: np.ndarray

    def points(self) -> np.ndarray:
        """(S, 2) frame points of the contour."""
        return np.c_[self.along_s, self.across_s] @ self.axes_22 + self.origin_2

    def local(self, points_n2: np.ndarray) -> np.ndarray:
        """(N, 2) along and across coordinates of frame points."""
        return _turned(points_n2 - self.origin_2, self.axes_22)

    def height(self, along_n: np.ndarray) -> np.ndarray:
        """Height of the contour at positions along the line; constant beyond the corners."""
        return np.interp(along_n, self.along_s, self.across_s)

    def below(self, points_n2: np.ndarray) -> np.ndarray:
        """(N,) signed distance in pixels, positive below the contour."""
        along, across = self.local(points_n2).T
        step = 0.5
        slope = (self.height(along + step) - self.height(along - step)) / (2 * step)
        return (across - self.height(along)) / np.sqrt(1 + slope**2)

    def beyond(self, points_n2: np.ndarray) -> np.ndarray:
        """(N,) distance beyond the nearer corner along the line, pixels; zero between the corners."""
        along = self.local(points_n2)[:, 0]
        return np.maximum(0, np.maximum(self.along_s[0] - along, along - self.along_s[-1]))

    def shifted(self, down_px: float) -> "Contour":
        """The contour moved down by `down_px`, less towards its corners, which stay fixed."""
        place = (self.along_s - self.along_s[0]) / (self.along_s[-1] - self.along_s[0])
        return self.displaced(down_px * np.clip(8 * place * (1 - place), 0, 1))

    def displaced(self, down_a: np.ndarray) -> "Contour":
        """The contour moved down by `down_a` pixels at each of its positions."""
        return Contour(self.origin_2, self.axes_22, self.along_s, self.across_s + down_a)

    def placed(self, times: float, origin_2: np.ndarray) -> "Contour":
        """The contour in a picture enlarged by `times`, with the old one's origin at `origin_2`."""
        return Contour(times * self.origin_2 + origin_2, self.axes_22, times * self.along_s, times * self.across_s)

    def held(self, points_n2: np.ndarray, above: bool, inside_px: float) -> np.ndarray:
        """Moves points on the wrong side of the contour to ``inside_px`` on the right side.

        Beyond the corners, points may lie on the wrong side, by more with distance, so that nothing jumps there.
        """
        local = self.local(points_n2)
        edge = self.height(local[:, 0])
        slack = self.beyond(points_n2) - inside_px
        local[:, 1] = np.minimum(local[:, 1], edge + slack) if above else np.maximum(local[:, 1], edge - slack)
        return _turned(local, self.axes_22.T) + self.origin_2


def build_contour(points_s2: np.ndarray, line_22: np.ndarray) -> Contour:
    """A smooth contour through points; ``line_22`` are the two corners that give its direction."""
    along = line_22[1] - line_22[0]
    along = along / np.linalg.norm(along)
    axes = np.array([along, [-along[1], along[0]]])
    local = (points_s2 - line_22[0]) @ axes.T
    order = np.argsort(local[:, 0])
    local = local[order]
    fine = np.linspace(local[0, 0], local[-1, 0], _FINE * len(local))
    return Contour(line_22[0], axes, fine, _smooth(local[:, 0], local[:, 1], fine))


def mean_contour(a: Contour, b: Contour) -> Contour:
    """The mean of two contours over the same line."""
    low, high = max(a.along_s[0], b.along_s[0]), min(a.along_s[-1], b.along_s[-1])
    along = np.linspace(low, high, len(a.along_s))
    return Contour(a.origin_2, a.axes_22, along, (a.height(along) + b.height(along)) / 2)


def matte_below(contour: Contour, points_n2: np.ndarray, edge_px: float = _EDGE_PX) -> np.ndarray:
    """(N,) matte: 1 below the contour, 0 above, with an edge of about this width that softens beyond the corners."""
    width = edge_px + _SOFTENING * contour.beyond(points_n2)
    return np.clip(0.5 + contour.below(points_n2) / width, 0, 1)


def _turned(points_n2: np.ndarray, axes_22: np.ndarray) -> np.ndarray:
    """(N, 2) coordinates along both axes. For many points a matrix product takes several times as long."""
    x, y = points_n2[:, 0], points_n2[:, 1]
    return np.stack([x * along + y * down for along, down in axes_22.tolist()], 1)


def _smooth(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Monotone-friendly cubic (Catmull-Rom tangents) through points with rising ``x``."""
    tangent = np.gradient(y, x)
    k = np.clip(np.searchsorted(x, at) - 1, 0, len(x) - 2)
    width = x[k + 1] - x[k]
    t = (at - x[k]) / width
    return (
        (1 + 2 * t) * (1 - t) ** 2 * y[k]
        + t * (1 - t) ** 2 * width * tangent[k]
        + t * t * (3 - 2 * t) * y[k + 1]
        + t * t * (t - 1) * width * tangent[k + 1]
    )
