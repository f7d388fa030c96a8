"""Draws what covers a mouth over real frames: hands, fists, microphones, masks and a scarf, which come and go.

Lengths are shares of the face's height; places are to the person's right-hand side of the picture and up from the middle of
the mouth.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from jamflow.face import topology as topo

Kind = Literal["hand", "fist", "microphone", "mask_blue", "mask_white", "mask_black", "scarf"]
KINDS: tuple[Kind, ...] = ("hand", "fist", "microphone", "mask_blue", "mask_white", "mask_black", "scarf")
MASKS: tuple[Kind, ...] = KINDS[3:]

_SKIN, _CHEEKS = [50, 280, 101, 330, 9, 151], [330, 280, 195, 50, 101]
_RIM = [234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454]
_LIP, _SCARF_RIM = [425, 427, 164, 207, 205], _RIM[1:-1]
_MICROPHONES = np.array([[20, 20, 22], [60, 60, 65], [150, 30, 30], [25, 60, 140], [110, 110, 115]], float)
_CLOTH = {"mask_blue": [125, 165, 205], "mask_white": [225, 225, 222], "mask_black": [28, 28, 30], "scarf": [140, 60, 60]}


@dataclass(frozen=True)
class Style:
    """What is drawn at random, once a clip: size, shade of the skin, angle in radians, side, place, colour, grain, way."""

    size: float
    shade: float
    angle: float
    side: int
    at_2: np.ndarray
    grain: int
    microphone_3: np.ndarray
    from_below: bool


def style(kind: Kind, rng: np.random.Generator) -> Style:
    size, shade, angle = rng.uniform(0.85, 1.3), rng.uniform(0.75, 1.15), rng.uniform(-0.6, 0.6)
    side, at, grain = int(rng.choice([-1, 1])), rng.uniform(-0.03, 0.03, 2), int(rng.integers(1 << 30))
    colour, below = _MICROPHONES[rng.integers(5)], str(rng.choice(["below", "side"])) == "below"
    return Style(size, shade, angle, side, at, grain, colour, below or kind not in ("hand", "fist"))


def away(time_s: float, start_s: float, stays_s: float, moves_s: float = 0.5) -> float:
    """How far the thing is away: 1 is out of sight, 0 in its place. It comes, stays and goes."""
    return float(np.clip(max(start_s + moves_s - time_s, time_s - start_s - moves_s - stays_s) / moves_s, 0, 1))


def hidden_lips(alpha: np.ndarray, landmarks_l3: np.ndarray) -> float:
    """Share of the lips that is covered."""
    lips = np.zeros(alpha.shape, np.uint8)
    edge = landmarks_l3[[*topo.UPPER_LIP_OUTER, *topo.LOWER_LIP_OUTER[::-1]], :2]
    cv2.fillPoly(lips, [np.round(edge).astype(np.int32)], 1)
    return float(alpha[lips > 0].mean()) if lips.any() else 0.0


def drawn(rgb: np.ndarray, landmarks_l3: np.ndarray, kind: Kind, how: Style, away: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """The frame with the thing in it, and its opacity (H, W)."""
    alpha = np.zeros(rgb.shape[:2], np.float32)
    points = landmarks_l3[:, :2]
    height = float(np.linalg.norm(points[10] - points[152]))
    mouth = points[[13, 14, 61, 291]].mean(0)
    low = np.maximum(np.floor(mouth - 1.1 * height), 0).astype(int)
    high = np.minimum(np.ceil(mouth + 1.1 * height), rgb.shape[1::-1]).astype(int)
    if min(high - low) < 4:
        return rgb, alpha
    part = np.s_[low[1] : high[1], low[0] : high[0]]
    at = np.clip(points[_SKIN].astype(int), 0, np.array(rgb.shape[1::-1]) - 1)
    scene = _Scene(rgb[part].astype(np.float32), points - low, height, np.median(rgb[at[:, 1], at[:, 0]], axis=0), how, away)
    scene.draw(kind)
    out = rgb.copy()
    out[part] = np.clip(scene.rgb + scene.rng.normal(0, 2.0, (*scene.alpha.shape, 1)) * scene.alpha[..., None], 0, 255).astype(
        np.uint8
    )
    alpha[part] = scene.alpha
    return out, alpha


class _Scene:
    """The surroundings of a mouth, drawn upon."""

    def __init__(self, rgb: np.ndarray, points: np.ndarray, height: float, skin_3: np.ndarray, how: Style, away: float):
        self.rgb, self.points, self.height, self.skin, self.how = rgb, points, height, skin_3.astype(np.float32), how
        self.alpha, self.blur = np.zeros(rgb.shape[:2], np.float32), max(0.6, height / 160)
        self.up = (points[10] - points[152]) / height
        right = np.array([-self.up[1], self.up[0]])
        self.right = right if right[0] >= 0 else -right
        self.shift = away * 1.1 * height * (-self.up if how.from_below else self.right * how.side)
        self.mouth = points[[13, 14, 61, 291]].mean(0) + self.shift
        self.rng = np.random.default_rng(how.grain)
        coarse = self.rng.normal(0, 1, (24, 24)).astype(np.float32)
        self.noise = cv2.resize(coarse, rgb.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        self.y, self.x = np.mgrid[: rgb.shape[0], : rgb.shape[1]].astype(np.float32)

    def draw(self, kind: Kind) -> None:
        if kind in ("hand", "fist"):
            self._fingers(kind == "hand")
        elif kind == "microphone":
            self._microphone()
        else:
            self._cloth(kind)

    def _at(self, right: float, up: float) -> np.ndarray:
        by = self.how.at_2 + np.array([right, up])
        return self.mouth + self.height * (self.right * by[0] + self.up * by[1])

    def _put(self, opacity: np.ndarray, colour: np.ndarray) -> None:
        opacity = np.clip(opacity, 0, 1)
        self.rgb = self.rgb * (1 - opacity[..., None]) + colour * opacity[..., None]
        self.alpha = np.maximum(self.alpha, opacity)

    def _capsule(self, start: np.ndarray, end: np.ndarray, radius_px: float) -> tuple[np.ndarray, np.ndarray]:
        """Distance from a line, and to which side, in radii."""
        d = end - start
        share = np.clip(((self.x - start[0]) * d[0] + (self.y - start[1]) * d[1]) / max(d @ d, 1e-6), 0, 1)
        dx, dy = self.x - start[0] - share * d[0], self.y - start[1] - share * d[1]
        return np.hypot(dx, dy) / radius_px, (dx * -d[1] + dy * d[0]) / max(np.hypot(*d), 1e-6) / radius_px

    def _fingers(self, flat: bool) -> None:
        """A flat hand across the mouth, or a fist in front of it."""
        size, side, (cos, sin) = self.how.size, self.how.side, (np.cos(self.how.angle), np.sin(self.how.angle))
        if flat:
            parts = [((side * 0.45, -0.2), (side * 0.2, -0.02), 0.2)]
            parts += [
                ((side * 0.35, 0.09 - 0.085 * k), (-side * (0.27 - 0.03 * abs(k - 1.2)), 0.09 - 0.085 * k), 0.052)
                for k in range(4)
            ]
        else:
            parts = [((0, -0.5), (0, -0.2), 0.17)]
            parts += [((-0.17 + 0.11 * k, -0.16), (-0.16 + 0.105 * k, 0.06), 0.06) for k in range(4)]
            parts += [((-0.2, -0.1), (0.08, -0.13), 0.06)]
        for start, end, radius in parts:
            a, b = (self._at(size * (cos * x - sin * y), size * (sin * x + cos * y)) for x, y in (start, end))
            radius_px = radius * self.height * size
            away, across = self._capsule(a, b, radius_px)
            light = 1 - 0.28 * np.clip(away, 0, 1) ** 3 + 0.05 * self.noise - 0.06 * np.clip(across, -1, 1)
            inside = np.clip((1 - away) * radius_px / self.blur + 0.5, 0, 1)
            self.rgb *= (1 - np.clip((1.12 - away) * 6, 0, 1) * 0.35 * (1 - inside))[..., None]  # its shadow
            self._put(inside, self.skin * self.how.shade * light[..., None])

    def _microphone(self) -> None:
        """A ball of metal mesh or foam on a handle."""
        radius, ball, end = 0.15 * self.height * self.how.size, self._at(0, -0.05), self._at(0.12 * self.how.side, -0.9)
        away, across = self._capsule(ball, end, 0.075 * self.height * self.how.size)
        grey = np.array([30, 30, 32]) * (1.2 - 0.6 * np.abs(np.clip(across, -1, 1)))[..., None]
        self._put((1 - away) * 0.07 * self.height / self.blur + 0.5, grey)
        u, v = (self.x - ball[0]) / radius, (self.y - ball[1]) / radius
        away = np.hypot(u, v)
        light = 0.55 + 0.5 * np.sqrt(np.clip(1 - away * away, 0, 1)) - 0.25 * v - 0.15 * u
        wave = max(radius / 9, 1.3)
        light *= 1 + 0.15 * np.sin(self.x / wave) * np.sin(self.y / wave)
        shine = 80 * np.exp(-((u + 0.35) ** 2 + (v + 0.4) ** 2) / 0.06)
        self._put((1 - away) * radius / self.blur + 0.5, self.how.microphone_3 * light[..., None] + shine[..., None])

    def _cloth(self, kind: Kind) -> None:
        """A mask from the nose to the chin, or a scarf from the upper lip down."""
        rim, top = (_SCARF_RIM, _LIP) if kind == "scarf" else (_RIM, _CHEEKS)
        edge = self.points[[*rim, *top]] + self.shift
        out = edge[: len(rim)] - edge.mean(0)
        edge[: len(rim)] += 0.035 * self.height * out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1)
        inside = np.zeros_like(self.alpha)
        cv2.fillPoly(inside, [np.round(edge * 16).astype(np.int32)], 1.0, shift=4)
        dx, dy = self.x - self.mouth[0], self.y - self.mouth[1]
        u, v = ((dx * axis[0] + dy * axis[1]) / self.height for axis in (self.right, self.up))
        light = np.clip(self.skin.mean() / 150, 0.35, 1.25) * (1.02 - 0.9 * u * u + 0.1 * self.how.side * u) + 0.03 * self.noise
        if kind == "scarf":
            light *= 1 + 0.2 * np.sin(55 * v + 6 * np.sin(9 * u))
        else:
            for pleat in (-0.12, 0, 0.11):
                light *= 1 - 0.22 * np.exp(-(((v - pleat - 0.04 * u * u) / 0.012) ** 2))
        if kind == "mask_black":
            light *= 1 - 0.12 * np.exp(-((u / 0.02) ** 2))
        self._put(cv2.GaussianBlur(inside, (0, 0), self.blur), np.array(_CLOTH[kind], float) * light[..., None])
