"""Train the vocoder: first on spectral distances alone, then also against multi-resolution discriminators.

The objective is Vocos's (arXiv 2306.00814, section 3.3) without the period discriminators, which cost more than everything else
on a CPU, and with a multi-resolution STFT distance.
"""

import itertools
import logging
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.data.corpus import Shard, non_commercial, shards
from jamflow.speech.mel import LogMel
from jamflow.speech.vocoder import Vocos, VocosConfig, vocos_mini
from jamflow.train.checkpoint import load_checkpoint, save_checkpoint
from jamflow.train.ema import EMA
from jamflow.train.log import RunLog, Tally

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class VocoderTraining:
    """How the vocoder is trained. `frames` is the length of a training piece in mel frames."""

    steps: int = 28000
    adversarial_from: int = 4000
    batch: int = 16
    frames: int = 48
    lr: float = 8e-4
    lr_end: float = 1e-5
    lr_discriminator: float = 5e-4
    judged: int = 8  # rows of a batch that the discriminators see: they cost several times as much as the generator
    ema_decay: float = 0.999
    mel_weight: float = 15.0
    mel_noise: float = 0.1
    discriminator_channels: int = 16
    save_every: int = 250
    seed: int = 0


def _conv(*size: int | tuple[int, int], **settings: tuple[int, int]) -> nn.Module:
    """A weight-normed convolution that keeps the variance of its input.

    PyTorch's default initialisation shrinks it a hundredfold over six layers, and in a few thousand steps the discriminators
    learn nothing.
    """
    conv = nn.Conv2d(*size, **settings)  # pyright: ignore[reportArgumentType]
    nn.init.kaiming_normal_(conv.weight, a=0.1)
    return nn.utils.parametrizations.weight_norm(conv)


