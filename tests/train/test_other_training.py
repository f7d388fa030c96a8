"""Vocoder and duration predictor learn, and the vocoder goes on where it stopped."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from corpora import SYMBOLS, make_corpus
from jamflow.speech.vocoder import VocosConfig
from jamflow.text.durations import DurationConfig, DurationPredictor, duration_loss
from jamflow.text.manner import measured
from jamflow.text.phonemes import symbols
from jamflow.train import vocoder
from jamflow.train.checkpoint import load_checkpoint, save_checkpoint
from jamflow.train.durations import DurationTraining, Rows, Sentence, collate, fitted, train_durations
from jamflow.train.log import RunLog
from jamflow.train.vocoder import VocoderTraining, spectral_distance, train_vocoder

TINY = VocosConfig(dim=32, intermediate_dim=64, layers=2)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


def test_vocoder_learns_before_and_against_the_judges(corpus: Path, tmp_path: Path) -> None:
    settings = {"batch": 4, "frames": 24, "judged": 2, "discriminator_channels": 4, "lr": 2e-3, "save_every": 50}
    train_vocoder(corpus, tmp_path, VocoderTraining(steps=100, adversarial_from=1000, **settings), TINY)
    path = train_vocoder(corpus, tmp_path, VocoderTraining(steps=150, adversarial_from=100, **settings), TINY)
    log = [json.loads(line) for line in (tmp_path / "progress.jsonl").read_text().splitlines()]
    assert [row["step"] for row in log] == [50, 100, 150]
    assert log[1]["mel"] < 0.9 * log[0]["mel"]
    assert "judge" not in log[1] and 0 < log[2]["judge"] < 12
    state = load_checkpoint(path)
    assert state is not None and state["ema"]["updates"] == 150


def test_a_stopped_vocoder_training_goes_on_with_the_numbers_that_it_would_have_had(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = VocoderTraining(steps=6, adversarial_from=3, batch=2, frames=24, judged=2, discriminator_channels=4, save_every=2)
    whole = load_checkpoint(train_vocoder(corpus, tmp_path / "whole", config, TINY))
    crops = vocoder.crops

    def until_stopped(*given):
        yield from itertools.islice(crops(*given), 5)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(vocoder, "crops", until_stopped)
        train_vocoder(corpus, tmp_path / "stopped", config, TINY)
    resumed = load_checkpoint(train_vocoder(corpus, tmp_path / "stopped", config, TINY))
    assert whole is not None and resumed is not None and resumed["step"] == 6
    for part in ("model", "judges", "ema"):
        assert all(torch.equal(torch.as_tensor(v), torch.as_tensor(resumed[part][k])) for k, v in whole[part].items()), part
    lines = [json.loads((tmp_path / run / "progress.jsonl").read_text()) for run in ("whole", "stopped")]
    assert lines[0] | {"minutes": 0} == lines[1] | {"minutes": 0} and {"judge", "mel"} <= set(lines[0])


def test_spectral_distance_is_zero_for_equal_sound_and_grows() -> None:
    wave = torch.sin(torch.arange(8000)[None] * 0.1)
    noise = 0.1 * torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    assert spectral_distance(wave, wave) == 0
    assert 0 < spectral_distance(wave + noise, wave) < spectral_distance(wave + 5 * noise, wave)


def test_durations_are_learnt(corpus: Path, tmp_path: Path) -> None:
    path = train_durations(corpus, tmp_path, DurationTraining(steps=100, batch=8))
    state = load_checkpoint(path)
    assert state is not None
    model = DurationPredictor(DurationConfig(**state["config"]))
    model.load_state_dict(state["model"])
    index = {s: i for i, s in enumerate(symbols())}
    seconds = model.eval()(torch.tensor([[index[s] for s in SYMBOLS]]))[0]
    assert ((seconds > 0.2) & (seconds < 0.4)).all()  # every sound of the corpus lasts 0.25 to 0.33 s


def test_durations_are_learnt_in_the_manner_of_each_voice(tmp_path: Path) -> None:
    index = {s: i for i, s in enumerate(symbols())}
    rng = np.random.default_rng(0)

    def sentence(voice: str) -> Sentence:
        tokens = np.array([index[s] for s in rng.choice(["m", "ɑ", "b", "ˈu", "t"], 12)])
        return Sentence(voice, tokens, np.full(12, 0.2 if voice == "slow" else 0.1, np.float32))

    data = [sentence(voice) for voice in ("slow", "fast") for _ in range(40)]
    model = fitted(data, DurationTraining(steps=150, batch=16), RunLog(tmp_path), [])
    tokens, seconds, manners = collate([(s, measured(s.tokens, s.seconds, model.usual_s.numpy())) for s in data[::20]])
    with torch.no_grad():
        told, untold = model(tokens, manners), model(tokens)
    assert (told / seconds).log().abs().mean() < 0.12 < 0.25 < (untold / seconds).log().abs().mean()


def test_a_sentence_that_shows_its_beginning_has_no_loss_there() -> None:
    rng = np.random.default_rng(0)
    alone = [Sentence(f"voice-{i}", np.arange(1, 11), np.full(10, 0.2 + i, np.float32)) for i in range(3)]
    rows = Rows(alone, np.full(len(symbols()), 0.1, np.float32))
    _, _, manners, keep = rows.draw(200, rng)
    shown = manners.abs().sum(1) > 0
    first = (~keep).sum(1)
    assert first[shown].min() >= 3 and first[shown].max() <= 7 and 0.8 < shown.float().mean() < 0.97
    assert (first[~shown] == 0).any()


def test_the_manner_of_a_voice_comes_from_its_other_sentences() -> None:
    data = [Sentence("a", np.array([40] * 50), np.full(50, 0.1, np.float32)) for _ in range(9)]
    data.append(Sentence("a", np.array([40] * 50), np.full(50, 9.0, np.float32)))
    rows = Rows(data, np.full(len(symbols()), 0.1, np.float32))
    assert not rows.of_voice("a", 9, 24, np.random.default_rng(0)).any()
    assert rows.of_voice("a", 0, 24, np.random.default_rng(0)).any()


def test_durations_do_not_depend_on_padding() -> None:
    torch.manual_seed(0)
    model = DurationPredictor(DurationConfig(vocab=9, dim=16, layers=2)).eval()
    short = torch.tensor([[1, 2, 3]])
    padded = torch.tensor([[1, 2, 3, -1, -1], [4, 5, 6, 7, 8]])
    torch.testing.assert_close(model(short)[0], model(padded)[0, :3])


def test_the_mean_has_the_least_duration_loss() -> None:
    seconds = torch.tensor([[0.1, 0.3]])
    keep = torch.ones(1, 2)
    loss = [float(duration_loss(torch.full((1, 2), s).log(), seconds, keep)) for s in (0.1, 0.17, 0.2, 0.23, 0.3)]
    assert min(loss) == loss[2]


def test_a_checkpoint_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    save_checkpoint(path, {"step": 1})
    with pytest.raises(Exception, match="pickle"):
        save_checkpoint(path, {"step": 2, "bad": lambda: None})
    assert load_checkpoint(path) == {"step": 1}
    assert load_checkpoint(tmp_path / "none.pt") is None
