"""The manner of a voice: what is measured on speech, and what the predictor of durations makes of it."""

import numpy as np
import pytest
import torch

from jamflow.text.durations import DurationConfig, DurationPredictor
from jamflow.text.manner import KINDS, kinds_of_symbols, measured
from jamflow.text.phonemes import symbols

INDEX = {symbol: i for i, symbol in enumerate(symbols())}
USUAL = np.full(len(symbols()), 0.1, np.float32)
SAID = ["ˈɑ", "ə", "m", "t", " ", ",", "."] * 100


def manner(said: list[str], seconds: dict[str, float]) -> dict[str, float]:
    tokens = np.array([INDEX[symbol] for symbol in said])
    return dict(zip(KINDS, measured(tokens, np.array([seconds.get(s, 0.1) for s in said]), USUAL).tolist(), strict=True))


def test_every_symbol_but_silence_has_a_kind() -> None:
    kinds = kinds_of_symbols()
    assert kinds[INDEX["_"]] == -1 and (np.delete(kinds, INDEX["_"]) >= 0).all()
    expected = {
        " ": "space",
        ",": "short pause",
        "…": "long pause",
        "ˌə": "stressed vowel",
        "A": "other vowel",
        "ʃ": "long consonant",
    }
    assert {symbol: KINDS[kinds[INDEX[symbol]]] for symbol in expected} == expected


def test_what_is_as_long_as_usual_is_an_average_manner() -> None:
    assert manner(SAID, {}) == pytest.approx(dict.fromkeys(KINDS, 0.0), abs=1e-6)


def test_only_the_kind_that_is_longer_is_longer() -> None:
    found = manner(SAID, {".": 0.2})
    assert found.pop("long pause") == pytest.approx(np.log(2), abs=0.03)
    assert found == pytest.approx(dict.fromkeys(found, 0.0), abs=1e-6)


def test_few_symbols_say_little() -> None:
    once, often = manner(["m"], {"m": 0.2}), manner(["m"] * 100, {"m": 0.2})
    assert 0.1 < once["long consonant"] < 0.25 < often["long consonant"]
    assert manner(["m"], {})["space"] == 0.0


def test_silence_does_not_count() -> None:
    assert manner([*SAID, "_"], {"_": 9.0}) == manner(SAID, {})


def predictor(learnt: bool) -> DurationPredictor:
    torch.manual_seed(0)
    model = DurationPredictor(DurationConfig(len(symbols()), dim=16, layers=1, manner=learnt)).eval()
    model.out.weight.data.normal_()
    return model


def test_the_manner_of_one_sentence_does_not_touch_another() -> None:
    model, tokens = predictor(True), torch.tensor([[3, 20, 40], [3, 20, 40], [3, 20, 40]])
    slow = torch.zeros(3, len(KINDS))
    slow[1] = 1.0
    seconds = model(tokens, slow)
    torch.testing.assert_close(seconds[0], seconds[2])
    torch.testing.assert_close(seconds[0], model(tokens[:1])[0])
    assert not torch.allclose(seconds[0], seconds[1])


def test_padding_does_not_matter_in_a_manner() -> None:
    model, manner_bk = predictor(True), torch.ones(2, len(KINDS))
    padded = torch.tensor([[3, 20, 40, -1, -1], [4, 5, 6, 7, 8]])
    torch.testing.assert_close(model(padded[:1, :3], manner_bk[:1])[0], model(padded, manner_bk)[0, :3])


def test_an_early_file_takes_no_manner() -> None:
    model, tokens = predictor(False), torch.tensor([[3, 20, 40]])
    torch.testing.assert_close(model(tokens, torch.ones(1, len(KINDS))), model(tokens))
    assert model.manner_of(tokens[0], torch.tensor([9.0, 9.0, 9.0])).tolist() == [0.0] * len(KINDS)
    assert "usual_s" not in model.state_dict()


def test_a_predictor_measures_against_what_is_usual_in_its_corpus() -> None:
    model = predictor(True)
    model.usual_s.fill_(0.2)
    tokens = torch.tensor([INDEX["m"]] * 50)
    assert model.manner_of(tokens, torch.full((50,), 0.2))[KINDS.index("long consonant")] == pytest.approx(0.0, abs=1e-6)
    assert model.manner_of(tokens, torch.full((50,), 0.1))[KINDS.index("long consonant")] < -0.5
