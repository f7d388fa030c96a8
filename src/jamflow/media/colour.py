"""RGB to YUV 4:2:0 for H.264, on the device of the frames: a GPU then transfers half the bytes.

Shapes: N frames, H height, W width.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

# BT.709 (ITU-R BT.709-6, 3.2 to 3.5), limited range: luma 16 to 235, chroma 128 +- 112.
_KR, _KG, _KB = 0.2126, 0.7152, 0.0722
_LUMA = (219 * _KR, 219 * _KG, 219 * _KB)
_CB = tuple(224 * k / (2 * (1 - _KB)) for k in (-_KR, -_KG, 1 - _KB))
_CR = tuple(224 * k / (2 * (1 - _KR)) for k in (1 - _KR, -_KG, -_KB))
# A chroma sample averages two pixels of a row, and four rows with these weights. This is FFmpeg's choice, so a frame has the
# same colours on every device.
_ROWS = (1 / 8, 3 / 8, 3 / 8, 1 / 8)


def to_yuv420p(rgb_nhw3: Tensor) -> Tensor:
    """RGB frames to planar 4:2:0, BT.709, limited range.

    Args:
        rgb_nhw3: (N, H, W, 3) uint8, height and width even.

    Returns:
        (N, H * 3 / 2, W) uint8 on the same device: the planes Y, U and V in this order, without gaps.
    """
    n, height, width, _ = rgb_nhw3.shape
    if height % 2 or width % 2:
        raise ValueError(f"height and width must be even, got {width} x {height}")
    x = rgb_nhw3.movedim(-1, 1).to(torch.float32)
    weights = torch.tensor([_LUMA, _CB, _CR], device=x.device) / 255
    luma = torch.einsum("c,nchw->nhw", weights[0], x) + 16
    pairs = F.avg_pool2d(x, (1, 2))
    rows = F.pad(pairs, (0, 0, 1, 1), mode="replicate")
    taps = torch.tensor(_ROWS, device=x.device).view(1, 1, 4, 1).expand(3, 1, 4, 1)
    small = F.conv2d(rows, taps, stride=(2, 1), groups=3)
    chroma = torch.einsum("kc,nchw->nkhw", weights[1:], small) + 128
    planes = torch.cat([luma.flatten(1), chroma.flatten(1)], dim=1)
    return planes.round().clamp(0, 255).to(torch.uint8).view(n, height * 3 // 2, width)
