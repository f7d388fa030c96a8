"""What a row withholds does not matter, and to be without something is not to have a zero."""

from dataclasses import replace

import pytest
import torch

from jamflow.model.config import AudioConfig, JointConfig, MotionConfig, base, mini
from jamflow.model.joint import JointModel
from jamflow.model.streams import AudioInput, MotionInput
from tiny_base import awake

NO, YES = torch.tensor([False]), torch.tensor([True])


@pytest.fixture(scope="module")
def model() -> JointModel:
    torch.manual_seed(0)
    audio = AudioConfig(channels=12, dim=32, depth=2, heads=2, head_dim=16, text_vocab=9, text_dim=16, text_layers=1)
    model = JointModel(
        JointConfig(audio=audio, motion=MotionConfig(mouth_channels=6, clue_channels=4, dim=16), frames_per_token=2)
    )
    awake(model)
    return model


def lips() -> MotionInput:
    g = torch.Generator().manual_seed(1)
    x, context = torch.randn(2, 1, 24, 6, generator=g)
    given = torch.arange(24)[None] < 8
    return MotionInput(x, context * given[..., None], given, torch.randn(1, 24, 4, generator=g), torch.tensor([0.4]), NO, NO)


def speech() -> AudioInput:
    g = torch.Generator().manual_seed(2)
    x, context = torch.randn(2, 1, 45, 12, generator=g)
    return AudioInput(x, context, torch.tensor([0.4]), torch.randint(0, 9, (1, 45), generator=g), NO, NO)


def motion_of(model: JointModel, inputs: MotionInput) -> torch.Tensor:
    return model(None, inputs)[1]


def test_no_clue_is_not_a_clue_of_zeros(model: JointModel) -> None:
    without, zeros = replace(lips(), drop_clue_b=YES), replace(lips(), clue_btc=torch.zeros(1, 24, 4))
    assert not torch.allclose(motion_of(model, without), motion_of(model, zeros))
    other = replace(without, clue_btc=torch.ones(1, 24, 4))
    assert torch.equal(motion_of(model, without), motion_of(model, other))


def test_lips_at_rest_are_not_lips_that_nobody_gave(model: JointModel) -> None:
    rest = replace(lips(), context_btc=torch.zeros(1, 24, 6))
    nobody = replace(rest, given_bt=torch.zeros(1, 24, dtype=torch.bool))
    assert not torch.allclose(motion_of(model, rest), motion_of(model, nobody))
    withheld = replace(lips(), drop_context_b=YES)
    assert torch.equal(motion_of(model, withheld), motion_of(model, nobody))


def test_withheld_speech_and_text_do_not_matter(model: JointModel) -> None:
    said = speech()
    for change in ({"context_btc": said.context_btc + 1}, {"tokens_bn": (said.tokens_bn + 1) % 9}):
        field = "drop_context_b" if "context_btc" in change else "drop_text_b"
        shown, hidden = (model(replace(said, **change), None)[0], model(replace(said, **change, **{field: YES}), None)[0])
        assert not torch.allclose(shown, model(said, None)[0])
        assert torch.equal(hidden, model(replace(said, **{field: YES}), None)[0])


def test_a_frame_is_made_where_it_begins_before_the_sound_ends() -> None:
    """15 tokens of `mini`, or 15 x 2 of `base`, last as long as 8 frames."""
    assert [mini(9).motion_frames(n) for n in (1, 2, 14, 15, 16, 17, 150)] == [1, 2, 8, 8, 9, 10, 80]
    assert [base().motion_frames(n) for n in (1, 3, 4, 30, 31)] == [1, 1, 2, 8, 9]
    assert mini(9).block_tokens == 15 and base().block_tokens == 15
