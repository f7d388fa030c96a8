"""The switches of the paper's Table 4 and more: who sees whom, and where motion is in time."""

from dataclasses import replace
from typing import Literal, get_args

import pytest
import torch
from torch import Tensor

from jamflow.model.config import JointConfig, JointLayers, MaskRule
from jamflow.model.joint import JointModel
from jamflow.model.plan import AttentionKind
from jamflow.model.streams import AudioInput, MotionInput
from tiny_base import AUDIO, TINY, awake

A, T = 150, 40  # 1.6 s
FAR_S = 1.4
# One block and narrow convolutions: what is far away can only be seen by attention.
CONFIG = replace(TINY, audio=replace(AUDIO, depth=2), window_s=0.1, joint="full")


def model_of(config: JointConfig) -> JointModel:
    torch.manual_seed(0)
    model = awake(JointModel(config))
    assert isinstance(model, JointModel)
    return model


def inputs(seed: int = 0) -> tuple[AudioInput, MotionInput]:
    g = torch.Generator().manual_seed(seed)
    no, half = torch.zeros(1, dtype=torch.bool), torch.full((1,), 0.5)
    x, context = torch.randn(1, A, 100, generator=g), torch.zeros(1, A, 100)
    audio = AudioInput(x, context, half, torch.full((1, 1), -1), ~no, no)
    m = torch.randn(1, T, 12, generator=g)
    motion = MotionInput(m, 0 * m, torch.zeros(1, T), torch.randn(1, T, 51, generator=g), half, no, no)
    return audio, motion


def seen(config: JointConfig, stream: Literal["audio", "motion"], kind: AttentionKind) -> tuple[Tensor, Tensor]:
    """How much the output of `stream` at its last frame changes with each frame of the other stream, and of its own."""
    model = model_of(config)
    audio, motion = inputs()
    audio.x_btc.requires_grad_(True)
    motion.x_btc.requires_grad_(True)
    out = model(audio, motion, plan=model.plan(audio, motion, None, kind=kind))[0 if stream == "audio" else 1]
    out[0, -1].square().sum().backward()
    grads = [torch.zeros(1) if x.grad is None else x.grad[0].abs().sum(1) for x in (audio.x_btc, motion.x_btc)]
    return (grads[1], grads[0]) if stream == "audio" else (grads[0], grads[1])


def reaches_back(grads: Tensor, rate_hz: float) -> bool:
    """Whether frames more than `FAR_S` before the end matter. The convolutions and two windows reach 1.3 s."""
    return bool(grads[: int((1.6 - FAR_S) * rate_hz)].abs().max() > 1e-9)


@pytest.mark.parametrize("kind", ["dense", "gathered", "banded"])
@pytest.mark.parametrize("mask", get_args(MaskRule))
def test_masks_hide_what_is_far_from_the_streams_they_are_for(mask: MaskRule, kind: AttentionKind) -> None:
    config = replace(CONFIG, mask=mask, joint="full")
    config = replace(config, audio=replace(config.audio, depth=1))
    with torch.enable_grad():
        other, own = seen(config, "motion", kind)
    local = mask in ("both", "motion")
    assert reaches_back(own, 25) is not local
    assert reaches_back(other, 93.75) is not local


@pytest.mark.parametrize("mask", get_args(MaskRule))
def test_audio_sees_one_motion_frame_or_all(mask: MaskRule) -> None:
    config = replace(CONFIG, mask=mask, audio=replace(CONFIG.audio, depth=1))
    other, own = seen(config, "audio", "gathered")
    assert reaches_back(own, 93.75), "audio always sees all audio"
    assert reaches_back(other, 25) is (mask in ("motion", "none"))


@pytest.mark.parametrize(("joint", "blocks"), [("none", []), ("half", [0]), ("full", [0, 1])])
def test_streams_meet_in_none_half_or_all_blocks(joint: JointLayers, blocks: list[int]) -> None:
    """What a stream makes depends on the values of the other stream's blocks that are joint, and of no others."""
    model = model_of(replace(CONFIG, joint=joint)).requires_grad_(True)
    assert model.motion is not None
    out = model(*inputs())
    for made, other in ((out[0], model.motion), (out[1], model.audio)):
        values = [other.block(i).attn.to_v.weight for i in range(2)]
        grads = torch.autograd.grad(made.square().sum(), values, retain_graph=True, allow_unused=True)
        assert [i for i, grad in enumerate(grads) if grad is not None and bool(grad.any())] == blocks


def test_positions_are_aligned_in_time_or_not() -> None:
    """Aligned, a motion frame and the audio token of its time have the same position."""
    model, apart = model_of(CONFIG), model_of(replace(CONFIG, aligned=False))
    axis = model.axis(A, T)
    assert torch.allclose(model.motion_positions(axis), torch.arange(T) * 3.75)
    assert torch.allclose(apart.motion_positions(axis), torch.arange(T).float())
    audio, motion = inputs()
    with torch.no_grad():
        aligned, other = model(audio, motion), apart(audio, motion)
    assert not torch.allclose(aligned[1], other[1], atol=1e-5)
    alone = replace(CONFIG, joint="none")
    with torch.no_grad():
        alone_audio = [model_of(replace(alone, aligned=a))(audio, motion)[0] for a in (True, False)]
    assert torch.equal(*alone_audio), "audio's own positions stay"
