"""From runs to files that ship, and the mark of what may not be used commercially, from shards to results."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_stages import SHORT, TINY

from corpora import make_corpus
from jamflow.app.cli import run as command
from jamflow.errors import UserError
from jamflow.loading.joint import load_joint
from jamflow.loading.model import assemble
from jamflow.mel_format import MelFormat
from jamflow.speech.vocoder import VocosConfig
from jamflow.text.durations import load_durations
from jamflow.text.phonemes import symbols
from jamflow.train.checkpoint import load_checkpoint
from jamflow.train.durations import DurationTraining, train_durations
from jamflow.train.export import export_durations, export_joint, export_vocoder
from jamflow.train.joint import train_joint
from jamflow.train.start import start_from
from jamflow.train.vocoder import VocoderTraining, train_vocoder
from jamflow.weights import shipped
from jamflow.weights.tensors import is_non_commercial, load_tensors, save_tensors
from tiny_mini import make_mini


def marked_corpus(root: Path) -> Path:
    corpus = make_corpus(root)
    (corpus / "shard-0/shard.json").write_text(json.dumps({"version": 1, "mel": {}, "non_commercial": True}))
    return corpus


@pytest.mark.parametrize("marked", [False, True])
def test_what_learns_from_a_marked_shard_is_marked(tmp_path: Path, marked: bool) -> None:
    corpus = marked_corpus(tmp_path / "corpus") if marked else make_corpus(tmp_path / "corpus")
    train_joint(corpus, tmp_path / "joint", replace(SHORT, steps=2), TINY)
    small = VocoderTraining(steps=2, batch=2, frames=24, save_every=2)
    train_vocoder(corpus, tmp_path / "vocoder", small, VocosConfig(dim=16, intermediate_dim=32, layers=1))
    train_durations(corpus, tmp_path / "durations", DurationTraining(steps=2, batch=2))
    (tmp_path / "out").mkdir()
    for export in (export_joint, export_vocoder, export_durations):
        file = export(tmp_path / export.__name__.removeprefix("export_"), tmp_path / "out")
        assert is_non_commercial(file) == marked


def test_the_exported_model_is_the_average_without_the_phoneme_head(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path / "corpus")
    checkpoint = train_joint(corpus, tmp_path / "joint", replace(SHORT, steps=10), TINY)
    train_durations(corpus, tmp_path / "durations", DurationTraining(steps=2, batch=2))
    (tmp_path / "out").mkdir()
    model, normaliser = load_joint(export_joint(tmp_path / "joint", tmp_path / "out"))
    state = load_checkpoint(checkpoint)
    assert state is not None and state["phoneme_head"]
    tensors, _ = load_tensors(tmp_path / "out/joint.safetensors")
    assert {k.split(".")[0] for k in tensors} == {"model", "normaliser"}
    assert {k.removeprefix("model.") for k in tensors if k.startswith("model.")} == set(state["model"])
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, state["ema"][name], atol=1e-3, rtol=1e-3)
    assert model.config == TINY and torch.allclose(normaliser.mel_mean, state["normaliser"]["mel_mean"], atol=0.01)
    load_durations(export_durations(tmp_path / "durations", tmp_path / "out"), len(symbols()))


def test_a_training_that_goes_on_from_a_marked_model_is_marked(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path / "corpus")
    once = replace(SHORT, steps=1)
    train_joint(marked_corpus(tmp_path / "marked"), tmp_path / "first", once, TINY)
    (tmp_path / "out").mkdir()
    for number, source in enumerate((tmp_path / "first", export_joint(tmp_path / "first", tmp_path / "out"))):
        state = load_checkpoint(train_joint(corpus, tmp_path / f"{number}", once, TINY, start_from(source)))
        assert state is not None and state["non_commercial"]


def test_a_run_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no checkpoint .*joint\.pt"):
        export_joint(tmp_path, tmp_path)


def test_the_mark_is_told_with_what_the_model_makes(tmp_path: Path) -> None:
    folder = make_mini(tmp_path / "mini", MelFormat())
    assert assemble(folder, torch.device("cpu")).warnings == ()
    tensors, config = load_tensors(folder / "durations.safetensors")
    save_tensors(folder / "durations.safetensors", tensors, config, non_commercial=True)
    loaded = assemble(folder, torch.device("cpu"))
    assert len(loaded.warnings) == 1 and "may not be used commercially" in loaded.warnings[0]


def test_tts_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_mini(tmp_path / "mini", MelFormat())
    tensors, config = load_tensors(folder / "vocoder.safetensors")
    save_tensors(folder / "vocoder.safetensors", tensors, config, non_commercial=True)
    assert command(["tts", "--text", "Hello.", "--model", str(folder), "-o", str(tmp_path / "a.wav")]) == 0
    assert "may not be used commercially" in capsys.readouterr().err


def test_the_doctor_shows_the_mark_and_nothing_that_ships_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not [w.file for w in shipped.shipped_weights() if is_non_commercial(w.path)]
    save_tensors(tmp_path / "a.safetensors", {"x": torch.zeros(1)}, {}, non_commercial=True)
    monkeypatch.setattr(shipped.Weights, "path", property(lambda self: tmp_path / "a.safetensors"))
    command(["doctor"])
    assert "NOT FOR COMMERCIAL USE" in capsys.readouterr().out
