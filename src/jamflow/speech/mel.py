"""Log-mel spectrograms as F5-TTS, Vocos and BigVGAN compute them (24 kHz, 100 bands, hop 256).

`vocos`, what F5-TTS and we use: magnitude STFT (1024, periodic Hann, centred, reflect padding), HTK mel filters without
normalisation, natural logarithm with a floor. `bigvgan`, for checkpoints trained for that vocoder: frames begin at the hop
instead of being centred on it, Slaney's mel scale and normalisation.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SAMPLE_RATE_HZ = 24000
HOP = 256
N_MELS = 100
LOG_FLOOR = 1e-5
FRAME_RATE_HZ = SAMPLE_RATE_HZ / HOP

MelKind = Literal["vocos", "bigvgan"]
_BIGVGAN_POWER_FLOOR = 1e-9
_SLANEY_HZ_PER_MEL, _SLANEY_LINEAR_HZ, _SLANEY_LOG_STEP = 200 / 3, 1000.0, math.log(6.4) / 27


@dataclass(frozen=True)
class MelConfig:
    """floor: the smallest value before the logarithm (the Vocos package's own extractor has 1e-7)."""

    kind: MelKind = "vocos"
    sample_rate_hz: int = SAMPLE_RATE_HZ
    n_fft: int = 1024
    hop: int = HOP
    n_mels: int = N_MELS
    floor: float = LOG_FLOOR


def mel_filterbank(config: MelConfig) -> Tensor:
    """(n_fft // 2 + 1, n_mels) triangular filters on the mel scale from 0 Hz to Nyquist."""
    bins_hz = torch.linspace(0, config.sample_rate_hz // 2, config.n_fft // 2 + 1)
    if config.kind == "vocos":
        return _triangles(htk_hz(config), bins_hz)
    points_hz = _slaney_hz(config, config.sample_rate_hz / 2)
    return (_triangles(points_hz, bins_hz.double()) * (2 / (points_hz[2:] - points_hz[:-2]))).float()  # equal areas


def htk_hz(config: MelConfig) -> Tensor:
    """(n_mels + 2,) where filters of kind `vocos` begin, peak and end: filter m begins at m, peaks at m + 1, ends at m + 2."""
    top_mel = 2595.0 * torch.log10(torch.tensor(1.0 + config.sample_rate_hz / 2 / 700.0))
    return 700.0 * (10.0 ** (torch.linspace(0.0, float(top_mel), config.n_mels + 2) / 2595.0) - 1.0)


def _triangles(points_hz: Tensor, bins_hz: Tensor) -> Tensor:
    width = points_hz[1:] - points_hz[:-1]
    slope = points_hz[None, :] - bins_hz[:, None]
    rising = -slope[:, :-2] / width[:-1]
    falling = slope[:, 2:] / width[1:]
    return torch.clamp(torch.minimum(rising, falling), min=0.0)


def _slaney_hz(config: MelConfig, nyquist: float) -> Tensor:
    """Corners of the filters: even steps of a scale that is linear up to 1 kHz and logarithmic above."""
    knee = _SLANEY_LINEAR_HZ / _SLANEY_HZ_PER_MEL
    top = knee + math.log(nyquist / _SLANEY_LINEAR_HZ) / _SLANEY_LOG_STEP
    mel = torch.linspace(0.0, top, config.n_mels + 2, dtype=torch.float64)
    above = _SLANEY_LINEAR_HZ * torch.exp(_SLANEY_LOG_STEP * (mel - knee))
    return torch.where(mel < knee, mel * _SLANEY_HZ_PER_MEL, above)


class LogMel(nn.Module):
    """Waveform (..., samples) in [-1, 1] to log mel (..., frames, n_mels).

    Frames: samples // hop + 1 for `vocos`, samples // hop for `bigvgan`.
    """

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
        centred = c.kind == "vocos"
        if not centred:
            flat = F.pad(flat[:, None], [(c.n_fft - c.hop) // 2] * 2, mode="reflect")[:, 0]
        spectrum = torch.stft(flat, c.n_fft, c.hop, window=self.window, center=centred, pad_mode="reflect", return_complex=True)
        size = spectrum.abs() if centred else (spectrum.abs().square() + _BIGVGAN_POWER_FLOOR).sqrt()
        mel = torch.log(torch.clamp(size.transpose(1, 2) @ self.filters, min=c.floor))
        return mel.reshape(*wave.shape[:-1], *mel.shape[1:])
