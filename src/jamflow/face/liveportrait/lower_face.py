"""The lower face in one frame of a video: its crop for the networks, and compositing their output over the frame.

The networks draw the frame twice, unchanged and with a new mouth, and the difference is added to the frame. So the decoder's blur
and colour errors cancel, and where the two drawings agree the frame keeps its own pixels.

Shapes: L landmarks (478), S side of a drawing (512), H, W of the frame, h, w of the part that changes, 2 = x right, y down.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from jamflow.face import topology as topo
from jamflow.face.liveportrait.crop import crop, face_box

_DRAWN_PX = 512
# The outline: the jaw, widened around the mouth (an open mouth lowers it), up to the tip and the wings of the nose.
_NOSE, _LIPS = (129, 4, 358), (13, 14)
_WIDER, _LOWER = 1.2, 1.5
# In pixels of the drawing; about 15 pixels are a centimetre.
_FEATHER_PX = 24
_COLOUR_PX, _CHANGE_PX = 12.0, 3.0  # standard deviations
_CHANGE_LEVELS = (3.0, 10.0)  # of 255; below the first no change, above the second the drawing's detail replaces the frame's
_GRAIN_DEVIATIONS = 2.0


@dataclass(frozen=True)
class LowerFace:
    """A face in a frame.

    Attributes:
        seen_ss3: (512, 512, 3) uint8, the crop.
        axes_22: rows are the crop's x and y axes in the frame, unit vectors.
        left_top: first pixel of the changed part of the frame.
        look_hw2: for each pixel of that part, its place in the crop, in `grid_sample`'s coordinates (edges at -1 and 1).
        weight_ss: float32, weight of the drawing in the crop; 0 outside the lower face.
        shrink: drawing pixels per frame pixel, at least 1.
    """

    seen_ss3: np.ndarray
    axes_22: np.ndarray
    left_top: tuple[int, int]
    look_hw2: np.ndarray
    weight_ss: np.ndarray
    shrink: int

    @property
    def small_ss3(self) -> np.ndarray:
        """(256, 256, 3) uint8 input for the feature and motion extractors."""
        return cv2.resize(self.seen_ss3, (256, 256), interpolation=cv2.INTER_AREA)


def find_lower_face(rgb: np.ndarray, landmarks_l2: np.ndarray) -> LowerFace:
    """Finds it in an (H, W, 3) uint8 frame, cropped as a portrait; large faces are area-averaged, so grain does not alias."""
    box = face_box(landmarks_l2)
    times = max(1, round(box.side_px / _DRAWN_PX))
    to_crop = box.matrix(times * _DRAWN_PX)
    seen = crop(rgb, to_crop, times * _DRAWN_PX)
    if times > 1:
        seen = cv2.resize(seen, (_DRAWN_PX, _DRAWN_PX), interpolation=cv2.INTER_AREA)
    axes = to_crop[:2, :2] * (box.side_px / (times * _DRAWN_PX))
    outline = _outline(landmarks_l2, axes)
    height, width = rgb.shape[:2]
    room = 2 + 2 * box.side_px / _DRAWN_PX
    left, top = np.clip(np.floor(outline.min(0) - room).astype(int), 0, [width - 1, height - 1])
    right, bottom = np.clip(np.ceil(outline.max(0) + room).astype(int), [left + 1, top + 1], [width, height])
    x, y = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
    look = (_into(to_crop, np.stack([x, y], -1)) + 0.5) * (2 / (times * _DRAWN_PX)) - 1
    weight = _weight((_into(to_crop, outline) + 0.5) / times - 0.5)
    shrink = max(1, int(_DRAWN_PX / box.side_px))
    return LowerFace(seen, axes, (int(left), int(top)), look.astype(np.float32), weight, shrink)


def put_over(frame_hw3: Tensor, face: LowerFace, own_3ss: Tensor, new_3ss: Tensor) -> None:
    """Changes a uint8 frame in place, on the device, by two drawings in [0, 1]: as filmed and with the new mouth."""
    own, new = 255 * own_3ss.float(), 255 * new_3ss.float()
    seen = torch.from_numpy(face.seen_ss3).to(own.device).movedim(-1, 0).float()
    colour = _blurred(seen - own, _COLOUR_PX)
    low, high = _CHANGE_LEVELS
    changed = _smoothstep((_blurred((new - own).abs().amax(0, keepdim=True), _CHANGE_PX) - low) / (high - low))
    weight = torch.from_numpy(face.weight_ss).to(own.device)[None]
    drawn = torch.cat([own, new, colour, changed, weight])[None]
    if face.shrink > 1:  # the frame's pixels are wider than the drawing's
        drawn = F.interpolate(drawn, size=_DRAWN_PX // face.shrink, mode="area")
    look = torch.from_numpy(face.look_hw2).to(own.device)[None]
    moved = F.grid_sample(drawn, look, align_corners=False)[0]
    own, new, colour, changed, weight = moved.split([3, 3, 3, 1, 1])
    (left, top), (height, width) = face.left_top, face.look_hw2.shape[:2]
    part = frame_hw3[top : top + height, left : left + width]
    pixels = part.movedim(-1, 0).float()
    detail = pixels - own - colour
    limit = _GRAIN_DEVIATIONS * _spread(detail, weight)
    # Where the picture changes, the frame's own detail shows the old mouth and must go, but its grain may stay.
    detail = detail + changed * (detail.clamp(-limit, limit) - detail)
    painted = pixels + weight * (new + colour + detail - pixels)
    part.copy_(painted.add_(0.5).clamp_(0, 255).movedim(0, -1).to(torch.uint8))


def _into(matrix_33: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ matrix_33[:2, :2].T + matrix_33[:2, 2]


def _outline(landmarks_l2: np.ndarray, axes_22: np.ndarray) -> np.ndarray:
    """(N, 2) convex outline, frame pixels."""
    mouth = landmarks_l2[list(_LIPS)].mean(0)
    away = (landmarks_l2[list(topo.JAW_LINE)] - mouth) @ axes_22.T
    away *= np.stack([np.full(len(away), _WIDER), np.where(away[:, 1] > 0, _LOWER, 1.0)], 1)
    points = np.concatenate([mouth + away @ axes_22, landmarks_l2[list(_NOSE)]])
    return cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64)


def _weight(outline_n2: np.ndarray) -> np.ndarray:
    """(S, S) weight: 0 outside a convex outline in drawing pixels, rising to 1 inwards."""
    inside = np.zeros((_DRAWN_PX, _DRAWN_PX), np.uint8)
    cv2.fillConvexPoly(inside, outline_n2.round().astype(np.int32), 1)
    # Nothing is drawn beyond the crop, so the weight also falls to 0 at its edge.
    depth = cv2.distanceTransform(np.pad(inside, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    share = np.clip(depth / _FEATHER_PX, 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


def _blurred(x_chw: Tensor, deviation_px: float) -> Tensor:
    reach = int(3 * deviation_px)
    at = torch.arange(-reach, reach + 1, device=x_chw.device, dtype=x_chw.dtype)
    kernel = torch.exp(-0.5 * (at / deviation_px) ** 2)
    kernel = kernel / kernel.sum()
    x = F.pad(x_chw[:, None], (reach, reach, reach, reach), mode="reflect")
    return F.conv2d(F.conv2d(x, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))[:, 0]


def _spread(detail_chw: Tensor, weight_1hw: Tensor) -> Tensor:
    """Robust deviation of the detail inside the mask: that of the grain, not of the few edges that a drawing blurs."""
    inside = torch.where(weight_1hw > 0.5, detail_chw.abs(), torch.nan)  # boolean indexing would make the device wait
    return 1.4826 * inside.nanmedian().nan_to_num()


def _smoothstep(x: Tensor) -> Tensor:
    x = x.clamp(0, 1)
    return x * x * (3 - 2 * x)
