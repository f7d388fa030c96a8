"""Durations: where symbols lie in time, and what the predictor's loss wants."""

import pytest
import torch

from jamflow.text.durations import MIN_DURATION_S, DurationConfig, DurationPredictor, duration_loss, timeline
from jamflow.text.phonemes import symbols, tokens_in_time


def test_symbols_follow_each_other_without_gaps() -> None:
    phones = timeline(["_", "m", "ɑ"], torch.tensor([0.25, 0.125, 0.5]))
    assert phones == [("_", 0.0, 0.25), ("m", 0.25, 0.375), ("ɑ", 0.375, 0.875)]


def test_no_symbol_is_too_short_to_be_heard() -> None:
    torch.manual_seed(0)
    model = DurationPredictor(DurationConfig(vocab=9, dim=16, layers=1)).eval()
    assert model.out.bias is not None
    model.out.bias.data.fill_(-9.0)
    assert float(model(torch.tensor([[1, 2, 3]])).min().detach()) == pytest.approx(MIN_DURATION_S)


def test_a_symbol_may_be_as_long_as_its_neighbours_make_it() -> None:
    torch.manual_seed(0)
    model = DurationPredictor(DurationConfig(vocab=9, dim=16, layers=1)).eval()
    model.out.weight.data.normal_()
    one, other = model(torch.tensor([[1, 2, 3], [1, 2, 4]]))
    assert one[0] != other[0] and len(one) == 3


def test_padding_has_no_loss() -> None:
    log_seconds, seconds = torch.tensor([[-2.0, -1.0, 9.0]]), torch.tensor([[0.1, 0.3, 0.0]])
    keep = torch.tensor([[True, True, False]])
    assert duration_loss(log_seconds, seconds, keep) == pytest.approx(
        float(duration_loss(log_seconds[:, :2], seconds[:, :2], keep[:, :2]))
    )


def test_a_token_is_what_sounds_at_its_middle() -> None:
    """A border within a token's first half gives it to the later phoneme, within its second half to the earlier."""
    index = symbols().index
    for border_s, second in (("0.14", "ɑ"), ("0.16", "m")):
        ids = tokens_in_time([("m", 0.0, float(border_s)), ("ɑ", float(border_s), 0.3)], 4, 10.0)
        assert ids.tolist() == [index("m"), index(second), index("ɑ"), index("_")]
