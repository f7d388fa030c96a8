"""recipes/base/smoke.toml on two processes, to the end: it learns one clip by heart, and speaks."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from corpora import make_talking_corpus
from jamflow import JamFlow
from jamflow.data.corpus import shards
from jamflow.data.features import write_mels
from jamflow.face.liveportrait.renderer import LivePortraitRenderer
from jamflow.face.liveportrait.space import liveportrait_space
from jamflow.face.liveportrait.tracker import LivePortraitTracker
from jamflow.face.tracker import FaceTracker
from jamflow.loading.model import assemble
from jamflow.loading.renderers import Faces
from jamflow.media.video_reader import read_video
from jamflow.mel_format import MelFormat
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.weights.shipped import asset
from jamflow.weights.tensors import is_non_commercial, load_tensors
from liveportrait_networks import stand_ins
from tiny_base import SAID, make_folder, make_voice

MOUTH = (14, 17, 19, 20)
RECIPE = Path(__file__).parents[2] / "recipes/base/smoke.toml"


def faces(*_: object) -> Faces:
    """Stand-ins for LivePortrait's networks."""
    networks, space = stand_ins(), liveportrait_space(MOUTH)
    return Faces(LivePortraitRenderer(networks, space=space), LivePortraitTracker(networks, space=space), FaceTracker())


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the smoke recipe ran, on one clip."""
    folder = tmp_path_factory.mktemp("smoke")
    make_talking_corpus(folder / "work/shards", shards_n=1, clips=1)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", "-m", "jamflow.train"]
    made = subprocess.run([*command, "base", str(RECIPE)], cwd=folder, capture_output=True, text=True, timeout=900)
    assert made.returncode == 0, made.stderr[-3000:]
    return folder / "work"


def test_both_losses_fall(work: Path) -> None:
    logs = {name: (work / f"smoke/{name}/progress.jsonl").read_text().splitlines() for name in ("motion", "joint")}
    first, last = ({n: json.loads(log[i]) for n, log in logs.items()} for i in (0, -1))
    assert last["motion"]["motion"] < 0.7 * first["motion"]["motion"]
    assert last["motion"]["audio"] > 0.8 * first["motion"]["audio"], "the speech stream is frozen in the first stage"
    assert last["joint"]["audio"] < 0.3 * first["joint"]["audio"]
    assert last["joint"]["motion"] < 0.5 * first["motion"]["motion"]


def loaded(work: Path, faces: Faces | None = None) -> JamFlow:
    """The trained model, with a vocoder of random weights."""
    vocoder = work / "smoke/model/vocoder.safetensors"
    if not vocoder.exists():
        vocoder.write_bytes((make_folder(work / "tiny") / "vocoder.safetensors").read_bytes())
    return JamFlow(assemble(work / "smoke/model", torch.device("cpu")), faces)


@pytest.mark.parametrize("speech", ["given", "generated"])
def test_the_clips_lips_come_back(work: Path, speech: Literal["given", "generated"]) -> None:
    (shard,) = shards(work / "shards")
    motion = shard.motion(shard.utterances[0])
    assert motion is not None
    opening = motion[0][:, 14, 1]
    space = liveportrait_space(MOUTH)
    clue = torch.from_numpy(np.array(motion[0][:, list(space.clue)])).flatten(1)
    mel = torch.from_numpy(np.load(write_mels(shard, MelFormat()))).float()
    beginning = torch.arange(len(mel)) < len(mel) // 3
    said = SpeechCondition(speech, mel, beginning if speech == "generated" else None)
    made = loaded(work).generate(Conditions(len(mel), said, MotionCondition("generated", clue_tc=clue))).mouth_tc
    assert made is not None
    assert np.corrcoef(made[: len(opening), 1].numpy(), opening[: len(made)])[0, 1] > 0.8


def test_it_speaks_in_liveportraits_space(work: Path, tmp_path: Path) -> None:
    model = loaded(work, faces())
    voice = make_voice(tmp_path / "me.wav", 1.0)
    portrait = asset("portraits/astronaut.png")
    report = model.speak(portrait=portrait, text="hum", voice=voice, voice_text=SAID).save(tmp_path / "out.mp4")
    video = read_video(tmp_path / "out.mp4")
    assert sum(1 for _ in video) == report["frames"] > 5


def test_the_model_is_in_half_precision_and_may_be_used(work: Path) -> None:
    tensors, _ = load_tensors(work / "smoke/model/joint.safetensors")
    assert not is_non_commercial(work / "smoke/model/joint.safetensors")
    assert 0.002 < float(tensors["normaliser.mouth_std"].max()) < 0.02, "key points are brought to unit scale"
    assert float(tensors["normaliser.mel_std"].min()) == 1, "mels stay as F5-TTS has them"


def test_samples_were_drawn(work: Path) -> None:
    assert (work / "smoke/motion/samples/0000100-0.png").stat().st_size > 5000
    assert (work / "smoke/joint/samples/0000150-0.png").exists()
