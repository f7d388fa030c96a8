"""A sample is a video that can be looked at and heard, where the weights are there; else a plot and one line in the log."""

import logging
from pathlib import Path

import pytest
import torch

from corpora import make_talking_corpus
from jamflow.data.corpus import shards
from jamflow.data.stream import list_clips
from jamflow.loading.joint import save_joint
from jamflow.media.video_reader import read_video
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.text.f5_text import load_vocabulary
from jamflow.train.base.clips import ClipReader
from jamflow.train.base.samples import Samples
from jamflow.weights.shipped import asset
from tiny_base import AUDIO, TINY, awake, make_folder
from train_base.test_smoke_recipe import faces


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> ClipReader:
    parts = list(shards(make_talking_corpus(tmp_path_factory.mktemp("corpus"), 1, 3)))
    return ClipReader(parts, list_clips(parts, 0.1, 99), TINY, load_vocabulary(asset("base/vocab.txt"), AUDIO.text_vocab))


@pytest.mark.parametrize("with_vocoder", [True, False])
def test_a_sample(reader: ClipReader, tmp_path: Path, with_vocoder: bool, caplog: pytest.LogCaptureFixture) -> None:
    torch.manual_seed(0)
    averaged = awake(JointModel(TINY)).state_dict()
    normaliser = Normaliser(100, 12, 51)
    vocoder = make_folder(tmp_path / "tiny") / "vocoder.safetensors"

    def write_model(folder: Path, weights: dict[str, torch.Tensor]) -> None:
        save_joint(folder / "joint.safetensors", weights, normaliser.state_dict(), TINY)
        if with_vocoder:
            (folder / "vocoder.safetensors").write_bytes(vocoder.read_bytes())

    caplog.set_level(logging.INFO)
    Samples(tmp_path, reader, normaliser, write_model, torch.device("cpu"), faces)("joint", 7, averaged)
    found = sorted(path.name for path in (tmp_path / "joint/samples").iterdir())
    pictures = ["0000007-0.png", "0000007-1.png"]
    if with_vocoder:
        assert found == [*pictures, "0000007.mp4"]
        shown = [frame.mean() for _, frame in read_video(tmp_path / "joint/samples/0000007.mp4")]
        assert len(shown) > 5 and len(set(shown)) > 3
    else:
        assert found == pictures and "No video of step 7: These weights are not on this machine: vocos" in caplog.text
