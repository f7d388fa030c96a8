"""Buckets: padding changes nothing, and lengths of one bucket share a graph."""

import pytest
import torch
from torch._dynamo.testing import CompileCounter

from jamflow.flow.schedule import time_grid
from jamflow.flow.solver import integrate
from jamflow.model.config import AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.sampling.conditions import Conditions, MotionCondition, Role, SpeechCondition
from jamflow.sampling.generate import Sampling, _Call

BANDS = 6


def tiny(attn_mask_enabled: bool) -> JointModel:
    torch.manual_seed(0)
    config = JointConfig(
        audio=AudioConfig(
            channels=BANDS,
            dim=32,
            depth=2,
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


def sample(model: JointModel, tokens: int, speech: Role, motion: Role, backend: CompileCounter | None) -> list[torch.Tensor]:
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
    assert counter.frame_count == 1
    sample(model, 97, speech, motion, counter)
    assert counter.frame_count == 2


def test_a_bucket_with_flex_attention_as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    torch._dynamo.reset()
    model = tiny(False)
    plan = JointModel.plan
    monkeypatch.setattr(JointModel, "plan", lambda *a, **k: plan(*a, **k, way="flex"))
    counter, graphs = CompileCounter(), []
    for tokens in (70, 96):
        got = sample(model, tokens, "generated", "generated", counter)
        with monkeypatch.context() as patch:
            patch.setattr(JointModel, "plan", plan)
            wanted = sample(model, tokens, "generated", "generated", None)
        for a, b in zip(got, wanted, strict=True):
            torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)
        graphs.append(counter.frame_count)
    assert graphs[0] == graphs[1], "FlexAttention splits the graph; its parts serve all lengths of the bucket"
