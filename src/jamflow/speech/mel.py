"""Log-mel spectrograms as F5-TTS and Vocos compute them (24 kHz, 100 bands, hop 256).

Magnitude STFT (1024, periodic Hann, centred, reflect padding), HTK mel filters without normalisation,
natural logarithm with a floor of 1e-5.
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
    """(n_fft // 2 + 1, n_mels) triangular filters on the HTK mel scale from 0 Hz to Nyquist."""
    nyquist = config.sample_rate_hz / 2
    top_mel = 2595.0 * torch.log10(torch.tensor(1.0 + nyquist / 700.0))
    points_hz = 700.0 * (10.0 ** (torch.linspace(0.0, float(top_mel), config.n_mels + 2) / 2595.0) - 1.0)
    bins_hz = torch.linspace(0, config.sample_rate_hz // 2, config.n_fft // 2 + 1)
    width = points_hz[1:] - points_hz[:-1]
    slope = points_hz[None, :] - bins_hz[:, None]
    rising = -slope[:, :-2] / width[:-1]
    falling = slope[:, 2:] / width[1:]
    return torch.clamp(torch.minimum(rising, falling), min=0.0)


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
        spectrum = torch.stft(
            flat, c.n_fft, c.hop, window=self.window, center=True, pad_mode="reflect", return_complex=True
        )
        mel = spectrum.abs().transpose(1, 2) @ self.filters
        mel = torch.log(torch.clamp(mel, min=LOG_FLOOR))
        return mel.reshape(*wave.shape[:-1], *mel.shape[1:])
