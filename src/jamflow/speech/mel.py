"""Log-mel spectrograms as F5-TTS and Vocos compute them.

Magnitude STFT (periodic Hann, centred, reflect padding), HTK mel filters without normalisation, natural logarithm with a floor.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

SAMPLE_RATE_HZ = 24000
HOP = 256
N_MELS = 100
LOG_FLOOR = 1e-5
FRAME_RATE_HZ = SAMPLE_RATE_HZ / HOP


@dataclass(frozen=True)
class MelConfig:
    sample_rate_hz: int = SAMPLE_RATE_HZ
    n_fft: int = 1024
    hop: int = HOP
    n_mels: int = N_MELS


def mel_filterbank(config: MelConfig) -> Tensor:
    """(n_fft // 2 + 1, n_mels) triangular filters on the mel scale from 0 Hz to Nyquist."""
    bins_hz = torch.linspace(0, config.sample_rate_hz // 2, config.n_fft // 2 + 1)
    points_hz = htk_hz(config)
    width = points_hz[1:] - points_hz[:-1]
    slope = points_hz[None, :] - bins_hz[:, None]
    rising = -slope[:, :-2] / width[:-1]
    falling = slope[:, 2:] / width[1:]
    return torch.clamp(torch.minimum(rising, falling), min=0.0)


def htk_hz(config: MelConfig) -> Tensor:
    """(n_mels + 2,) where the filters begin, peak and end: filter m begins at m, peaks at m + 1, ends at m + 2."""
    top_mel = 2595.0 * torch.log10(torch.tensor(1.0 + config.sample_rate_hz / 2 / 700.0))
    return 700.0 * (10.0 ** (torch.linspace(0.0, float(top_mel), config.n_mels + 2) / 2595.0) - 1.0)


class LogMel(nn.Module):
    """Waveform (..., samples) in [-1, 1] to log mel (..., samples // hop + 1, n_mels)."""

    window: Tensor
    filters: Tensor

    def __init__(self, config: MelConfig | None = None):
        super().__init__()
        self.config = config or MelConfig()
        self.register_buffer("window", torch.hann_window(self.config.n_fft), persistent=False)
        self.register_buffer("filters", mel_filterbank(self.config), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        c = self.config
        flat = wave.reshape(-1, wave.shape[-1])
        spectrum = torch.stft(flat, c.n_fft, c.hop, window=self.window, center=True, pad_mode="reflect", return_complex=True)
        mel = torch.log(torch.clamp(spectrum.abs().transpose(1, 2) @ self.filters, min=LOG_FLOOR))
        return mel.reshape(*wave.shape[:-1], *mel.shape[1:])
