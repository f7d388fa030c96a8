"""Mel and vocoder give the official code's numbers."""

from pathlib import Path

import pytest
import torch

from golden import Golden, official_entries
from jamflow.errors import UserError
from jamflow.mel_format import MelFormat
from jamflow.speech.mel import LogMel, mel_filterbank
from jamflow.speech.vocoder import ISTFTHead, Vocos, VocosConfig, load_official_vocos

MEL = MelFormat()


@pytest.mark.parametrize("name", ["wave", "silence", "wave_short", "wave_1000"])
def test_log_mel(name: str) -> None:
    golden = Golden("f5tts", "mel.npz")
    wave = torch.zeros(1, 2048) if name == "silence" else golden.input(name)
    mel = LogMel(MEL)(wave if wave.dim() == 2 else wave[None])
    golden.check(f"vocos/{name}", mel.transpose(1, 2), atol=2e-4)


def test_filters() -> None:
    golden = Golden("f5tts", "mel.npz")
    golden.check("filterbank/htk_none", mel_filterbank(MEL), atol=2e-5)  # torchaudio rounds in single precision


@pytest.mark.parametrize("case", ["tiny", "tiny_quiet", "real"])
def test_vocos(case: str) -> None:
    golden = Golden("f5tts", "vocos.npz")
    about = golden.meta["cases"][case]
    backbone, head = about["config"]["backbone"], about["config"]["head"]
    config = VocosConfig(
        mel=MelFormat(n_fft=head["n_fft"], hop=head["hop_length"], bands=backbone["input_channels"]),
        dim=backbone["dim"],
        intermediate_dim=backbone["intermediate_dim"],
        layers=backbone["num_layers"],
    )
    model = Vocos(config).eval()
    golden.fill(model, about["weights"])
    golden.check(f"{case}/wave", model(golden.input(about["inputs"]["mel"]).transpose(1, 2)), atol=1e-5)


def test_copy_synthesis() -> None:
    """A wave to mel and back. The Vocos package's own mel has a lower floor, which this wave does not reach."""
    golden = Golden("f5tts", "vocos.npz")
    model = Vocos(VocosConfig()).eval()
    golden.fill(model, golden.meta["cases"]["copy"]["weights"])
    mel = LogMel(MEL)(golden.input("copy/wave")[None])
    golden.check("copy/wave_out", model(mel), atol=1e-4)


def test_loud_magnitudes_are_limited() -> None:
    golden = Golden("f5tts", "vocos.npz")
    about = golden.meta["cases"]["head_loud"]["config"]["head"]
    model = Vocos(VocosConfig(MelFormat(n_fft=about["n_fft"], hop=about["hop_length"]), about["dim"])).eval()
    golden.fill(model, "vocos")
    golden.check("head_loud/wave", model.head(golden.input("head_loud/x")), atol=1e-4)


def test_inverse_stft() -> None:
    golden = Golden("f5tts", "vocos.npz")
    about = golden.meta["cases"]["istft/center"]
    head = ISTFTHead(VocosConfig(MelFormat(n_fft=about["n_fft"], hop=about["hop_length"]), 8))
    spectrum = torch.complex(golden.input("istft/real"), golden.input("istft/imag"))
    golden.check("istft/center", head.istft(spectrum), atol=1e-6)


def test_the_official_vocos_file_loads(tmp_path: Path) -> None:
    entries = official_entries("f5tts", "vocos_mel_24khz")
    generator = torch.Generator().manual_seed(0)
    state = {key: torch.randn(shape, generator=generator) for key, shape in entries.items()}
    torch.save(state, tmp_path / "pytorch_model.bin")
    loaded = load_official_vocos(tmp_path / "pytorch_model.bin").state_dict()
    assert all(torch.equal(value, state[key]) for key, value in loaded.items())
    del state["head.out.bias"]
    torch.save(state, tmp_path / "other.bin")
    with pytest.raises(UserError, match="lacks 1 tensors, head"):
        load_official_vocos(tmp_path / "other.bin")
