"""Sampling with the audio stream alone gives F5-TTS's trajectories' ends from the same noise."""

import json
from typing import Any

import pytest
import torch
from torch import Tensor

from golden import SHARED, Golden, audio_config
from jamflow.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.flow.schedule import time_grid
from jamflow.flow.solver import integrate
from jamflow.generate import Sampling, _Call
from jamflow.model.config import JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.model.streams import AudioInput


def cases() -> list[str]:
    """All but average upsampling (no public model has it) and the official code's `duplicate_test` (a debugging aid)."""
    path = SHARED / "golden/f5tts/cfm_sample.npz"
    if not path.exists():
        return ["absent"]
    import numpy as np

    names = json.loads(str(np.load(path)["meta"]))["cases"]
    return [n for n in names if not any(x in n for x in ("avgup", "duplicate", "seed_noise"))]


def model_of(golden: Golden, about: dict[str, Any]) -> JointModel:
    model = JointModel(JointConfig(audio=audio_config(about["config"]), motion=MotionConfig(dim=16))).eval().requires_grad_(False)
    golden.fill(model.audio, about["weights"], "transformer.")
    return model


@pytest.mark.parametrize("case", cases())
def test_the_end_of_the_path(case: str) -> None:
    golden = Golden("f5tts", "cfm_sample.npz")
    about = golden.meta["cases"][case]
    arguments, names = about["args"], about["inputs"]
    model = model_of(golden, about)
    cond, text, noise = (golden.input(names[name]) for name in ("cond", "text", "noise"))
    many = _rows if len(cond) > 1 else _one
    given = torch.arange(noise.shape[1])[None] < torch.tensor(arguments.get("lens", [cond.shape[1]]))[:, None]
    if "edit_mask" in arguments:
        edit = torch.tensor(arguments["edit_mask"])
        given[:, : edit.shape[1]] &= edit
    if arguments.get("no_ref_audio"):
        cond = torch.zeros_like(cond)
    golden.check(f"{case}/out", many(model, about, cond, text, noise, given), atol=5e-4)


def _one(model: JointModel, about: dict[str, Any], cond: Tensor, text: Tensor, noise: Tensor, given: Tensor) -> Tensor:
    """As the pipeline does it."""
    a = about["args"]
    sampling = Sampling(a["steps"], about["method"], a["sway_sampling_coef"], a["cfg_strength"])
    speech = SpeechCondition("generated", cond[0], given[0], text[0])
    conditions = Conditions(noise.shape[1], speech, MotionCondition("absent"))
    call = _Call(model, Normaliser(100, 12, 51), conditions, sampling, torch.Generator())
    grid = time_grid(a["steps"], a["sway_sampling_coef"], a["use_epss"])
    mel = call.finish(integrate(call.velocity, (noise,), grid, sampling.method)).mel_fm
    assert mel is not None
    return mel[None]


def _rows(model: JointModel, about: dict[str, Any], cond: Tensor, text: Tensor, noise: Tensor, given: Tensor) -> Tensor:
    """Rows of several lengths in one batch, padded."""
    a = about["args"]
    rows, length = noise.shape[:2]
    context = torch.nn.functional.pad(cond, (0, 0, 0, length - cond.shape[1])) * given[..., None]
    valid = torch.arange(length)[None] < torch.tensor(about["duration"])[:, None]
    no, yes = torch.zeros(rows, dtype=torch.bool), torch.ones(rows, dtype=torch.bool)

    def velocity(time: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        def look(drop: Tensor) -> Tensor:
            return model(AudioInput(state[0], context, time.expand(rows), text, drop, drop, valid), None)[0]

        conditional = look(no)
        return (conditional + (conditional - look(yes)) * a["cfg_strength"],)

    grid = time_grid(a["steps"], a["sway_sampling_coef"], a["use_epss"])
    (out,) = integrate(velocity, (noise,), grid, about["method"])
    return torch.where(given[..., None], context, out)
