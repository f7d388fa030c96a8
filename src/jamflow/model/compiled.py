"""Compiling the model: the blocks once for each bucket of lengths, inputs padded to the bucket.

The result is that of the unpadded input: convolutions and attention do not see the padding.

What is compiled are the two parts of a block, before and after attention. Weights are their inputs, so all blocks of a stream
share one graph, and so do all solver steps, roles and calls of a bucket.

Shapes: B batch, Ta audio tokens, Tm motion frames, C channels.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from jamflow.compute.compiling import Backend, compiled
from jamflow.model.block import DiTBlock
from jamflow.model.config import JointConfig
from jamflow.model.joint import BlockCode
from jamflow.model.streams import AudioInput, MotionInput


def compiled_blocks(backend: Backend = "inductor") -> BlockCode:
    """What runs of every block, compiled. TorchDynamo keeps graphs with the code: the next call's finds them."""
    return BlockCode(compiled(DiTBlock.project, backend), compiled(DiTBlock.finish, backend))


class Bucket:
    """Pads the inputs of one call and cuts its results.

    Lengths grow in steps of an eighth at most (from 256 tokens on), so that buckets are few at any length.
    """

    def __init__(self, n_audio: int, n_motion: int, config: JointConfig, device: torch.device):
        step = max(32, 1 << max(0, n_audio.bit_length() - 4))
        self._n_audio, self._n_motion = n_audio, n_motion
        self._audio_size = -(-n_audio // step) * step
        frames = math.ceil(self._audio_size / config.token_rate_hz * config.motion_fps - 1e-6)
        self._motion_size = max(frames, n_motion) if n_motion else 0
        self._audio_valid = torch.arange(self._audio_size, device=device)[None] < n_audio
        self._motion_valid = torch.arange(self._motion_size, device=device)[None] < n_motion

    def audio(self, inputs: AudioInput) -> AudioInput:
        """The same, padded; padding is not valid."""
        x, context = self.fill_audio(inputs.x_btc), self.fill_audio(inputs.context_btc)
        return replace(inputs, x_btc=x, context_btc=context, valid_bt=self._audio_valid)

    def motion(self, inputs: MotionInput) -> MotionInput:
        """The same, padded; padding is not valid."""
        size = self._motion_size
        return replace(
            inputs,
            x_btc=_fill(inputs.x_btc, size),
            context_btc=_fill(inputs.context_btc, size),
            given_bt=_fill(inputs.given_bt[..., None], size)[..., 0],
            clue_btc=_fill(inputs.clue_btc, size),
            valid_bt=self._motion_valid,
        )

    def fill_audio(self, x_btc: Tensor) -> Tensor:
        """(B, Ta, C) with zeros up to the bucket's length."""
        return _fill(x_btc, self._audio_size)

    def cut(self, audio_btc: Tensor | None, motion_btc: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
        """Velocities of the true lengths."""
        audio = None if audio_btc is None else audio_btc[:, : self._n_audio]
        return audio, None if motion_btc is None else motion_btc[:, : self._n_motion]


def _fill(x_btc: Tensor, size: int) -> Tensor:
    return F.pad(x_btc, (0, 0, 0, size - x_btc.shape[1]))
