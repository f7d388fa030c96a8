"""Compiling: padding changes nothing, lengths of one bucket share a graph, and generated code gives the same numbers."""

import os
import shutil
from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounter
from torch._dynamo.utils import counters

from jamflow.compute.compiling import GRAPHS, Backend
from jamflow.flow.schedule import time_grid
from jamflow.flow.solver import integrate
from jamflow.model.compiled import Bucket
from jamflow.model.config import AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.model.precision import blocks_in_bfloat16
from jamflow.sampling.conditions import Conditions, MotionCondition, Role, SpeechCondition
from jamflow.sampling.generate import Sampling, _Call, generate

BANDS = 6


def tiny(attn_mask_enabled: bool, depth: int = 2) -> JointModel:
    torch.manual_seed(0)
    config = JointConfig(
        audio=AudioConfig(
            channels=BANDS,
            dim=32,
            depth=depth,
            heads=2,
            head_dim=16,
            text_vocab=9,
            text_dim=16,
            text_layers=1,
            attn_mask_enabled=attn_mask_enabled,
        ),
        motion=MotionConfig(mouth_channels=6, clue_channels=4, dim=16),
    )
    model = JointModel(config).eval().requires_grad_(False)
    for p in model.parameters():
        if p.abs().sum() == 0:
            torch.nn.init.normal_(p, std=0.2)
    return model


def sample(model: JointModel, tokens: int, speech: Role, motion: Role, backend: Backend | None) -> list[torch.Tensor]:
    g = torch.Generator().manual_seed(tokens)
    frames = -(-tokens * 4 // 15)
    mel, mouth, clue = (torch.randn(n, c, generator=g) for n, c in ((tokens, BANDS), (frames, 6), (frames, 4)))
    text = torch.randint(0, 9, (tokens // 2,), generator=g)
    given = torch.arange(tokens) < tokens // 4
    spoken = SpeechCondition(speech, mel, None if speech == "given" else given, text)
    conditions = Conditions(tokens, spoken, MotionCondition(motion, mouth, None, clue))
    with torch.inference_mode():
        call = _Call(model, Normaliser(BANDS, 6, 4), conditions, Sampling(steps=2), torch.Generator().manual_seed(1), backend)
        out = call.finish(integrate(call.velocity, call.noise, time_grid(2)))
    return [x for x in (out.mel_fm, out.mouth_tc) if x is not None]


CASES: list[tuple[Role, Role, bool]] = [
    ("generated", "absent", False),
    ("generated", "generated", False),
    ("given", "generated", True),
    ("generated", "given", True),
]


@pytest.mark.parametrize(("speech", "motion", "attn_mask_enabled"), CASES)
def test_a_bucket_changes_nothing_and_is_compiled_once(speech: Role, motion: Role, attn_mask_enabled: bool) -> None:
    """With F5-TTS's switch off, which lets padded frames take part as keys: a bucket's must not."""
    torch._dynamo.reset()
    model = tiny(attn_mask_enabled)
    counter = CompileCounter()
    for tokens in (70, 83, 96):
        got = sample(model, tokens, speech, motion, counter)
        for a, b in zip(got, sample(model, tokens, speech, motion, None), strict=True):
            assert a.shape == b.shape
            torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)
    graphs = 2 * (speech, motion).count("generated")  # before and after attention
    assert counter.frame_count == graphs
    sample(model, 97, speech, motion, counter)
    assert counter.frame_count == 2 * graphs


@pytest.mark.parametrize("half", [False, True])
def test_all_blocks_share_graphs_and_no_length_is_one_too_many(half: bool) -> None:
    """TorchDynamo stops compiling a function after 8 graphs, if it is not told otherwise, and only warns."""
    torch._dynamo.reset()
    model = tiny(True, depth=5)
    if half:
        blocks_in_bfloat16(model)
    counter = CompileCounter()
    for buckets in range(1, 11):
        sample(model, 32 * buckets, "generated", "generated", counter)
        assert counter.frame_count == 4 * buckets


def test_there_are_graphs_for_every_length_of_several_models() -> None:
    config, cpu = tiny(True).config, torch.device("cpu")
    row = torch.zeros(1, 8192, 0)
    sizes = {Bucket(n, 0, config, cpu).fill_audio(row[:, :n]).shape[1] for n in range(1, 8193)}
    assert all(Bucket(n, 0, config, cpu).fill_audio(row[:, :n]).shape[1] <= max(32, n * 9 / 8 + 1) for n in (256, 1025, 8000))
    assert 10 * 2 * len(sizes) <= GRAPHS, "one graph for each stream"


needs_a_compiler = pytest.mark.skipif(
    shutil.which(os.environ.get("CXX", "g++")) is None, reason="no C++ compiler, with which PyTorch compiles for a CPU"
)


@needs_a_compiler
def test_generated_code_gives_what_the_model_gives() -> None:
    """Asked for as a user does, and not done unasked; two lengths of one bucket and one of another."""
    torch._dynamo.reset()
    counters.clear()
    model = tiny(False, depth=1)
    for tokens, before, after in ((70, 0, 4), (83, 4, 4), (100, 4, 8)):
        speech, motion = SpeechCondition("generated", text_n=torch.arange(30) % 9), MotionCondition("generated")
        conditions = Conditions(tokens, speech, motion)
        made = []
        for sampling, graphs in ((Sampling(steps=2), before), (Sampling(steps=2, compile=True), after)):
            out = generate(model, Normaliser(BANDS, 6, 4), conditions, sampling, torch.Generator().manual_seed(1))
            made.append((out.mel_fm, out.mouth_tc))
            assert counters["stats"]["unique_graphs"] == graphs, "compiled where it is asked for"
        for a, b in zip(*made, strict=True):
            torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


@needs_a_compiler
def test_generated_flex_attention_at_several_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU: FlexAttention is compiled for every length, and sees neither padding nor what the null row must not see."""
    torch._dynamo.reset()
    counters.clear()
    model = tiny(False, depth=2)  # one block of which is joint
    plan = JointModel.plan

    def flexible(model: JointModel, *arguments: Any) -> Any:
        *others, _, code = arguments
        return plan(model, *others, "flex", code)

    for tokens, graphs in ((70, 2), (96, 2), (200, 4)):
        with monkeypatch.context() as patch:
            patch.setattr(JointModel, "plan", flexible)
            got = sample(model, tokens, "generated", "generated", "eager")
        for a, b in zip(got, sample(model, tokens, "generated", "generated", None), strict=True):
            torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)
        blocks = 4 * (graphs // 2)
        assert counters["stats"]["unique_graphs"] == graphs + blocks
