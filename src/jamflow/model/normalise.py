"""Brings mel and key points to about unit scale for the model, and back."""

import torch
from torch import Tensor, nn


class Normaliser(nn.Module):
    """(x - mean) / std per channel, for mel bands, mouth and clue key points. New ones change nothing, as in F5-TTS."""

    mel_mean: Tensor
    mel_std: Tensor
    mouth_mean: Tensor
    mouth_std: Tensor
    clue_mean: Tensor
    clue_std: Tensor

    def __init__(self, n_mels: int, mouth_channels: int, clue_channels: int):
        super().__init__()
        for name, n in (("mel", n_mels), ("mouth", mouth_channels), ("clue", clue_channels)):
            self.register_buffer(f"{name}_mean", torch.zeros(n))
            self.register_buffer(f"{name}_std", torch.ones(n))

    def mel(self, x: Tensor) -> Tensor:
        """Of (..., k * n_mels), k mel frames side by side."""
        return self._frames(x, self.mel_mean, self.mel_std)

    def mel_back(self, x: Tensor) -> Tensor:
        frames = x.unflatten(-1, (-1, len(self.mel_mean)))
        return (frames * self.mel_std + self.mel_mean).flatten(-2)

    def mouth(self, x: Tensor) -> Tensor:
        return (x - self.mouth_mean) / self.mouth_std

    def mouth_back(self, x: Tensor) -> Tensor:
        return x * self.mouth_std + self.mouth_mean

    def clue(self, x: Tensor) -> Tensor:
        return (x - self.clue_mean) / self.clue_std

    @staticmethod
    def _frames(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return ((x.unflatten(-1, (-1, len(mean))) - mean) / std).flatten(-2)
