"""Units of the model and back: every channel by its own mean and spread, whichever of a token's frames it is in."""

import pytest
import torch

from jamflow.model.normalise import Normaliser


@pytest.fixture
def scale() -> Normaliser:
    out = Normaliser(3, 2, 2)
    out.mel_mean.copy_(torch.tensor([1.0, 2.0, 3.0]))
    out.mel_std.copy_(torch.tensor([1.0, 2.0, 4.0]))
    out.mouth_mean.copy_(torch.tensor([5.0, 6.0]))
    out.mouth_std.copy_(torch.tensor([0.5, 2.0]))
    out.clue_mean.copy_(torch.tensor([7.0, 8.0]))
    out.clue_std.copy_(torch.tensor([0.25, 1.0]))
    return out


def test_channels_have_their_own_units(scale: Normaliser) -> None:
    token = torch.tensor([2.0, 4.0, 7.0, 0.0, 0.0, -1.0])  # two frames of three bands
    assert scale.mel(token).tolist() == [1, 1, 1, -1, -1, -1]
    assert scale.mel(token[:3]).tolist() == [1, 1, 1]
    assert scale.mouth(torch.tensor([[5.5, 8.0]])).tolist() == [[1, 1]]
    assert scale.clue(torch.tensor([[7.25, 9.0]])).tolist() == [[1, 1]]


def test_back_is_the_way_back(scale: Normaliser) -> None:
    mel, mouth = torch.randn(2, 5, 12), torch.randn(2, 5, 2)
    torch.testing.assert_close(scale.mel_back(scale.mel(mel)), mel)
    torch.testing.assert_close(scale.mouth_back(scale.mouth(mouth)), mouth)


def test_without_a_corpus_nothing_changes() -> None:
    mel = torch.randn(4, 6)
    assert torch.equal(Normaliser(3, 2, 2).mel(mel), mel)
