"""The warping module W: a feature volume moved from the source's key points to the driving ones.

Shapes: B batch, C channels, D depth, H height, W width, K key points (21), N = K + 1 motions (0 is the background).
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.face.liveportrait.appearance import DEPTH
from jamflow.face.liveportrait.depth_fourier import DepthFourierConv
from jamflow.face.liveportrait.keypoints import KEY_POINTS
from jamflow.face.liveportrait.layers import DownBlock3d, Foldable, SameBlock2d, UpBlock3d, fold_norm
from jamflow.face.liveportrait.winograd import Conv3

_VARIANCE = 0.01
_DOWN = (110, 64, 128, 256, 512, 1024)
_UP = ((1024, 512), (1024, 256), (512, 128), (256, 64), (128, 32))


@dataclass(frozen=True)
class Warped:
    """feature_bchw: input of the generator. occlusion_b1hw: in [0, 1]. deformation_bdhw3: sampling coordinates."""

    feature_bchw: Tensor
    occlusion_b1hw: Tensor
    deformation_bdhw3: Tensor


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(DownBlock3d(inputs, outputs) for inputs, outputs in pairwise(_DOWN))

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [x]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        return levels


class Decoder(Foldable):
    def __init__(self) -> None:
        super().__init__()
        self.up_blocks = nn.ModuleList(UpBlock3d(inputs, outputs) for inputs, outputs in _UP)
        channels = _UP[-1][1] + _DOWN[0]
        self.conv: nn.Module = nn.Conv3d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm3d(channels)

    def fold(self) -> None:
        fold_norm(self)
        assert isinstance(self.conv, nn.Conv3d)
        self.conv = Conv3(self.conv)

    def forward(self, levels: list[Tensor]) -> Tensor:
        x = levels.pop()
        for block in self.up_blocks:
            x = torch.cat([block(x), levels.pop()], dim=1)
        return F.relu(self.norm(self.conv(x)))


class Hourglass(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class DenseMotionNetwork(Foldable):
    """Key points to a dense motion: for each voxel, a softmax-weighted mean of the key points' motions."""

    def __init__(self) -> None:
        super().__init__()
        self.hourglass = Hourglass()
        self.mask: nn.Module = nn.Conv3d(142, KEY_POINTS + 1, 7, padding=3)
        self.compress = nn.Conv3d(32, 4, 1)
        self.norm = nn.BatchNorm3d(4)
        self.occlusion = nn.Conv2d(142 * DEPTH, 1, 7, padding=3)

    def fold(self) -> None:
        fold_norm(self, "compress")
        assert isinstance(self.mask, nn.Conv3d)
        self.mask = DepthFourierConv(self.mask, DEPTH)

    def forward(self, feature_bcdhw: Tensor, driving_bk3: Tensor, source_bk3: Tensor) -> tuple[Tensor, Tensor]:
        """Deformation (B, D, H, W, 3) and occlusion (B, 1, H, W)."""
        small = F.relu(self.norm(self.compress(feature_bcdhw)))
        size = small.shape[2:]
        flow = self._flow(driving_bk3, source_bk3, size)
        batch, motions = flow.shape[:2]
        moved = F.grid_sample(
            small[:, None].expand(-1, motions, -1, -1, -1, -1).flatten(0, 1), flow.flatten(0, 1), align_corners=False
        ).unflatten(0, (batch, motions))
        heat = self._heat(driving_bk3, size) - self._heat(source_bk3, size)
        heat = F.pad(heat, (0, 0, 0, 0, 0, 0, 1, 0))[:, :, None]
        hidden = self.hourglass(torch.cat([heat, moved], dim=2).flatten(1, 2))
        mask = self.mask(hidden).float().softmax(1)
        with torch.autocast(mask.device.type, enabled=False):  # half precision would round to a quarter of a voxel
            deformation = torch.einsum("bndhw,bndhwx->bdhwx", mask, flow.float())
        return deformation, self.occlusion(hidden.flatten(1, 2)).sigmoid()

    def _flow(self, driving_bk3: Tensor, source_bk3: Tensor, size: torch.Size) -> Tensor:
        """(B, N, D, H, W, 3): sampling coordinates of each motion alone."""
        grid = identity_grid(size, driving_bk3)
        shift = F.pad(source_bk3 - driving_bk3, (0, 0, 1, 0))
        return grid + shift[:, :, None, None, None]

    def _heat(self, points_bk3: Tensor, size: torch.Size) -> Tensor:
        """(B, K, D, H, W): a Gaussian around each key point, as a product of one per axis."""
        d, h, w = (torch.linspace(-1, 1, n, device=points_bk3.device, dtype=points_bk3.dtype) for n in size)
        x, y, z = (torch.exp(-0.5 / _VARIANCE * (line - points_bk3[..., i, None]) ** 2) for i, line in enumerate((w, h, d)))
        return z[..., :, None, None] * y[..., None, :, None] * x[..., None, None, :]


class WarpingNetwork(nn.Module):
    """Feature volume (B, 32, 16, 64, 64) and key points to `Warped`."""

    def __init__(self) -> None:
        super().__init__()
        self.dense_motion_network = DenseMotionNetwork()
        self.third = SameBlock2d(512, 256, slope=0.01)
        self.fourth = nn.Conv2d(256, 256, 1)

    def forward(self, feature_bcdhw: Tensor, driving_bk3: Tensor, source_bk3: Tensor) -> Warped:
        if feature_bcdhw.device.type != "cpu":
            return self._warp(feature_bcdhw, driving_bk3, source_bk3)
        # One frame at a time: batches are not faster on a CPU, and take more memory.
        frames = zip(feature_bcdhw.split(1), driving_bk3.split(1), source_bk3.split(1), strict=True)
        warped = [self._warp(*frame) for frame in frames]
        return Warped(
            torch.cat([w.feature_bchw for w in warped]),
            torch.cat([w.occlusion_b1hw for w in warped]),
            torch.cat([w.deformation_bdhw3 for w in warped]),
        )

    def _warp(self, feature_bcdhw: Tensor, driving_bk3: Tensor, source_bk3: Tensor) -> Warped:
        deformation, occlusion = self.dense_motion_network(feature_bcdhw, driving_bk3, source_bk3)
        moved = F.grid_sample(feature_bcdhw, deformation.to(feature_bcdhw.dtype), align_corners=False)
        out = self.fourth(self.third(moved.flatten(1, 2)))
        return Warped(out * occlusion, occlusion, deformation)


def identity_grid(size: torch.Size, like: Tensor) -> Tensor:
    """(D, H, W, 3) coordinates x, y, z with -1 and 1 at the centres of the outermost voxels.

    `grid_sample` counts from the voxels' edges, so even the identity shrinks a little. The official weights were trained
    this way.
    """
    lines = [torch.linspace(-1, 1, n, device=like.device, dtype=like.dtype) for n in size]
    z, y, x = torch.meshgrid(*lines, indexing="ij")
    return torch.stack([x, y, z], dim=-1)
