"""The training loop: it learns, stops and goes on, and would run on another device."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from corpora import make_corpus
from jamflow.data.batches import Packer
from jamflow.data.corpus import shards
from jamflow.data.features import examples
from jamflow.model.config import AudioConfig, JointConfig, mini
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.text.phonemes import symbols
from jamflow.train import joint
from jamflow.train.checkpoint import load_checkpoint
from jamflow.train.ema import EMA
from jamflow.train.joint import JointTraining, rate, train_joint
from jamflow.train.losses import losses
from jamflow.train.regimes import Regimes, Row, assign
from jamflow.train.start import Start
from tiny_base import awake

MINI = mini(len(symbols()))
TINY = JointConfig(
    audio=AudioConfig(channels=200, dim=64, depth=2, heads=2, head_dim=16, text_vocab=len(symbols()), text_dim=16, text_layers=1),
    motion=replace(MINI.motion, dim=16),
    frames_per_token=2,
)
SCALE = Normaliser(100, TINY.motion.mouth_channels, TINY.motion.clue_channels)
SHORT = JointTraining(steps=75, shapes=((4, 48),), shape_shares=(1.0,), warmup=5, save_every=25, lr=5e-3, free_timing=0.5)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


def log_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "progress.jsonl").read_text().splitlines()]


def test_training_learns_and_goes_on_where_it_stopped(corpus: Path, tmp_path: Path) -> None:
    path = train_joint(corpus, tmp_path, SHORT, TINY)
    first = log_of(tmp_path)
    assert [row["step"] for row in first] == [25, 50, 75]
    for stream in ("audio", "motion"):
        assert first[-1][stream] < 0.95 * first[0][stream]
    before = load_checkpoint(path)
    longer = JointTraining(**{**SHORT.__dict__, "steps": 100})
    train_joint(corpus, tmp_path, longer, TINY)
    after = load_checkpoint(path)
    assert [row["step"] for row in log_of(tmp_path)] == [25, 50, 75, 100]
    assert before is not None and after is not None and after["step"] == 100
    assert after["ema"]["updates"] == 100
    for name, value in before["normaliser"].items():  # measured once: a second measure would shift the data
        assert torch.equal(value, after["normaliser"][name])
    assert not torch.equal(before["model"]["audio.proj_out.weight"], after["model"]["audio.proj_out.weight"])


def test_held_out_voices_are_not_trained_on(corpus: Path, tmp_path: Path) -> None:
    config = JointTraining(**{**SHORT.__dict__, "steps": 1, "held_out_voices": ("low", "high")})
    with pytest.raises(ValueError):
        train_joint(corpus, tmp_path, config, TINY)


def test_everything_in_a_row_moves_to_the_device(corpus: Path) -> None:
    """The `meta` device computes shapes only, and like a GPU refuses tensors that stayed on the CPU."""
    data = [e for s in shards(corpus) for e in examples(s, TINY.mel)]
    batch = Packer(data, TINY, np.random.default_rng(0)).batch(2, 48)
    normaliser = Normaliser(100, TINY.motion.mouth_channels, TINY.motion.clue_channels)
    row = assign(batch, Regimes(), TINY, normaliser, 0.2, torch.Generator().manual_seed(0)).to(torch.device("meta"))
    model = JointModel(TINY).to("meta")
    audio, motion = model(row.audio, row.motion, row.visibility)
    assert audio.device.type == motion.device.type == "meta"
    assert audio.shape == row.audio_data.shape and motion.shape == row.motion_data.shape


def test_loss_counts_only_what_is_generated(corpus: Path) -> None:
    data = [e for s in shards(corpus) for e in examples(s, TINY.mel)]
    batch = Packer(data, TINY, np.random.default_rng(0)).batch(4, 48)
    normaliser = Normaliser(100, TINY.motion.mouth_channels, TINY.motion.clue_channels)
    row = assign(batch, Regimes(), TINY, normaliser, 0.0, torch.Generator().manual_seed(1))
    model = JointModel(TINY).eval()
    before = losses(model, row)
    row.audio_data = row.audio_data + 100 * ~row.audio_generated[..., None]
    row.motion_data = row.motion_data + 100 * ~row.motion_generated[..., None]
    after = losses(model, row)
    assert after.audio == before.audio and after.motion == before.motion


def one_step(corpus: Path, run: Path, monkeypatch: pytest.MonkeyPatch, **changes: object) -> dict[str, Tensor]:
    """How far every weight moves in one step of plain gradient descent, whose updates are as large as the gradient."""
    torch.manual_seed(0)
    start = awake(JointModel(TINY))
    before = {k: v.clone() for k, v in start.state_dict().items()}
    monkeypatch.setattr(joint, "optimizers", lambda model, config: [torch.optim.SGD(model.parameters(), config.lr)])
    training = replace(SHORT, steps=1, warmup=1, lr=1.0, **{"clip": 1e9} | changes)  # type: ignore[arg-type]
    after = load_checkpoint(train_joint(corpus, run, training, TINY, Start(start, SCALE)))
    assert after is not None
    return {k: after["model"][k] - v for k, v in before.items()}


def test_gradients_are_clipped(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All together, so that their direction stays."""

    def norm(moves: dict[str, Tensor]) -> float:
        return float(torch.stack([m.square().sum() for m in moves.values()]).sum().sqrt())

    free = one_step(corpus, tmp_path / "free", monkeypatch)
    held = one_step(corpus, tmp_path / "held", monkeypatch, clip=0.5 * norm(free))
    assert norm(held) == pytest.approx(0.5 * norm(free), rel=1e-3)
    for name, move in free.items():
        torch.testing.assert_close(2 * held[name], move, atol=1e-4 * norm(free), rtol=1e-2)


