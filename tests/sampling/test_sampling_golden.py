"""Sampling with the audio stream alone gives F5-TTS's trajectories' ends from the same noise."""

from typing import Any

import pytest
import torch
from torch import Tensor

from golden import Golden, audio_config
from jamflow.flow.schedule import swayed, time_grid
from jamflow.flow.solver import State, Velocity, integrate
from jamflow.model.config import AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.model.streams import AudioInput
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Sampling, _Call

DUPLICATE = "v1/b1/steps10_cfg2_duplicate"


def cases() -> list[str]:
    return [name for name in Golden("f5tts", "cfm_sample.npz").meta["cases"] if name not in (DUPLICATE, "seed_noise")]


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
    out, states = many(model, about, cond, text, noise, given)
    golden.check(f"{case}/grid", _grid(arguments), atol=1e-6)
    golden.check(f"{case}/out", out, atol=5e-4)
    if f"{case}/trajectory" in golden.meta["tensors"]:
        golden.check(f"{case}/trajectory", states, atol=5e-4)


def test_from_a_copy_of_the_reference() -> None:
    """The official code's `duplicate_test`: it starts at a tenth of the way, from noise and the recording once more."""
    golden = Golden("f5tts", "cfm_sample.npz")
    about = golden.meta["cases"][DUPLICATE]
    arguments, names = about["args"], about["inputs"]
    cond, text, noise = (golden.input(names[name]) for name in ("cond", "text", "noise"))
    start, frames, length = arguments["t_inter"], cond.shape[1], noise.shape[1]
    again = torch.nn.functional.pad(cond, (0, 0, frames, length - 2 * frames))
    steps = int(arguments["steps"] * (1 - start))
    grid = swayed(torch.linspace(start, 1, steps + 1), arguments["sway_sampling_coef"])
    noise = (1 - start) * noise + start * again
    given = torch.arange(length)[None] < frames
    out, _ = _one(model_of(golden, about), about, cond, text, noise, given, grid)
    golden.check(f"{DUPLICATE}/grid", grid, atol=1e-6)
    golden.check(f"{DUPLICATE}/out", out, atol=5e-4)


def test_noise_of_a_seed() -> None:
    """Rows of a batch begin from the same numbers, as many as they are long."""
    golden = Golden("f5tts", "cfm_sample.npz")
    about = golden.meta["cases"]["seed_noise"]
    model = JointModel(JointConfig(audio=AudioConfig(depth=1, dim=32, heads=1, text_dim=16), motion=MotionConfig(dim=16)))
    rows = torch.zeros(len(about["duration"]), max(about["duration"]), 100)
    for row, length in zip(rows, about["duration"], strict=True):
        conditions = Conditions(length, SpeechCondition("generated"), MotionCondition("absent"))
        generator = torch.Generator().manual_seed(about["seed"])
        row[:length] = _Call(model.eval(), Normaliser(100, 12, 51), conditions, Sampling(4), generator).noise[0][0]
    golden.check("seed_noise/y0", rows, atol=0)


class _Path:
    """A velocity that remembers where it was asked."""

    def __init__(self, velocity: Velocity):
        self._velocity = velocity
        self.states: list[Tensor] = []

    def __call__(self, time: Tensor, state: State) -> State:
        self.states.append(state[0])
        return self._velocity(time, state)

    def all(self, end: Tensor, method: str) -> Tensor:
        """(steps + 1, B, N, C); the midpoint method asks twice a step."""
        return torch.stack([*self.states[:: 2 if method == "midpoint" else 1], end])


def _one(
    model: JointModel, about: dict[str, Any], cond: Tensor, text: Tensor, noise: Tensor, given: Tensor, grid: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """As the pipeline does it: result and path."""
    a = about["args"]
    sampling = Sampling(a["steps"], about["method"], a["sway_sampling_coef"], a["cfg_strength"])
    speech = SpeechCondition("generated", cond[0], given[0], text[0])
    conditions = Conditions(noise.shape[1], speech, MotionCondition("absent"))
    call = _Call(model, Normaliser(100, 12, 51), conditions, sampling, torch.Generator())
    path = _Path(call.velocity)
    end = integrate(path, (noise,), grid if grid is not None else _grid(a), sampling.method)
    mel = call.finish(end).mel_fm
    assert mel is not None
    return mel[None], path.all(end[0], sampling.method)


def _rows(
    model: JointModel, about: dict[str, Any], cond: Tensor, text: Tensor, noise: Tensor, given: Tensor
) -> tuple[Tensor, Tensor]:
    """Rows of several lengths in one batch, padded."""
    a = about["args"]
    rows, length = noise.shape[:2]
    context = torch.nn.functional.pad(cond, (0, 0, 0, length - cond.shape[1])) * given[..., None]
    valid = torch.arange(length)[None] < torch.tensor(about["duration"])[:, None]
    no, yes = torch.zeros(rows, dtype=torch.bool), torch.ones(rows, dtype=torch.bool)

    def velocity(time: Tensor, state: State) -> State:
        def look(drop: Tensor) -> Tensor:
            return model(AudioInput(state[0], context, time.expand(rows), text, drop, drop, valid), None)[0]

        conditional = look(no)
        return (conditional + (conditional - look(yes)) * a["cfg_strength"],)

    path = _Path(velocity)
    (end,) = integrate(path, (noise,), _grid(a), about["method"])
    return torch.where(given[..., None], context, end), path.all(end, about["method"])


def _grid(a: dict[str, Any]) -> Tensor:
    return time_grid(a["steps"], a["sway_sampling_coef"], a["use_epss"])
