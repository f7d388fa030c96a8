"""`init base`: the Audio-DiT stays F5-TTS's to the bit, motion is new, the folder speaks."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from golden import Golden, audio_config
from jamflow import JamFlow
from jamflow.errors import UserError
from jamflow.loading import f5
from jamflow.loading.initialise import init_base
from jamflow.loading.joint import load_joint
from jamflow.model.config import JointConfig, MotionConfig, base
from jamflow.model.joint import JointModel, Visibility
from jamflow.model.streams import AudioDiT, AudioInput, MotionInput
from jamflow.weights import registry, tensors
from jamflow.weights.digest import sha256_of
from jamflow.weights.tensors import is_non_commercial, save_tensors
from tiny_base import AUDIO, SAID, awake, make_vocoder, make_voice

SIX = (6, 12, 14, 17, 19, 20)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f5, "f5_config", lambda name: AUDIO)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A checkpoint in the published form, of tiny size."""
    torch.manual_seed(1)
    state = awake(AudioDiT(AUDIO)).state_dict()
    path = tmp_path / "model_1.safetensors"
    save_file({f"ema_model.transformer.{k}": v for k, v in state.items()} | {"step": torch.tensor(5)}, path)
    return path


def test_audio_is_unchanged_and_motion_new(published: Path, tmp_path: Path) -> None:
    joint, normaliser = load_joint(init_base(tmp_path / "out", published, "F5TTS_v1_Base"))
    official = f5.load_f5(published, "F5TTS_v1_Base").state_dict()
    for name, value in joint.audio.state_dict().items():
        assert torch.equal(value, official[name]), name
    assert joint.config.text == "f5" and joint.config.motion.mouth == (14, 17, 19, 20)
    assert joint.motion is not None and not joint.motion.proj_out.weight.any()
    assert joint.motion.proj.weight.any() and float(normaliser.mel_std.min()) == 1
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["joint.safetensors"]


