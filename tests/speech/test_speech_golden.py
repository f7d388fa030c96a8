"""Mel and vocoder give the official code's numbers."""

import json
from pathlib import Path

import pytest
import torch

from golden import SHARED, Golden
from jamflow.errors import UserError
from jamflow.speech.mel import LogMel, MelConfig, mel_filterbank
from jamflow.speech.vocoder import ISTFTHead, Vocos, VocosConfig, load_official_vocos

MELS = {
    "vocos": MelConfig(),
    "bigvgan": MelConfig(kind="bigvgan"),
    "vocos_package": MelConfig(floor=1e-7),
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in MELS for name in ("wave", "silence")]
    + [(kind, name) for kind in ("vocos", "bigvgan") for name in ("wave_short", "wave_1000")],
)
def test_log_mel(kind: str, name: str) -> None:
    golden = Golden("f5tts", "mel.npz")
    wave = torch.zeros(1, 2048) if name == "silence" else golden.input(name)
    mel = LogMel(MELS[kind])(wave if wave.dim() == 2 else wave[None])
    golden.check(f"{kind}/{name}", mel.transpose(1, 2), atol=2e-4)


def test_filters() -> None:
    golden = Golden("f5tts", "mel.npz")
    golden.check("filterbank/htk_none", mel_filterbank(MELS["vocos"]), atol=2e-5)  # torchaudio rounds in single precision
    golden.check("filterbank/slaney_slaney", mel_filterbank(MELS["bigvgan"]).T, atol=1e-6)


@pytest.mark.parametrize("case", ["tiny", "tiny_same", "tiny_quiet", "real"])
def test_vocos(case: str) -> None:
    golden = Golden("f5tts", "vocos.npz")
    about = golden.meta["cases"][case]
    backbone, head = about["config"]["backbone"], about["config"]["head"]
    config = VocosConfig(
        n_mels=backbone["input_channels"],
        dim=backbone["dim"],
        intermediate_dim=backbone["intermediate_dim"],
        layers=backbone["num_layers"],
        n_fft=head["n_fft"],
        hop=head["hop_length"],
        padding=head["padding"],
    )
    model = Vocos(config).eval()
    golden.fill(model, about["weights"])
    golden.check(f"{case}/wave", model(golden.input(about["inputs"]["mel"]).transpose(1, 2)), atol=1e-5)


def test_copy_synthesis() -> None:
    """A wave to the Vocos package's own mel and back."""
    golden = Golden("f5tts", "vocos.npz")
    model = Vocos(VocosConfig()).eval()
    golden.fill(model, golden.meta["cases"]["copy"]["weights"])
    mel = LogMel(MELS["vocos_package"])(golden.input("copy/wave")[None])
    golden.check("copy/wave_out", model(mel), atol=1e-4)


def test_loud_magnitudes_are_limited() -> None:
    golden = Golden("f5tts", "vocos.npz")
    about = golden.meta["cases"]["head_loud"]["config"]["head"]
    model = Vocos(VocosConfig(dim=about["dim"], n_fft=about["n_fft"], hop=about["hop_length"])).eval()
    golden.fill(model, "vocos")
    golden.check("head_loud/wave", model.head(golden.input("head_loud/x")), atol=1e-4)


@pytest.mark.parametrize("padding", ["center", "same"])
def test_inverse_stft(padding: str) -> None:
    golden = Golden("f5tts", "vocos.npz")
    about = golden.meta["cases"][f"istft/{padding}"]
    head = ISTFTHead(VocosConfig(dim=8, n_fft=about["n_fft"], hop=about["hop_length"], padding=about["padding"]))
    spectrum = torch.complex(golden.input("istft/real"), golden.input("istft/imag"))
    golden.check(f"istft/{padding}", head.istft(spectrum), atol=1e-6)


def test_the_official_vocos_file_loads(tmp_path: Path) -> None:
    manifest = SHARED / "golden/f5tts/state_dict_manifest.json"
    if not manifest.exists():
        pytest.skip(f"no reference values: {manifest} is absent")
    entries = json.loads(manifest.read_text())["modules"]["vocos_mel_24khz"]["entries"]
    generator = torch.Generator().manual_seed(0)
    state = {key: torch.randn(shape, generator=generator) for key, shape, *_ in entries}
    torch.save(state, tmp_path / "pytorch_model.bin")
    loaded = load_official_vocos(tmp_path / "pytorch_model.bin").state_dict()
    assert all(torch.equal(value, state[key]) for key, value in loaded.items())
    del state["head.out.bias"]
    torch.save(state, tmp_path / "other.bin")
    with pytest.raises(UserError, match="lacks 1 tensors, head"):
        load_official_vocos(tmp_path / "other.bin")
