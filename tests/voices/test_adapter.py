"""Which copy of a model speaks: one for each voice and model, learnt once, whatever came before."""

import pytest
import torch
from torch import Tensor

from jamflow.errors import UserError
from jamflow.model.config import AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.voices.adaptation import Adaptation, Adapter, adapted
from jamflow.voices.low_rank import difference, move
from tiny_base import awake

AUDIO = AudioConfig(channels=20, dim=32, depth=2, heads=2, head_dim=16, text_vocab=9, text_dim=16, text_layers=1)
CONFIG = JointConfig(audio=AUDIO, motion=MotionConfig(mouth_channels=6, clue_channels=4, dim=16), frames_per_token=2)
FEW = Adaptation(steps=4, row_s=0.5)


def make(seed: int) -> JointModel:
    torch.manual_seed(seed)
    model = JointModel(CONFIG)
    awake(model, seed)
    return model


def voice(seed: int, frames: int = 90) -> Tensor:
    return torch.randn(frames, 10, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def adapter(monkeypatch: pytest.MonkeyPatch) -> Adapter:
    monkeypatch.setattr("jamflow.voices.adaptation.Adaptation", lambda: FEW)
    return Adapter()


def test_another_voice_or_model_is_never_answered_with_the_last_one(adapter: Adapter) -> None:
    model, other, scale = make(0), make(1), Normaliser(10, 6, 4)
    first = adapter(model, scale, voice(1))
    assert adapter(model, scale, voice(1)) is first is not model
    second = adapter(model, scale, voice(2))
    assert not torch.equal(first.audio.proj_out.weight, second.audio.proj_out.weight)
    third = adapter(other, scale, voice(2))
    assert torch.equal(third.motion.proj_out.weight, other.motion.proj_out.weight)  # pyright: ignore[reportOptionalMemberAccess]
    assert adapter(model, scale, None) is model


def test_what_was_learnt_before_is_a_voice_too(adapter: Adapter) -> None:
    model, scale = make(0), Normaliser(10, 6, 4)
    learnt = adapted(model, scale, voice(1), FEW)
    kept, other = (difference(model.audio, adapted(model, scale, voice(k), FEW).audio, rank=99) for k in (1, 2))
    first = adapter(model, scale, kept)
    assert first.motion is model.motion
    for name, p in first.audio.named_parameters():
        if p.dim() < 3:
            torch.testing.assert_close(p, dict(learnt.audio.named_parameters())[name], atol=1e-5, rtol=1e-4)
    assert adapter(model, scale, {name: value.clone() for name, value in kept.items()}) is first
    assert adapter(model, scale, other) is not first
    assert adapter(model, scale, voice(1)) is not first and adapter(model, scale, None) is model


def test_a_difference_in_low_rank_is_small_and_the_best_of_its_size() -> None:
    before, after = torch.nn.Linear(40, 30), torch.nn.Linear(40, 30)
    learnt = after.weight - before.weight
    kept = difference(before, after, rank=2)
    assert sum(value.numel() for value in kept.values()) == 2 * (40 + 30) + 30
    move(before, kept)
    left = torch.linalg.svdvals(after.weight - before.weight)
    torch.testing.assert_close(left[0], torch.linalg.svdvals(learnt)[2], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(before.bias, after.bias)


def test_what_is_the_same_takes_no_room() -> None:
    module = torch.nn.Linear(8, 8)
    assert difference(module, module) == {}


@pytest.mark.parametrize("wrong", ["nobody.whole", "bias.left", "weight.whole"])
def test_what_another_model_learnt_is_refused(wrong: str) -> None:
    with pytest.raises(UserError, match="learnt by another model"):
        move(torch.nn.Linear(8, 8), {wrong: torch.ones(3, 3)})


def test_a_recording_that_is_not_whole_tokens_and_shorter_than_a_row(adapter: Adapter) -> None:
    learnt = adapter(make(0), Normaliser(10, 6, 4), voice(1, 7))
    assert learnt.audio.proj_out.weight.isfinite().all()


def test_what_is_learnt_is_in_the_models_own_units() -> None:
    """Twice the numbers with twice the spread are the same recording."""
    scale, wider = Normaliser(10, 6, 4), Normaliser(10, 6, 4)
    wider.mel_std.fill_(2.0)
    one, same, other = (
        adapted(make(0), units, mel, FEW).audio.proj_out.weight
        for units, mel in ((scale, voice(1)), (wider, 2 * voice(1)), (scale, 2 * voice(1)))
    )
    torch.testing.assert_close(one, same)
    assert not torch.allclose(one, other)


def test_reading_and_lips_are_not_relearnt() -> None:
    model = make(0)
    learnt = adapted(model, Normaliser(10, 6, 4), voice(1), FEW)
    assert learnt.motion is model.motion
    before = dict(model.named_parameters())
    same = {name for name, p in learnt.named_parameters() if torch.equal(p, before[name])}
    assert {n for n in before if n.startswith("audio.text_embed.")} <= same
    assert not any(p.requires_grad for p in learnt.parameters())
