"""Motion of any length in windows: how far a frame looks, and noise that belongs to the frame and not to the window.

A motion frame depends on what is near it, and on its noise. If a window has at least `reach_frames` more on either side than is
kept of it, then what is kept equals what one window over everything gives: exactly for one solver step, and to 1e-5 cm for any
number, because what the steps hand on from further away fades (docs/decisions.md).
"""

import torch
from torch import Tensor

from jamflow.model.config import JointConfig
from jamflow.model.streams import MOTION_KERNEL

_TOGETHER = 64  # frames whose noise is drawn at once


def reach_frames(config: JointConfig) -> int:
    """How many frames to either side one evaluation of the motion stream depends on: attention, block on block, and convolutions.

    It is finite because the attention window holds in every block, joint or not (`model.plan`).
    """
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
