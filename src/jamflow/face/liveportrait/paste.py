"""Pastes drawn crops back into their picture, in batches, on the device where they were drawn.

The result equals that of `crop.paste`, but only the part of the picture under the crop is computed.

Shapes: N frames, H, W of the picture, h, w of the part that changes, S side of the crop (512).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from jamflow.face.liveportrait.crop import paste_mask


@dataclass(frozen=True)
class PasteBack:
    """A picture and the place of drawn crops in it.

    Attributes:
        picture_hw3: uint8, on the device.
        left_top: first pixel of the changed part.
        look_hw2: for each pixel of that part, its place in the crop, in `grid_sample`'s coordinates.
        weight_hw: weight of the crop in [0, 1].
        behind_3hw: the picture there, times 1 - weight.
    """

    picture_hw3: Tensor
    left_top: tuple[int, int]
    look_hw2: Tensor
    weight_hw: Tensor
    behind_3hw: Tensor

    def __call__(self, drawn_n3ss: Tensor) -> Tensor:
        """Crops (N, 3, S, S) in [0, 1] to whole frames (N, H, W, 3) uint8."""
        drawn = (drawn_n3ss.float() * 255).clamp(0, 255).floor()  # truncated to 8 bits, as in the official code
        look = self.look_hw2.expand(len(drawn), -1, -1, -1)
        moved = F.grid_sample(drawn, look, align_corners=True).round_()
        mixed = moved.mul_(self.weight_hw).add_(self.behind_3hw).clamp_(0, 255)
        frames = self.picture_hw3.repeat(len(drawn), 1, 1, 1)
        (left, top), (height, width) = self.left_top, self.weight_hw.shape
        frames[:, top : top + height, left : left + width] = mixed.movedim(1, -1).to(torch.uint8)
        return frames


def prepare_paste(
    picture: np.ndarray,
    to_crop_33: np.ndarray,
    size_px: int,
    device: torch.device | str,
    share: Callable[[np.ndarray], np.ndarray] | None = None,
) -> PasteBack:
    """Prepares pasting crops of `size_px` into an (H, W, 3) uint8 picture.

    Args:
        to_crop_33: maps the picture to the crop.
        share: gives for points (N, 2) of the picture how much of the crop they show, 0 to 1; None is all of it.
    """
    height, width = picture.shape[:2]
    ends = np.array([[0, 0, 1], [size_px, 0, 1], [size_px, size_px, 1], [0, size_px, 1]]) @ np.linalg.inv(to_crop_33).T
    left, top = np.clip(np.floor(ends[:, :2].min(0)).astype(int) - 1, 0, [width - 1, height - 1])
    right, bottom = np.clip(np.ceil(ends[:, :2].max(0)).astype(int) + 2, [left + 1, top + 1], [width, height])
    x, y = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
    in_crop = np.stack([x, y], -1) @ to_crop_33[:2, :2].T + to_crop_33[:2, 2]
    look = torch.from_numpy((2 * in_crop / (size_px - 1) - 1).astype(np.float32)).to(device)
    mask = torch.from_numpy(paste_mask(size_px)).to(device)
    weight = F.grid_sample(mask[None, None], look[None], align_corners=True)[0, 0]
    if share is not None:
        shares = share(np.stack([x.ravel(), y.ravel()], 1)).reshape(x.shape)
        weight = weight * torch.from_numpy(shares.astype(np.float32)).to(device)
    whole = torch.from_numpy(picture).to(device)
    behind = whole[top:bottom, left:right].movedim(-1, 0) * (1 - weight)
    return PasteBack(whole, (int(left), int(top)), look, weight, behind)
