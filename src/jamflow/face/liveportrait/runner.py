"""Runs LivePortrait's networks on a device; handles precision and batches.

Shapes: N frames, K key points (21), S side of a crop.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields

import numpy as np
import torch
from torch import Tensor

from jamflow.face.liveportrait.checkpoint import LivePortraitNetworks
from jamflow.face.liveportrait.motion_extractor import KeyPointMotion

# Eight frames fill a GPU; on a CPU a batch only takes more memory.
_BATCH_FRAMES = {"cpu": 1}


class Runner:
    """The four large networks in `dtype` (by autocast, as in the official code), the three small ones in float32."""

    def __init__(self, networks: LivePortraitNetworks, device: torch.device, dtype: torch.dtype):
        for field in fields(networks):
            getattr(networks, field.name).to(device)
        self.networks = networks
        self.device = device
        self.batch_frames = _BATCH_FRAMES.get(device.type, 8)
        self._dtype = dtype

    def features(self, rgb_nss3: np.ndarray) -> Tensor:
        """(N, 256, 256, 3) uint8 to feature volumes (N, 32, 16, 64, 64)."""
        with self._precision():
            return self.networks.appearance(self._pixels(rgb_nss3))

    def motion(self, rgb_nss3: np.ndarray) -> KeyPointMotion:
        """(N, 256, 256, 3) uint8 to the motion of the faces in them."""
        with self._precision():
            return self.networks.motion(self._pixels(rgb_nss3))

    def draw(self, feature: Tensor, driving_nk3: Tensor, source_nk3: Tensor) -> Tensor:
        """Features (N, ...) warped from their key points to the driving ones: (N, 3, 512, 512) in [0, 1].

        A single source is used for all driving frames.
        """
        n = len(driving_nk3)
        with self._precision():
            warped = self.networks.warping(feature.expand(n, -1, -1, -1, -1), driving_nk3, source_nk3.expand(n, -1, -1))
            return self.networks.generator(warped.feature_bchw).float()

    def _pixels(self, rgb_nss3: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(rgb_nss3)).to(self.device).movedim(-1, 1).float() / 255

    def _precision(self) -> AbstractContextManager[object]:
        return nullcontext() if self._dtype == torch.float32 else torch.autocast(self.device.type, self._dtype)