def test_every_step_has_its_own_gradient(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same row again and again, and a rate of zero: the gradient stays the same."""
    norms: list[float] = []

    class Watching(torch.optim.SGD):
        def step(self, closure: None = None) -> None:
            norms.append(float(sum(p.grad.square().sum() for p in self.param_groups[0]["params"] if p.grad is not None)))

    rows: list[Row] = []

    def same(*given: object) -> Row:
        rows.append(rows[0] if rows else assign(*given))  # type: ignore[arg-type]
        return rows[0]

    monkeypatch.setattr(joint, "optimizers", lambda model, config: [Watching(model.parameters(), config.lr)])
    monkeypatch.setattr(joint, "assign", same)
    train_joint(
        corpus, tmp_path, replace(SHORT, steps=3, clip=1e9, phoneme_weight=0.0), TINY, Start(awake(JointModel(TINY)), SCALE)
    )
    assert norms[0] > 0 and norms[1:] == pytest.approx([norms[0]] * 2, rel=1e-3)


def test_the_motion_loss_is_weighed(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output layers learn from their own stream's loss alone."""
    half = one_step(corpus, tmp_path / "half", monkeypatch)
    twice = one_step(corpus, tmp_path / "twice", monkeypatch, motion_weight=1.0)
    assert half["motion.proj_out.weight"].any()
    torch.testing.assert_close(2 * half["motion.proj_out.weight"], twice["motion.proj_out.weight"], atol=1e-6, rtol=1e-2)
    torch.testing.assert_close(half["audio.proj_out.weight"], twice["audio.proj_out.weight"], atol=1e-6, rtol=1e-2)


def test_a_frozen_audio_stream_teaches_motion(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stage 1 of the paper (section 4.6): its weights stay, and its loss still reaches the motion stream."""
    moves = one_step(corpus, tmp_path, monkeypatch, freeze_audio=True, motion_weight=0.0)
    moved = {name for name, move in moves.items() if move.any()}
    assert all(name.startswith("motion.") for name in moved)
    assert "motion.proj.weight" in moved and "motion.proj_out.weight" not in moved


def test_rate_warms_up_holds_and_falls_to_zero() -> None:
    config = JointTraining(steps=1000, warmup=100, decay_from=0.5)
    rates = [rate(step, config) for step in range(1001)]
    assert rates[0] == pytest.approx(0.01) and rates[100] == rates[499] == 1 and rates[750] == pytest.approx(0.5)
    assert rates[1000] == 0 and min(rates) >= 0


def test_average_forgets_the_start_and_settles_on_the_end() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 100.0)
    ema = EMA(model, 0.9)
    nn.init.constant_(model.weight, 1.0)
    ema.update(model)
    assert ema.average["weight"].item() < 25, "the first steps are forgotten quickly"
    for _ in range(100):
        ema.update(model)
    assert ema.average["weight"].item() == pytest.approx(1.0, abs=0.2)
    nn.init.constant_(model.weight, 11.0)
    before = ema.average["weight"].item()
    ema.update(model)
    assert ema.average["weight"].item() == pytest.approx(0.9 * before + 1.1), "one step counts for a tenth"
    saved = ema.state_dict()
    other = EMA(nn.Linear(1, 1, bias=False), 0.9)
    other.load_state_dict(saved)
    assert other.updates == 102 and torch.equal(other.average["weight"], ema.average["weight"])
