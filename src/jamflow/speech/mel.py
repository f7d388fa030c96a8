"""Log-mel spectrograms as F5-TTS and Vocos compute them.

Magnitude STFT (periodic Hann, centred, reflect padding), HTK mel filters without normalisation, natural logarithm with a floor.
"""

import torch
from torch import Tensor, nn

from jamflow.mel_format import MelFormat

LOG_FLOOR = 1e-5


def mel_filterbank(mel_format: MelFormat) -> Tensor:
    """(n_fft // 2 + 1, bands) triangular filters on the mel scale from 0 Hz to Nyquist."""
    bins_hz = torch.linspace(0, mel_format.sample_rate_hz // 2, mel_format.n_fft // 2 + 1)
    points_hz = htk_hz(mel_format)
    width = points_hz[1:] - points_hz[:-1]
    slope = points_hz[None, :] - bins_hz[:, None]
    rising = -slope[:, :-2] / width[:-1]
    falling = slope[:, 2:] / width[1:]
    return torch.clamp(torch.minimum(rising, falling), min=0.0)


def htk_hz(mel_format: MelFormat) -> Tensor:
    """(bands + 2,) where the filters begin, peak and end: filter m begins at m, peaks at m + 1, ends at m + 2."""
    top_mel = 2595.0 * torch.log10(torch.tensor(1.0 + mel_format.sample_rate_hz / 2 / 700.0))
    return 700.0 * (10.0 ** (torch.linspace(0.0, float(top_mel), mel_format.bands + 2) / 2595.0) - 1.0)


class LogMel(nn.Module):
    """Waveform (..., samples) in [-1, 1] to log mel (..., samples // hop + 1, bands)."""

    window: Tensor
    filters: Tensor

    def __init__(self, mel_format: MelFormat):
        super().__init__()
        self.format = mel_format
        self.register_buffer("window", torch.hann_window(mel_format.n_fft), persistent=False)
        self.register_buffer("filters", mel_filterbank(mel_format), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        f = self.format
        flat = wave.reshape(-1, wave.shape[-1])
        spectrum = torch.stft(flat, f.n_fft, f.hop, window=self.window, center=True, pad_mode="reflect", return_complex=True)
        mel = torch.log(torch.clamp(spectrum.abs().transpose(1, 2) @ self.filters, min=LOG_FLOOR))
        return mel.reshape(*wave.shape[:-1], *mel.shape[1:])