class ResolutionDiscriminator(nn.Module):
    """Scores a waveform by its complex STFT at one resolution."""

    window: Tensor

    def __init__(self, n_fft: int, channels: int):
        super().__init__()
        self.n_fft = n_fft
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        c = channels
        self.layers = nn.ModuleList(
            [
                _conv(2, c, (7, 5), stride=(2, 1), padding=(3, 2)),
                _conv(c, c, (5, 3), stride=(2, 1), padding=(2, 1)),
                _conv(c, 2 * c, (5, 3), stride=(2, 1), padding=(2, 1)),
                _conv(2 * c, 2 * c, (5, 3), stride=(2, 2), padding=(2, 1)),
                _conv(2 * c, 2 * c, (3, 3), padding=(1, 1)),
            ]
        )
        self.score = _conv(2 * c, 1, (3, 3), padding=(1, 1))

    def forward(self, wave_bn: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(B, N) to the scores of all patches and the feature maps of all layers, in bfloat16."""
        spectrum = torch.stft(wave_bn, self.n_fft, self.n_fft // 4, window=self.window, return_complex=True, pad_mode="constant")
        # Magnitudes are compressed, so that quiet detail counts. Phase is kept.
        spectrum = spectrum * (spectrum.abs() + 1e-3).pow(-0.6)
        x = torch.view_as_real(spectrum).permute(0, 3, 1, 2)
        features = []
        with torch.autocast(wave_bn.device.type, torch.bfloat16):
            for layer in self.layers:
                x = F.leaky_relu(layer(x), 0.1)
                features.append(x)
            return self.score(x), features


def spectral_distance(fake_bn: Tensor, real_bn: Tensor) -> Tensor:
    """L1 of log magnitudes plus half the spectral convergence, summed over three resolutions."""
    total = fake_bn.new_zeros(())
    for n_fft in (512, 1024, 2048):
        window = torch.hann_window(n_fft, device=fake_bn.device)
        a, b = (
            torch.stft(x, n_fft, n_fft // 4, window=window, return_complex=True).abs().clamp(min=1e-5) for x in (fake_bn, real_bn)
        )
        total = total + F.l1_loss(a.log(), b.log()) + 0.5 * (a - b).norm() / b.norm()
    return total


def crops(folder: Path, config: VocoderTraining, hop: int, first: int = 0) -> Iterator[Tensor]:
    """Endless batches (B, N) of random pieces, `frames` mel frames long, at random levels, from number `first` on."""
    corpus: list[Shard] = list(shards(folder))
    weights = np.array([len(s.wave) for s in corpus], float)
    length = config.frames * hop
    for number in itertools.count(first):
        rng = np.random.default_rng([config.seed, number])
        batch = []
        while len(batch) < config.batch:
            wave = corpus[rng.choice(len(corpus), p=weights / weights.sum())].wave
            start = int(rng.integers(0, len(wave) - length))
            piece = wave[start : start + length].astype(np.float32) / 32767
            if np.abs(piece).max() > 0.01 or rng.random() < 0.05:
                batch.append(piece * 10 ** rng.uniform(-0.6, 0.2))
        yield torch.from_numpy(np.stack(batch)).clamp(-1, 1)


def train_vocoder(corpus: Path, run: Path, config: VocoderTraining, model_config: VocosConfig | None = None) -> Path:
    """Train or resume; returns the path of the checkpoint, whose `ema` entry is the model to ship.

    A run that was stopped goes on with the numbers that it would have had.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(config.seed)
    model_config = model_config or vocos_mini()
    model = Vocos(model_config).to(device)
    judges = nn.ModuleList([ResolutionDiscriminator(n, config.discriminator_channels) for n in (512, 1024, 2048)]).to(device)
    log_mel = LogMel(model_config.mel).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), config.lr, betas=(0.8, 0.95))
    judge_optimizer = torch.optim.AdamW(judges.parameters(), config.lr_discriminator, betas=(0.8, 0.95))
    ema = EMA(model, config.ema_decay)
    tally = Tally()
    path = run / "vocoder.pt"
    step = 0
    if state := load_checkpoint(path):
        model.load_state_dict(state["model"])
        judges.load_state_dict(state["judges"])
        optimizer.load_state_dict(state["optimizer"])
        judge_optimizer.load_state_dict(state["judge_optimizer"])
        ema.load_state_dict(state["ema"])
        tally.sums = state["tally"]
        step = state["step"]
    log = RunLog(run, step)
    marked = non_commercial(shards(corpus))
    for real in crops(corpus, config, model_config.mel.hop, step):
        if step >= config.steps:
            break
        progress = min(1.0, step / config.steps)
        lr = config.lr_end + (config.lr - config.lr_end) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1.0, (step + 1) / 200)
        real = real.to(device)
        mel = log_mel(real)
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
        strength, noise = torch.rand(len(mel), 1, 1, generator=generator), torch.randn(mel.shape, generator=generator)
        noisy = mel + config.mel_noise * (strength * noise).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            hidden = model.backbone(noisy)
        fake = model.head(hidden.float())
        real = real[:, : fake.shape[1]]
        adversarial = step >= config.adversarial_from
        values: dict[str, Tensor] = {}
        if adversarial:
            shown, truth = fake[: config.judged], real[: config.judged]
            loss_judge = fake.new_zeros(())
            for judge in judges:
                on_real, on_fake = judge(truth)[0].float(), judge(shown.detach())[0].float()
                loss_judge = loss_judge + F.relu(1 - on_real).mean() + F.relu(1 + on_fake).mean()
            judge_optimizer.zero_grad(set_to_none=True)
            loss_judge.backward()
            judge_optimizer.step()
            values["judge"] = loss_judge
        values["mel"] = F.l1_loss(log_mel(fake), mel)
        values["spectral"] = spectral_distance(fake, real)
        loss = config.mel_weight * values["mel"] + (1.0 if adversarial else 3.0) * values["spectral"]
        if adversarial:
            values["fool"], values["match"] = fake.new_zeros(()), fake.new_zeros(())
            for judge in judges.requires_grad_(False):
                score, features = judge(shown)
                with torch.no_grad():
                    _, wanted = judge(truth)
                values["fool"] = values["fool"] + F.relu(1 - score.float()).mean()
                values["match"] = values["match"] + sum(
                    F.l1_loss(a.float(), b.float()) for a, b in zip(features, wanted, strict=True)
                ) / len(features)
            loss = loss + values["fool"] + 2.0 * values["match"]
            judges.requires_grad_(True)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        ema.update(model)
        step += 1
        for name, value in values.items():
            tally.add(name, value)
        if step % 50 == 0 or step == config.steps:
            logger.info(log.write(step, lr=lr, **tally.means()))
            tally = Tally()
        if step % config.save_every == 0 or step == config.steps:
            save_checkpoint(
                path,
                {
                    "step": step,
                    "config": asdict(model_config),
                    "model": model.state_dict(),
                    "judges": judges.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "judge_optimizer": judge_optimizer.state_dict(),
                    "ema": ema.state_dict(),
                    "tally": tally.sums,
                    "non_commercial": marked,
                },
            )
    return path