def test_what_comes_from_weights_that_may_not_be_sold_is_marked(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_non_commercial(init_base(tmp_path / "own", published, "F5TTS_v1_Base"))
    official = replace(registry.find("f5-v1-base")[0], bytes=published.stat().st_size, sha256=sha256_of(published))
    monkeypatch.setattr(registry, "PUBLISHED", (official,))
    renamed = published.rename(tmp_path / "mine.safetensors")
    assert is_non_commercial(init_base(tmp_path / "out", renamed, "F5TTS_v1_Base"))
    monkeypatch.setattr(registry, "PUBLISHED", (replace(official, sha256="0" * 64),))
    assert not is_non_commercial(init_base(tmp_path / "other", renamed, "F5TTS_v1_Base"))


def test_seed_and_mouth_decide(published: Path, tmp_path: Path) -> None:
    def motion(folder: str, **options: object) -> dict[str, Tensor]:
        joint, _ = load_joint(init_base(tmp_path / folder, published, "F5TTS_v1_Base", **options))  # type: ignore[arg-type]
        assert joint.motion is not None
        return joint.motion.state_dict()

    one, same, other = motion("a", seed=1), motion("b", seed=1), motion("c", seed=2)
    assert all(torch.equal(one[k], same[k]) for k in one)
    assert not torch.equal(one["proj.weight"], other["proj.weight"])
    six = motion("d", mouth=reversed(SIX))
    joint, normaliser = load_joint(tmp_path / "d/joint.safetensors")
    assert joint.config.motion.mouth == SIX and len(normaliser.clue_mean) == joint.config.motion.clue_channels == 45
    assert six["proj_out.weight"].shape[0] == joint.config.motion.mouth_channels == 18


def test_what_is_random_elsewhere_stays_so(published: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    init_base(tmp_path / "out", published, "F5TTS_Base")
    assert torch.equal(torch.rand(3), expected)


def test_it_speaks_as_the_checkpoint_does(published: Path, tmp_path: Path) -> None:
    voice = make_voice(tmp_path / "me.wav")
    folder = init_base(tmp_path / "out", published, "F5TTS_v1_Base").parent
    save_tensors(folder / "vocoder.safetensors", *make_vocoder())
    out = JamFlow.load(folder).tts("Before any training.", voice=voice, voice_text=SAID, nfe=2)
    assert out.speech.waveform.std() > 0


BAD = {
    "a model is there": ({}, "a model in"),
    "kind unknown": ({"kind": None}, "kind"),
    "not a lip": ({"mouth": (14, 3)}, r"key points \[14, 3\]"),
    "no mouth": ({"mouth": ()}, "mouth"),
    "no such checkpoint": ({"checkpoint": Path("none.safetensors")}, "does not exist"),
    "official weights missing": ({"checkpoint": None}, "f5-v1-base .1348.4 MB, CC-BY-NC-4.0, NON-COMMERCIAL"),
    "no parent": ({"folder": Path("no/where/at/all")}, "cannot be made"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_leaves_nothing(name: str, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAMFLOW_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("JAMFLOW_CACHE", str(tmp_path / "cache"))
    options, message = BAD[name]
    arguments = {"folder": tmp_path / "out", "checkpoint": published, "kind": "F5TTS_v1_Base"} | options
    if name == "a model is there":
        arguments["folder"].mkdir()
        (arguments["folder"] / "joint.safetensors").write_bytes(b"mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=message) as error:
        init_base(**arguments)
    assert error.value.hint and sorted(tmp_path.rglob("*")) == before


def test_a_full_disk_leaves_nothing(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(state: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tensors, "save_file", full)
    with pytest.raises(UserError, match="no room"):
        init_base(tmp_path / "out", published, "F5TTS_v1_Base")
    assert not (tmp_path / "out").exists()


def audio_input(rows: int = 2, length: int = 40) -> AudioInput:
    g = torch.Generator().manual_seed(0)
    x, context = torch.randn(2, rows, length, 100, generator=g)
    drop = torch.zeros(rows, dtype=torch.bool)
    return AudioInput(x, context, torch.rand(rows, generator=g), torch.randint(0, 2545, (rows, 12), generator=g), drop, drop)


def motion_input(rows: int = 2, frames: int = 11) -> MotionInput:
    g = torch.Generator().manual_seed(1)
    x, context = torch.randn(2, rows, frames, 12, generator=g)
    drop, given = torch.zeros(rows, dtype=torch.bool), torch.zeros(rows, frames, dtype=torch.bool)
    return MotionInput(x, context, given, torch.randn(rows, frames, 51, generator=g), torch.rand(rows, generator=g), drop, drop)


@torch.inference_mode()
@pytest.mark.parametrize("joint", ["none", "half", "full"])
def test_without_joint_attention_the_audio_stream_is_f5_tts(joint: str, published: Path, tmp_path: Path) -> None:
    made, _ = load_joint(init_base(tmp_path / "out", published, "F5TTS_v1_Base"))
    model = JointModel(replace(made.config, joint=joint)).eval()  # type: ignore[arg-type]
    model.load_state_dict(made.state_dict())
    alone = JointModel(made.config, f5.load_f5(published, "F5TTS_v1_Base"), with_motion=False)
    expected, _ = alone(audio_input(), None)
    lips = motion_input()
    blind = Visibility(torch.zeros(2, dtype=torch.bool), torch.ones(2, dtype=torch.bool))
    got, _ = model(audio_input(), lips, blind)
    assert torch.equal(got, expected)
    seeing, _ = model(audio_input(), lips)
    assert torch.equal(seeing, expected) == (joint == "none"), "with it, motion is seen"


@torch.inference_mode()
@pytest.mark.parametrize(("file", "case"), [("tiny", "v1/b1"), ("tiny", "v1/b3"), ("base", "v1_depth2/b2")])
def test_golden_values_with_a_motion_stream_beside(file: str, case: str) -> None:
    golden = Golden("f5tts", f"dit_{file}.npz")
    about = golden.meta["cases"][case]
    names = about["inputs"]
    model = JointModel(JointConfig(audio_config(about["config"]), MotionConfig(dim=32), "full")).eval()
    golden.fill(model.audio, about["weights"], "transformer.")
    x = golden.input(names["x"])
    rows = len(x)
    valid = None
    if names["lens"]:
        valid = torch.arange(x.shape[1])[None] < golden.input(names["lens"])[:, None]
    no = torch.zeros(rows, dtype=torch.bool)
    time = golden.input(names["time"]).expand(rows)
    audio = AudioInput(x, golden.input(names["cond"]), time, golden.input(names["text"]), no, no, valid)
    out, _ = model(audio, motion_input(rows, 9), Visibility(no, ~no))
    golden.check(f"{case}/out", out, atol=2e-4)


def test_sizes_of_base() -> None:
    """Of the official size only shapes are made."""
    with torch.device("meta"):
        model = JointModel(base())
    assert sum(p.numel() for p in model.audio.parameters()) == 337_096_804
    assert model.motion is not None and model.motion.proj_out.out_features == 12 and base().text == "f5"
