"""Finds faces in a picture: the bundle's BlazeFace network, run on the whole picture and on tiles of it.

The network sees 128 x 128 pixels and finds faces larger than about a tenth of that, so small faces in a large picture are found
only in tiles.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face.network import Network

_INPUT_PX = 128
_SCORE_MIN = 0.5
_OVERLAP_MAX = 0.3
_TILE_MIN_PX = 160
_COARSE_TILE_PX = 320
_TILE_DEPTH = 3
_CUT_MARGIN = 0.02
# Centres per cell and cells per side of the two detection grids.
_GRIDS = ((16, 2), (8, 6))


@dataclass(frozen=True)
class Detection:
    """One face. Coordinates are pixels of the picture.

    Attributes:
        box_xyxy: (4,) left, top, right, bottom.
        points_62: (6, 2) right eye, left eye, nose tip, mouth, right ear, left ear (the person's own sides).
        score: confidence in (0.5, 1].
    """

    box_xyxy: np.ndarray
    points_62: np.ndarray
    score: float

    @property
    def size_px(self) -> float:
        return float(max(self.box_xyxy[2:] - self.box_xyxy[:2]))


class FaceDetector:
    """BlazeFace. Threads may share one."""

    def __init__(self):
        self._net = Network("face_detector.tflite", ("regressors", "classificators"))
        self._anchors_n2 = _anchors()

    def detect(self, rgb: np.ndarray) -> list[Detection]:
        """All faces in an (H, W, 3) uint8 picture, largest first."""
        height, width = rgb.shape[:2]
        found = self._in_tile(rgb, 0, 0)
        side = max(height, width)
        for _ in range(_TILE_DEPTH):
            side = side // 2
            if side < _TILE_MIN_PX:
                break
            level = []
            for top in _starts(height, side):
                for left in _starts(width, side):
                    tile = rgb[top : top + side, left : left + side]
                    level += [d for d in self._in_tile(tile, left, top) if not _cut(d, rgb, left, top, side)]
            if side < _COARSE_TILE_PX:  # small tiles only add new faces: they see parts of large ones and place them badly
                level = [d for d in level if all(_overlap(d, other) <= _OVERLAP_MAX for other in found)]
            found += level
        return _suppress(found)

    def _in_tile(self, tile: np.ndarray, left: int, top: int) -> list[Detection]:
        height, width = tile.shape[:2]
        side = max(height, width)
        scale = _INPUT_PX / side
        offset = np.array([(_INPUT_PX - width * scale) / 2, (_INPUT_PX - height * scale) / 2])
        matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]])
        small = _shrink(tile, scale, matrix)
        regressors, logits = self._net(small.astype(np.float32) / 127.5 - 1)
        scores = 1 / (1 + np.exp(-np.clip(logits.reshape(-1), -80, 80)))
        keep = scores > _SCORE_MIN
        values = regressors.reshape(-1, 16)[keep]
        points = (values.reshape(-1, 8, 2) + self._anchors_n2[keep][:, None] * _INPUT_PX - offset) / scale
        sizes = values[:, 2:4] / scale
        centres = points[:, 0] + np.array([left, top])
        return [
            Detection(np.concatenate([c - s / 2, c + s / 2]), p[2:] + np.array([left, top]), float(score))
            for c, s, p, score in zip(centres, sizes, points, scores[keep], strict=True)
        ]


def _shrink(tile: np.ndarray, scale: float, matrix: np.ndarray) -> np.ndarray:
    """The tile letterboxed to the network's input; area-averaged when it shrinks."""
    if scale < 1:
        size = (max(1, round(tile.shape[1] * scale)), max(1, round(tile.shape[0] * scale)))
        tile = cv2.resize(tile, size, interpolation=cv2.INTER_AREA)
        matrix = np.array([[1, 0, matrix[0, 2]], [0, 1, matrix[1, 2]]])
    return cv2.warpAffine(tile, matrix, (_INPUT_PX, _INPUT_PX))


def _anchors() -> np.ndarray:
    anchors = []
    for cells, per_cell in _GRIDS:
        centre = (np.arange(cells) + 0.5) / cells
        x, y = np.meshgrid(centre, centre)
        anchors.append(np.repeat(np.stack([x.ravel(), y.ravel()], 1), per_cell, axis=0))
    return np.concatenate(anchors)


def _starts(length: int, side: int) -> np.ndarray:
    """Start of each tile of length `side`, such that neighbours overlap by at least half."""
    last = max(0, length - side)
    return np.linspace(0, last, int(np.ceil(last / (side / 2))) + 1).astype(int)


def _cut(found: Detection, rgb: np.ndarray, left: int, top: int, side: int) -> bool:
    """Whether an edge of the tile, not of the picture, cuts through the face. A neighbouring tile then sees all of it."""
    height, width = rgb.shape[:2]
    margin = _CUT_MARGIN * side
    x0, y0, x1, y1 = found.box_xyxy
    return bool(
        (left > 0 and x0 < left + margin)
        or (top > 0 and y0 < top + margin)
        or (left + side < width and x1 > left + side - margin)
        or (top + side < height and y1 > top + side - margin)
    )


def _suppress(found: list[Detection]) -> list[Detection]:
    """Weighted non-maximum suppression: boxes of one face become their score-weighted mean."""
    left = sorted(found, key=lambda d: -d.score)
    kept = []
    while left:
        group = [d for d in left if _overlap(left[0], d) > _OVERLAP_MAX]
        left = [d for d in left if _overlap(left[0], d) <= _OVERLAP_MAX]
        weights = np.array([d.score for d in group])
        kept.append(
            Detection(
                np.average([d.box_xyxy for d in group], axis=0, weights=weights),
                np.average([d.points_62 for d in group], axis=0, weights=weights),
                group[0].score,
            )
        )
    return sorted(kept, key=lambda d: -d.size_px)


def _overlap(a: Detection, b: Detection) -> float:
    """Shared area over the smaller area, so that a box inside another counts as the same face."""
    low = np.maximum(a.box_xyxy[:2], b.box_xyxy[:2])
    high = np.minimum(a.box_xyxy[2:], b.box_xyxy[2:])
    shared = np.prod(np.clip(high - low, 0, None))
    areas = [np.prod(d.box_xyxy[2:] - d.box_xyxy[:2]) for d in (a, b)]
    return float(shared / max(min(areas), 1e-9))
