"""The recogniser: its labels, its rows, and that it learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from jamflow.alignment.recogniser import SOUNDS, Recogniser, RecogniserConfig, load_recogniser, sound_of
from jamflow.data.features import Example, lips_frames
from jamflow.errors import UserError
from jamflow.mel_format import MelFormat
from jamflow.train.recogniser import RecogniserTraining, Rows, labels, train_recogniser
from jamflow.weights.tensors import save_tensors

FORMAT = MelFormat()
PHONES = [("_", 0.0, 0.2), ("m", 0.2, 0.4), (" ", 0.4, 0.5), ("ˈi", 0.5, 0.8), (".", 0.8, 1.0)]


def spoken(rng: np.random.Generator) -> Example:
    """A second in which every sound has its own band, and lips that are open in the vowel."""
    frames = int(FORMAT.frame_rate_hz)
    mel = rng.normal(-6, 0.5, (frames, FORMAT.bands))
    for symbol, start, end in PHONES:
        if (sound := sound_of(symbol)) is not None:
            mel[int(start * 93.75) : int(end * 93.75), sound * 2 : sound * 2 + 2] = 2.0
    mel = mel.astype(np.float16)
    lips = np.zeros((lips_frames(24000, 24000), 18), np.float32)
    lips[13:20, 2 * 3 + 1] = 0.8
    return Example("v", PHONES, mel, mel, np.ones(frames, np.float32), None, None, lips)


def test_labels_are_the_sounds_of_frames_and_a_space_is_shared():
    found = labels(PHONES, 110, 100.0)
    assert [SOUNDS[i] if i >= 0 else "?" for i in found[[10, 30, 43, 47, 60, 90]]] == ["_", "m", "m", "i", "i", "_"]
    assert (found[100:] == -100).all()


def test_rows_have_nan_where_the_lips_are_unknown():
    e = spoken(np.random.default_rng(0))
    config = RecogniserTraining(batch=2, frames=120)
    _, sounds, opening = Rows([e], FORMAT, config).draw(np.random.default_rng(0))
    assert opening[:, 94:].isnan().all() and (sounds[:, 94:] == -100).all()
    assert opening[:, 60].tolist() == pytest.approx([0.8, 0.8], abs=0.01)
    _, _, unknown = Rows([replace(e, lips_tc=None)], FORMAT, config).draw(np.random.default_rng(0))
    assert unknown.isnan().all()


def test_it_learns_what_is_said_and_how_open_the_lips_are(tmp_path):
    rng = np.random.default_rng(0)
    config = RecogniserTraining(steps=60, batch=4, frames=93, warmup=5, heard=0.0, changed=0.0, hidden_bands=2)
    path = train_recogniser([spoken(rng) for _ in range(4)], tmp_path, config, FORMAT)
    state = torch.load(path, weights_only=True)
    model = Recogniser(RecogniserConfig(**{**state["config"], "dilations": tuple(state["config"]["dilations"])}))
    model.load_state_dict(state["model"])
    mel = torch.from_numpy(spoken(rng).mel_fm.astype(np.float32))
    said = model.log_probabilities(mel).argmax(-1)
    assert [SOUNDS[i] for i in said[[5, 28, 60, 85]]] == ["_", "m", "i", "_"]
    opening = model.opening_cm(mel)
    assert opening[60] > 0.4 and opening[5] < 0.25


def test_a_file_of_another_model_is_refused(tmp_path):
    save_tensors(tmp_path / "x.safetensors", {"a": torch.zeros(1)}, {"dim": 3})
    with pytest.raises(UserError, match="not of a recogniser"):
        load_recogniser(tmp_path / "x.safetensors")
