"""Mel and vocoder give the official code's numbers."""

import pytest
import torch

from golden import Golden
from jamflow.speech.mel import LogMel
from jamflow.speech.vocoder import ISTFTHead, Vocos, VocosConfig


@pytest.mark.parametrize("name", ["wave", "wave_short", "wave_1000"])
def test_log_mel(name: str) -> None:
    golden = Golden("f5tts", "mel.npz")
    wave = golden.input(name)
    mel = LogMel()(wave if wave.dim() == 2 else wave[None])
    golden.check(f"vocos/{name}", mel.transpose(1, 2), atol=2e-4)


@pytest.mark.parametrize("case", ["tiny", "tiny_same", "tiny_quiet", "real"])
def test_vocos(case: str) -> None:
    golden = Golden("f5tts", "vocos.npz")
    about = golden.meta["cases"][case]
    backbone, head = about["config"]["backbone"], about["config"]["head"]
    config = VocosConfig(
        n_mels=backbone["input_channels"], dim=backbone["dim"], intermediate_dim=backbone["intermediate_dim"],
        layers=backbone["num_layers"], n_fft=head["n_fft"], hop=head["hop_length"], padding=head["padding"],
    )  # fmt: skip
    model = Vocos(config).eval()
    golden.fill(model, about["weights"])
    golden.check(f"{case}/wave", model(golden.input(about["inputs"]["mel"]).transpose(1, 2)), atol=1e-5)


@pytest.mark.parametrize("padding", ["center", "same"])
def test_inverse_stft(padding: str) -> None:
    golden = Golden("f5tts", "vocos.npz")
    about = golden.meta["cases"][f"istft/{padding}"]
    head = ISTFTHead(VocosConfig(dim=8, n_fft=about["n_fft"], hop=about["hop_length"], padding=about["padding"]))
    spectrum = torch.complex(golden.input("istft/real"), golden.input("istft/imag"))
    golden.check(f"istft/{padding}", head.istft(spectrum), atol=1e-6)
