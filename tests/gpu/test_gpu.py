"""What only a GPU runs: `pytest -m gpu` answers in some minutes on a machine with one; elsewhere they are skipped."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from corpora import make_talking_corpus
from golden import Golden
from jamflow import JamFlow
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Sampling, Streams
from jamflow.train.base.parallel import Ranks
from jamflow.train.base.run import train_base
from liveportrait_networks import filled_networks
from train_base.runs import small_recipe
from train_base.test_base_run import apart, progress, weights

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU"),
]
TOKENS = 240  # 5.1 s of `mini`


def said(model: JamFlow, sampling: Sampling) -> Streams:
    """Both streams, from phonemes laid out in time."""
    text = torch.arange(TOKENS) // 4 % 30
    conditions = Conditions(TOKENS, SpeechCondition("generated", text_n=text), MotionCondition("generated"))
    return model.generate(conditions, sampling, seed=3)


def difference(one: Streams, other: Streams) -> tuple[float, float]:
    """Root mean square of mel and lips, as shares of their spread."""
    out = []
    for a, b in ((one.mel_fm, other.mel_fm), (one.mouth_tc, other.mouth_tc)):
        assert a is not None and b is not None
        out.append(float((a.cpu() - b.cpu()).square().mean().sqrt() / a.cpu().std()))
    return out[0], out[1]


@pytest.fixture(scope="module")
def on_cpu() -> Streams:
    return said(JamFlow.load("mini", device="cpu"), Sampling(steps=8))


def test_a_gpu_gives_what_a_cpu_gives(on_cpu: Streams) -> None:
    assert max(difference(on_cpu, said(JamFlow.load("mini", device="cuda"), Sampling(steps=8)))) < 0.01


def test_compiled_with_flex_attention_it_is_the_same(on_cpu: Streams) -> None:
    assert max(difference(on_cpu, said(JamFlow.load("mini", device="cuda"), Sampling(steps=8, compile=True)))) < 0.02


def test_bfloat16_is_near(on_cpu: Streams) -> None:
    assert max(difference(on_cpu, said(JamFlow.load("mini", device="cuda", dtype="bfloat16"), Sampling(steps=8)))) < 0.15


@pytest.mark.parametrize("kind", ["dense", "gathered", "banded", "flex"])
def test_every_kind_of_attention_gives_the_same(kind: str) -> None:
    from model.test_switches import CONFIG, inputs, model_of

    model = model_of(CONFIG)
    audio, motion = inputs()
    with torch.no_grad():
        wanted = model(audio, motion)
        model.to("cuda")
        there = [
            replace(x, **{k: v.to("cuda") for k, v in vars(x).items() if isinstance(v, torch.Tensor)}) for x in (audio, motion)
        ]
        plan = model.plan(*there, None, kind=kind)  # type: ignore[arg-type]
        got = model(*there, plan=plan)
    for a, b in zip(got, wanted, strict=True):
        torch.testing.assert_close(a.cpu(), b, atol=2e-3, rtol=2e-2)


def test_liveportraits_networks_in_half_precision() -> None:
    """The motion extractor, with weights by the filling rule, in float16 against float32."""
    extractor = filled_networks(Golden("liveportrait", "chain.npz")).motion
    picture = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted = extractor(picture)
        got = extractor.half().cuda()(picture.half().cuda())
    for name in ("pitch_b", "yaw_b", "roll_b"):
        torch.testing.assert_close(getattr(got, name).float().cpu(), getattr(wanted, name), atol=1.0, rtol=0.05)


@pytest.mark.parametrize("machine", ["", "machine.checkpointing=true", "machine.bf16=true"])
def test_base_trains(tmp_path: Path, machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pinned loading by workers; it gives a CPU's numbers."""
    monkeypatch.setattr("jamflow.train.base.run.Samples", lambda *args: None)
    corpus = make_talking_corpus(tmp_path / "corpus")
    changes = ["machine.workers=2", *([machine] if machine else [])]
    recipe = small_recipe(tmp_path, *changes, corpus=corpus)
    made = weights(train_base(recipe, Ranks(0, 1, torch.device("cuda"))))
    assert all(bool(x.isfinite().all()) for x in made.values())
    on_cpu = replace(recipe, run=tmp_path / "cpu")
    assert apart(made, weights(train_base(on_cpu, Ranks(0, 1, torch.device("cpu"))))) < 0.02
    assert progress(recipe, "joint")[-1]["left_out"] == 0
