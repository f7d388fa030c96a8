"""Rows of which less is known: they get the kinds that make sense, and losses count what is known alone."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from corpora import make_corpus
from jamflow.data.batches import Batch, Packer
from jamflow.data.corpus import shards
from jamflow.data.features import examples
from jamflow.model.config import AudioConfig, JointConfig, mini
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.text.phonemes import symbols
from jamflow.train.losses import losses
from jamflow.train.regimes import KINDS, Regimes, Row, assign
from tiny_base import awake

CONFIG = mini(len(symbols()))
NORMALISER = Normaliser(100, CONFIG.motion.mouth_channels, CONFIG.motion.clue_channels)
ROWS, TOKENS = 64, 48
KNOWN = [(True, True), (False, True), (True, False), (False, False)]  # text, lips


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"), utterances=2)
    data = [e for s in shards(corpus) for e in examples(s, CONFIG.mel)]
    return Packer(data, CONFIG, np.random.default_rng(0)).batch(ROWS, TOKENS)


def of_which_is_known(batch: Batch, text: bool, lips: bool) -> Batch:
    """What is unknown is as the packer leaves it."""
    changes: dict[str, Tensor] = {"text_b": torch.full((ROWS,), text), "lips_b": torch.full((ROWS,), lips)}
    if not text:
        changes |= {name: torch.full_like(getattr(batch, name), -1) for name in ("timed_ba", "aligned_ba", "free_ba")}
    if not lips:
        changes |= {name: torch.zeros_like(getattr(batch, name)) for name in ("mouth_btc", "seen_btc", "plain_btc", "clue_btc")}
    return dataclasses.replace(batch, **changes)


def drawn(batch: Batch, regimes: Regimes | None = None) -> list[Row]:
    return [assign(batch, regimes or Regimes(), CONFIG, NORMALISER, 0.0, torch.Generator().manual_seed(i)) for i in range(40)]


def shares(rows: list[Row]) -> dict[str, float]:
    """Of every kind."""
    kinds = torch.cat([row.kind_b for row in rows])
    return {name: float((kinds == i).float().mean()) for i, name in enumerate(KINDS)}


def near(wanted: float) -> object:
    return pytest.approx(wanted, abs=4 * (wanted * (1 - wanted) / (40 * ROWS)) ** 0.5)


@pytest.mark.parametrize(("text", "lips"), KNOWN)
def test_null_rows_are_as_many_whatever_is_known(whole: Batch, text: bool, lips: bool) -> None:
    rows = drawn(of_which_is_known(whole, text, lips))
    assert shares(rows)["null"] == near(Regimes().drop_all)
    hidden = torch.cat([row.audio.drop_text_b & row.audio.drop_context_b for row in rows])
    null = torch.cat([row.kind_b == 0 for row in rows])
    assert 0.1 < (hidden & null).float().mean() < 0.2, "and 10 to 20 % of all rows show nothing"


def test_without_a_text_speech_or_lips_are_given(whole: Batch) -> None:
    rows = drawn(of_which_is_known(whole, text=False, lips=True))
    made, r = shares(rows), Regimes()
    assert made["alone"] == made["together"] == 0
    assert made["animate"] / made["dub"] == pytest.approx(r.animate / r.dub, rel=0.15)
    for row in rows:
        assert row.audio.drop_text_b.all() and (row.audio.tokens_bn == -1).all()
        assert (row.phonemes_ba == -1).all()
    only = shares(drawn(of_which_is_known(whole, text=False, lips=True), Regimes(together=1.0, animate=0.0, dub=0.0)))
    assert only["alone"] == near(1 - r.drop_all), "speech is continued"


@pytest.mark.parametrize("text", [True, False])
def test_without_lips_speech_is_alone_and_nothing_is_learnt_about_motion(whole: Batch, text: bool) -> None:
    rows = drawn(of_which_is_known(whole, text, lips=False))
    assert shares(rows)["alone"] == near(1 - Regimes().drop_all)
    for row in rows:
        assert not row.motion_generated.any()
        assert not row.visibility.audio_sees_motion_b.any()
        assert row.audio_generated.any(1).all()
        assert text or row.audio.drop_text_b.all()


def test_each_row_of_a_batch_goes_by_what_is_known_of_it(whole: Batch) -> None:
    text, lips = (torch.tensor(x).repeat(ROWS // 4) for x in zip(*KNOWN, strict=True))
    kinds = torch.stack([row.kind_b for row in drawn(dataclasses.replace(whole, text_b=text, lips_b=lips))])
    for t, m in KNOWN:
        seen = {KINDS[i] for i in kinds[:, (text == t) & (lips == m)].flatten().tolist()}
        wanted = {(True, True): set(KINDS), (False, True): {"null", "animate", "dub"}}
        assert seen == wanted.get((t, m), {"null", "alone"})


def tiny_model() -> JointModel:
    torch.manual_seed(0)
    audio = AudioConfig(200, 32, 2, 2, 16, text_vocab=len(symbols()), text_dim=16, text_layers=1)
    return awake(JointModel(JointConfig(audio, dataclasses.replace(CONFIG.motion, dim=16), frames_per_token=2)))


def test_bands_that_a_recording_lacks_teach_nothing(whole: Batch) -> None:
    """However wrong the model is in them."""
    known = whole.known_bc.clone()
    known[::2, 70:100] = known[::2, 170:200] = False
    model = tiny_model()
    row = drawn(dataclasses.replace(whole, known_bc=known))[0]
    before = losses(model, row)
    row.audio_noise[::2, :, 70:100] += 100.0
    same = losses(model, row)
    assert same.audio is not None and before.audio is not None
    torch.testing.assert_close(same.audio, before.audio)
    row.audio_noise[1::2, :, 70:100] += 100.0
    other = losses(model, row)
    assert other.audio is not None and other.audio > 10 * before.audio


def test_losses_of_the_kinds_add_up_to_the_loss(whole: Batch) -> None:
    model, row = tiny_model(), drawn(whole)[0]
    made = losses(model, row)
    for stream, loss in (("audio", made.audio), ("motion", made.motion)):
        error, tokens = made.by_kind[stream].unbind(1)
        assert loss is not None
        torch.testing.assert_close(error.sum() / tokens.sum(), loss.detach())
    audio, motion = made.by_kind["audio"][:, 1], made.by_kind["motion"][:, 1]
    assert audio[KINDS.index("animate")] == 0 and motion[KINDS.index("dub")] == 0, "what is given has no loss"
    row.motion_data[row.kind_b == KINDS.index("animate")] += 10.0
    changed = losses(model, row).by_kind["motion"][:, 0] - made.by_kind["motion"][:, 0]
    assert changed[KINDS.index("animate")] > 100 and changed.abs().sum() == pytest.approx(float(changed.max()), rel=1e-3)
