"""A model kept in bfloat16: what needs single precision keeps it, and the result stays near."""

import math

import pytest
import torch
from torch import Tensor, nn

from jamflow.flow.schedule import time_grid
from jamflow.flow.solver import State, integrate
from jamflow.model.config import AudioConfig, JointConfig, MotionConfig
from jamflow.model.embedding import RotaryEmbedding, TimeEmbedding, rotate
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Sampling, _Call

TOKENS = 240


@pytest.fixture
def model() -> JointModel:
    torch.manual_seed(0)
    config = JointConfig(
        audio=AudioConfig(channels=8, dim=64, depth=4, heads=2, head_dim=32, text_vocab=9, text_dim=16, text_layers=1),
        motion=MotionConfig(mouth_channels=6, clue_channels=4, dim=32),
    )
    model = JointModel(config).eval().requires_grad_(False)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=math.sqrt(1 / module.in_features))
    return model


@torch.inference_mode()
def sample(model: JointModel) -> tuple[State, list[torch.dtype]]:
    g = torch.Generator().manual_seed(0)
    speech = SpeechCondition("generated", text_n=torch.randint(0, 9, (100,), generator=g))
    conditions = Conditions(TOKENS, speech, MotionCondition("generated"))
    call = _Call(model, Normaliser(8, 6, 4), conditions, Sampling(steps=4), g)
    seen: list[torch.dtype] = []

    def velocity(time: Tensor, state: State) -> State:
        slope = call.velocity(time, state)
        seen.extend(x.dtype for x in (time, *state, *slope))
        return slope

    return integrate(velocity, call.noise, time_grid(4)), seen


def test_a_model_in_bfloat16_stays_near_and_the_solver_in_single_precision(model: JointModel) -> None:
    wanted, _ = sample(model)
    got, seen = sample(model.to(torch.bfloat16))
    assert set(seen) == {torch.float32}
    for a, b in zip(got, wanted, strict=True):
        assert a.dtype == torch.float32
        assert (a - b).square().mean().sqrt() < 0.02 * b.square().mean().sqrt()


def test_positions_and_flow_time_keep_single_precision() -> None:
    """Late positions and late times: bfloat16 resolves 2 in a thousand, that is 4 rad at position 900."""
    position = torch.tensor([3.0, 901.0, 3000.0])
    rotary = RotaryEmbedding(32)
    wanted = rotary(position)
    got = rotary.to(torch.bfloat16)(position)
    assert all(torch.equal(a, b) for a, b in zip(got, wanted, strict=True))
    x = torch.randn(1, 1, 3, 32).bfloat16()
    turned = rotate(x, got)
    assert turned.dtype == torch.bfloat16
    torch.testing.assert_close(turned, rotate(x.float(), got).bfloat16(), atol=0, rtol=0)
    embed = TimeEmbedding(16).requires_grad_(False)
    time = torch.tensor([0.3141, 0.9999])
    exact = embed(time)
    rounded = embed.to(torch.bfloat16)(time)
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, exact, atol=0.01, rtol=0.02)


def test_rotating_with_gradients_is_rotating_without() -> None:
    x = torch.randn(2, 3, 7, 16)
    rotary = RotaryEmbedding(16)(torch.arange(7))
    with torch.inference_mode():
        wanted = rotate(x, rotary)
    torch.testing.assert_close(rotate(x.requires_grad_(), rotary), wanted.clone(), atol=1e-6, rtol=1e-6)
