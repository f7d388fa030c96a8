"""Stages of a training: what learns, what is given, what is kept of it, and that a stop changes nothing."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from corpora import make_corpus
from jamflow.data.batches import Batch, Packer
from jamflow.data.corpus import shards
from jamflow.data.features import examples
from jamflow.data.statistics import statistics
from jamflow.errors import UserError
from jamflow.model.config import AudioConfig, JointConfig, mini
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.text.phonemes import symbols
from jamflow.train.checkpoint import load_checkpoint
from jamflow.train.joint import JointTraining, train_joint
from jamflow.train.losses import losses, motion_losses
from jamflow.train.phoneme_head import Listener, PhonemeHead
from jamflow.train.regimes import Regimes, Row, assign
from jamflow.train.start import Start, start_from
from tiny_base import awake

MINI = mini(len(symbols()))
AUDIO = AudioConfig(200, 64, 2, 2, 16, text_vocab=len(symbols()), text_dim=16, text_layers=1)
TINY = JointConfig(AUDIO, replace(MINI.motion, dim=16), frames_per_token=2)
SHORT = JointTraining(steps=60, shapes=((4, 48),), shape_shares=(1.0,), warmup=5, save_every=10, lr=5e-3, free_timing=0.5)
ANIMATE = Regimes(drop_all=0.0, drop_other=0.0, together=0.0, animate=1.0, dub=0.0, drop_text_animate=1.0)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def batch(corpus: Path) -> Batch:
    return Packer([e for s in shards(corpus) for e in examples(s, TINY.mel)], TINY, np.random.default_rng(0)).batch(8, 48)


@pytest.fixture(scope="module")
def normaliser(corpus: Path) -> Normaliser:
    data = [e for s in shards(corpus) for e in examples(s, TINY.mel)]
    out = Normaliser(100, 18, 36)
    out.load_state_dict(statistics(data, TINY, np.random.default_rng(0)))
    return out


def row_of(batch: Batch, normaliser: Normaliser, regimes: Regimes = ANIMATE) -> Row:
    return assign(batch, regimes, TINY, normaliser, 0.0, torch.Generator().manual_seed(0))


def tiny_model(seed: int = 0) -> JointModel:
    torch.manual_seed(seed)
    return awake(JointModel(TINY)).requires_grad_(True)


def progress(run: Path) -> list[dict]:
    rows = [json.loads(line) for line in (run / "progress.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k not in ("minutes", "seconds_a_step", "rows_a_second")} for row in rows]


def test_the_head_learns_to_tell_what_is_said_and_teaches_the_speech_stream(batch: Batch, normaliser: Normaliser) -> None:
    model, row = tiny_model(), row_of(batch, normaliser)
    head = PhonemeHead(TINY.audio)
    first = losses(model, row, head).phonemes
    assert first is not None and 3 < first < 7, "about as many nats as symbols have"
    optimizer = torch.optim.AdamW([*model.parameters(), *head.parameters()], 3e-3)
    for _ in range(60):
        loss = losses(model, row, head).phonemes
        assert loss is not None
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.5 * float(first.detach())
    touched = {name.split(".")[2] for name, p in model.named_parameters() if p.grad is not None and "audio.transformer" in name}
    assert touched == {"0"}, "the joint half of the speech stream, and not what comes after it"


def test_the_head_is_asked_where_recorded_speech_is_heard_without_its_text(batch: Batch, normaliser: Normaliser) -> None:
    row = row_of(batch, normaliser, Regimes(drop_all=0.0, together=0.2, animate=0.6, dub=0.2, drop_text_animate=0.5))
    asked = (row.phonemes_ba >= 0).all(1)
    assert torch.equal(asked, (row.kind_b == 3) & row.audio.drop_text_b)
    assert asked.any() and ((row.kind_b == 3) & ~asked).any()
    assert torch.equal(row.phonemes_ba[asked], batch.timed_ba[asked])
    model, head = tiny_model(), PhonemeHead(TINY.audio)
    row.phonemes_ba[:] = -1
    assert losses(model, row, head).phonemes == 0, "nothing is asked"


def test_listening_does_not_change_what_the_model_does(batch: Batch, normaliser: Normaliser) -> None:
    model, row = tiny_model().eval(), row_of(batch, normaliser, Regimes())
    listener = Listener(model)
    plan = model.plan(row.audio, row.motion, row.visibility, code=listener.code)
    heard = model(row.audio, row.motion, row.visibility, plan=plan)
    plain = model(row.audio, row.motion, row.visibility)
    assert torch.equal(heard[0], plain[0]) and torch.equal(heard[1], plain[1])
    assert listener.hidden_bad is not None and listener.hidden_bad.shape == (8, 48, TINY.audio.dim)


def test_nothing_of_the_head_is_shipped(corpus: Path, tmp_path: Path) -> None:
    state = load_checkpoint(train_joint(corpus, tmp_path, replace(SHORT, steps=10), TINY))
    assert state is not None
    assert set(state["phoneme_head"]) == set(PhonemeHead(TINY.audio).state_dict())
    model = set(JointModel(TINY).state_dict())
    assert set(state["ema"]) == model | {"updates"} and set(state["model"]) == model


class _Stopped(Exception):
    """A process that is killed."""


@pytest.mark.parametrize("stop", [10, 37])
def test_a_stopped_run_goes_on_with_the_numbers_that_it_would_have_had(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    """Also when it is stopped after a line of the log that the last checkpoint does not know."""
    whole = load_checkpoint(train_joint(corpus, tmp_path / "whole", SHORT, TINY))
    batches = Packer.batches

    def until_stopped(*given, **more):
        for i, batch in enumerate(batches(*given, **more)):
            if i == stop:
                raise _Stopped
            yield batch

    with monkeypatch.context() as patch, pytest.raises(_Stopped):
        patch.setattr(Packer, "batches", until_stopped)
        train_joint(corpus, tmp_path / "stopped", SHORT, TINY)
    torch.rand(3)  # another state than at the start
    resumed = load_checkpoint(train_joint(corpus, tmp_path / "stopped", SHORT, TINY))
    assert whole is not None and resumed is not None
    for part in ("model", "ema", "normaliser", "phoneme_head"):
        for name, value in whole[part].items():
            same = torch.equal(value, resumed[part][name]) if isinstance(value, torch.Tensor) else value == resumed[part][name]
            assert same, f"{part} {name}"
    assert progress(tmp_path / "stopped") == progress(tmp_path / "whole")


def test_the_log_has_losses_for_every_kind_of_row(corpus: Path, tmp_path: Path) -> None:
    train_joint(corpus, tmp_path, replace(SHORT, steps=50), TINY)
    rows = [json.loads(line) for line in (tmp_path / "progress.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [25, 50]
    speech = {f"audio_{kind}" for kind in ("null", "alone", "together", "dub")}
    lips = {f"motion_{kind}" for kind in ("null", "alone", "together", "animate")}
    rest = {"step", "minutes", "lr", "seconds_a_step", "rows_a_second", "audio", "motion", "phonemes", "norm"}
    assert set(rows[0]) == speech | lips | rest
    for row in rows:
        assert row["rows_a_second"] * row["seconds_a_step"] == pytest.approx(4, rel=0.01)
        assert min(row[k] for k in speech) <= row["audio"] <= max(row[k] for k in speech)


def test_the_stage_for_motion_alone_has_the_gradients_of_the_whole_model(batch: Batch, normaliser: Normaliser) -> None:
    """Those of `animate` and null rows, in which motion does not see what comes after the joint blocks."""
    row = row_of(batch, normaliser, replace(ANIMATE, drop_all=0.3))
    assert set(row.kind_b.tolist()) == {0, 3}
    model = tiny_model()
    whole = losses(model, row).motion
    whole.backward()
    wanted = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None and name.startswith("motion")}
    model.zero_grad()
    cheap = motion_losses(model, row)
    assert cheap.audio is None and cheap.phonemes is None
    torch.testing.assert_close(cheap.motion, whole, atol=1e-3, rtol=1e-3)
    cheap.motion.backward()
    made = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert set(made) == set(wanted)
    off = sum(float((made[n] - wanted[n]).square().sum()) for n in wanted) / sum(float(g.square().sum()) for g in wanted.values())
    assert off < 1e-3


def test_in_the_stage_for_motion_alone_speech_is_given_and_its_stream_stays(corpus: Path, tmp_path: Path) -> None:
    start = tiny_model()
    before = {k: v.clone() for k, v in start.state_dict().items()}
    training = replace(SHORT, steps=25, motion_only=True)
    state = load_checkpoint(train_joint(corpus, tmp_path, training, TINY, Start(start, Normaliser(100, 18, 36))))
    assert state is not None
    moved = {name.split(".")[0] for name, value in before.items() if not torch.equal(value, state["model"][name])}
    assert moved == {"motion"}
    (row,) = progress(tmp_path)
    assert {"motion", "motion_animate", "motion_null"} <= set(row) and not [k for k in row if k.startswith(("audio", "phonemes"))]
    assert not [k for k in row if k in ("motion_alone", "motion_together")]


def test_a_stage_goes_on_from_the_average_and_the_scale_of_the_one_before(corpus: Path, tmp_path: Path) -> None:
    first = load_checkpoint(train_joint(corpus, tmp_path / "first", replace(SHORT, steps=30), TINY))
    start = start_from(tmp_path / "first")
    assert first is not None and not start.non_commercial
    for name, value in start.model.state_dict().items():
        assert torch.equal(value, first["ema"][name])
    start.normaliser.mel_mean.add_(0.5)  # its own, not the corpus's
    second = load_checkpoint(train_joint(corpus, tmp_path / "second", replace(SHORT, steps=25, seed=1), TINY, start))
    assert second is not None
    assert torch.equal(second["normaliser"]["mel_mean"], first["normaliser"]["mel_mean"] + 0.5)
    assert progress(tmp_path / "second")[0]["motion"] < 0.9 * progress(tmp_path / "first")[0]["motion"]
    with pytest.raises(UserError, match="no checkpoint in"):
        start_from(tmp_path)


def test_a_run_is_the_same_in_another_process(corpus: Path, tmp_path: Path) -> None:
    """Nothing depends on the order of a set or on the time."""
    (tmp_path / "once.py").write_text(
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from test_stages import SHORT, TINY, train_joint\n"
        "train_joint(Path(sys.argv[1]), Path(sys.argv[2]), replace(SHORT, steps=25), TINY)\n"
    )
    paths = f"import sys; sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}; "
    code = paths + f"sys.argv[1:] = {[str(corpus), str(tmp_path / 'other')]!r}; exec(open({str(tmp_path / 'once.py')!r}).read())"
    subprocess.run([sys.executable, "-c", code], check=True)
    train_joint(corpus, tmp_path / "here", replace(SHORT, steps=25), TINY)
    assert progress(tmp_path / "here") == progress(tmp_path / "other")


def test_a_corpus_for_another_model_is_refused(corpus: Path, tmp_path: Path) -> None:
    other = replace(TINY, mel=replace(TINY.mel, hop=240))
    with pytest.raises(UserError, match="hop 256"):
        train_joint(corpus, tmp_path, SHORT, other)
