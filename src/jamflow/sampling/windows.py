"""Motion of any length in windows: how far a frame looks, and noise that belongs to the frame and not to the window.

A motion frame is made from what lies near it, and from its noise. Where a window has at least `reach_frames` more on either side
than is kept of it, what is kept is what one window over everything would give: exactly for one solver step, and to 1e-5 cm
for any number, because the little that steps hand on from further away fades (docs/decisions.md).
"""

import torch
from torch import Tensor

from jamflow.model.config import JointConfig
from jamflow.model.streams import MOTION_KERNEL

_TOGETHER = 64  # frames whose noise is drawn at once


def reach_frames(config: JointConfig) -> int:
    """How far to either side one evaluation of the motion stream looks: its attention, block on block, and its convolutions."""
    attention = int(config.window_s * config.motion_fps + 1e-6)
    return config.audio.depth * attention + 2 * (MOTION_KERNEL // 2)


def frame_noise(seed: int, first: int, frames: int, channels: int) -> Tensor:
    """(frames, channels) the noise of the frames from `first` on, whichever window asks for it."""
    start, end = first // _TOGETHER, -(-(first + frames) // _TOGETHER)
    parts = []
    for number in range(start, end):
        generator = torch.Generator().manual_seed((seed * 100_003 + number) % 2**63)
        parts.append(torch.randn(_TOGETHER, channels, generator=generator))
    return torch.cat(parts)[first - start * _TOGETHER :][:frames]
