"""Vocos: log mel to waveform by one inverse STFT (arXiv 2306.00814), key for key as `charactr/vocos-mel-24khz`.

A ConvNeXt backbone at frame rate predicts the log magnitude and the phase of every STFT bin; nothing runs at
sample rate, which is what makes it fast on a CPU.

Shapes: B batch, T mel frames, M mel bands, D width, F bins of the STFT (n_fft // 2 + 1), N samples.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.compute.linear import Linear, LinearGelu
from jamflow.errors import UserError
from jamflow.mel_format import MelFormat
from jamflow.weights.foreign import read_checkpoint
from jamflow.weights.tensors import filled, load_strictly, load_tensors

MAGNITUDE_LIMIT = 100.0


@dataclass(frozen=True)
class VocosConfig:
    """The defaults are the released 24 kHz model. `mel` is what comes in, and the rate, FFT size and hop of what comes out."""

    mel: MelFormat = field(default_factory=MelFormat)
    dim: int = 512
    intermediate_dim: int = 1536
    layers: int = 8


def vocos_24khz() -> VocosConfig:
    """The official weights' configuration."""
    return VocosConfig()


def vocos_mini() -> VocosConfig:
    """The vocoder that ships with `mini`."""
    return VocosConfig(dim=320, intermediate_dim=960)


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, then a pointwise bottleneck, scaled per channel and added."""

    def __init__(self, dim: int, intermediate_dim: int, layer_scale: float):
        super().__init__()
        self.dwconv = nn.Conv1d(dim, dim, kernel_size=7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = LinearGelu(dim, intermediate_dim)
        self.pwconv2 = Linear(intermediate_dim, dim)
        self.gamma = nn.Parameter(torch.full((dim,), layer_scale))

    def forward(self, x_bdt: Tensor) -> Tensor:
        y_btd = self.norm(self.dwconv(x_bdt).transpose(1, 2))
        y_btd = self.gamma * self.pwconv2(self.pwconv1(y_btd))
        return x_bdt + y_btd.transpose(1, 2)


class VocosBackbone(nn.Module):
    def __init__(self, config: VocosConfig):
        super().__init__()
        self.embed = nn.Conv1d(config.mel.bands, config.dim, kernel_size=7, padding=3)
        self.norm = nn.LayerNorm(config.dim, eps=1e-6)
        scale = 1.0 / config.layers
        blocks = [ConvNeXtBlock(config.dim, config.intermediate_dim, scale) for _ in range(config.layers)]
        self.convnext = nn.ModuleList(blocks)
        self.final_layer_norm = nn.LayerNorm(config.dim, eps=1e-6)
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, mel_btm: Tensor) -> Tensor:
        x_bdt = self.embed(mel_btm.transpose(1, 2))
        x_bdt = self.norm(x_bdt.transpose(1, 2)).transpose(1, 2)
        for block in self.convnext:
            x_bdt = block(x_bdt)
        return self.final_layer_norm(x_bdt.transpose(1, 2))


class ISTFTHead(nn.Module):
    """Log magnitude and phase per bin, then the inverse STFT."""

    window: Tensor

    def __init__(self, config: VocosConfig):
        super().__init__()
        self.n_fft, self.hop = config.mel.n_fft, config.mel.hop
        self.out = Linear(config.dim, self.n_fft + 2)
        self.register_buffer("window", torch.hann_window(self.n_fft), persistent=False)

    def forward(self, x_btd: Tensor) -> Tensor:
        log_magnitude, phase = self.out(x_btd).transpose(1, 2).float().chunk(2, dim=1)
        magnitude = torch.exp(log_magnitude).clamp(max=MAGNITUDE_LIMIT)
        return self.istft(torch.complex(magnitude * torch.cos(phase), magnitude * torch.sin(phase)))

    def istft(self, spectrum_bft: Tensor) -> Tensor:
        """(B, F, T) complex to (B, (T - 1) * hop) samples: the first and last frames are centred on the ends."""
        frames_bnt = torch.fft.irfft(spectrum_bft, self.n_fft, dim=1) * self.window[:, None]
        t = frames_bnt.shape[-1]
        span = (t - 1) * self.hop + self.n_fft
        fold = {"output_size": (1, span), "kernel_size": (1, self.n_fft), "stride": (1, self.hop)}
        wave = F.fold(frames_bnt, **fold)[:, 0, 0]
        weight = F.fold(self.window.square()[None, :, None].expand(1, -1, t), **fold)[0, 0, 0]
        cut = self.n_fft // 2
        return wave[:, cut : span - cut] / weight[cut : span - cut]


class Vocoder(nn.Module):
    """What makes sound of a mel.

    `forward` takes log mel (B, T, bands) to a waveform (B, (T - 1) * hop) in [-1, 1]. The first and the last mel frame are
    centred on its ends.
    """

    def __init__(self, mel_format: MelFormat):
        super().__init__()
        self.mel_format = mel_format


class Vocos(Vocoder):
    """The vocoder of `mini` and of F5-TTS (arXiv 2306.00814)."""

    def __init__(self, config: VocosConfig):
        super().__init__(config.mel)
        self.config = config
        self.backbone = VocosBackbone(config)
        self.head = ISTFTHead(config)

    def forward(self, mel_btm: Tensor) -> Tensor:
        return self.head(self.backbone(mel_btm))


def load_vocoder(path: Path) -> Vocos:
    """A vocoder file of this project, ready for inference.

    Raises:
        UserError: the file is missing, damaged, or of another model.
    """
    tensors, raw = load_tensors(path)
    try:
        config = vocos_config(raw)
        vocoder = filled(lambda: Vocos(config), tensors, path, "the vocoder")
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError, ZeroDivisionError) as error:
        raise UserError(f"{path} is a model file of JAM-Flow, but not of a vocoder.", "Check which file it is.") from error
    return vocoder.eval().requires_grad_(False)


def vocos_config(raw: dict[str, Any]) -> VocosConfig:
    """A configuration from its JSON form."""
    raw = dict(raw)
    if "mel" in raw:
        return VocosConfig(MelFormat(**raw.pop("mel")), **raw)
    raw.pop("padding", None)  # the first files name it, but it is always "center"; they lack the sample rate, which is 24 kHz
    return VocosConfig(MelFormat(hop=raw.pop("hop"), n_fft=raw.pop("n_fft"), bands=raw.pop("n_mels")), **raw)


def load_official_vocos(path: Path) -> Vocos:
    """`pytorch_model.bin` of charactr/vocos-mel-24khz, ready for inference.

    Raises:
        UserError: the file cannot be read or is of another model.
    """
    vocoder = Vocos(vocos_24khz())
    state = {
        name: value
        for name, value in read_checkpoint(path).items()
        if not name.startswith("feature_extractor.") and name != "head.istft.window"
    }
    load_strictly(vocoder, state, path, "Vocos")
    return vocoder.eval().requires_grad_(False)
