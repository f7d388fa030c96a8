"""What a row of `base` is shown: masks, drops, padding."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from corpora import make_talking_corpus
from jamflow.data.corpus import shards
from jamflow.data.stream import list_clips
from jamflow.model.normalise import Normaliser
from jamflow.text.f5_text import load_vocabulary, tokenize
from jamflow.train.base.clips import ClipBatch, ClipReader
from jamflow.train.base.recipe import Rows
from jamflow.train.base.rows import show
from jamflow.train.base.run import measure_motion
from jamflow.train.regimes import KINDS
from jamflow.weights.shipped import asset
from tiny_base import AUDIO, TINY

NORMALISER = Normaliser(100, 12, 51)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> ClipReader:
    parts = list(shards(make_talking_corpus(tmp_path_factory.mktemp("corpus"))))
    vocabulary = load_vocabulary(asset("base/vocab.txt"), AUDIO.text_vocab)
    return ClipReader(parts, list_clips(parts, 0.1, 99), TINY, vocabulary)


@pytest.fixture(scope="module")
def batch(reader: ClipReader) -> ClipBatch:
    return reader.batch(3, np.arange(12).repeat(20))


def test_sound_motion_and_text_are_those_of_the_clip(reader: ClipReader) -> None:
    """The mouth opens with the loudness of the hum, so that a shift between the two would be seen."""
    batch = reader.batch(0, np.array([4, 9]))
    for b in range(2):
        level = batch.mel_bac[b, batch.audio_valid_ba[b]].exp().sum(1).numpy()
        opening = batch.mouth_btc[b, batch.motion_valid_bt[b], 1].numpy()
        at = np.interp(np.arange(len(opening)) / 25, np.arange(len(level)) / 93.75, level)
        lags = [np.corrcoef(np.roll(at, lag)[4:-4], opening[4:-4])[0, 1] for lag in range(-3, 4)]
        assert np.argmax(lags) == 3 and lags[3] > 0.9
        assert len(opening) == TINY.motion_frames(len(level))
    assert not batch.mel_bac[~batch.audio_valid_ba].any() and not batch.mouth_btc[~batch.motion_valid_bt].any()
    wanted = reader.vocabulary.indices(tokenize("hum number 4"))
    assert batch.text_bn[0].tolist()[: len(wanted)] == wanted
    assert batch.names == ["shard-0, clip 4 (voice-0)", "shard-1, clip 3 (voice-1)"]


def test_the_mouth_is_generated_and_the_rest_is_the_clue(reader: ClipReader) -> None:
    batch = reader.batch(0, np.array([0]))
    assert batch.mouth_btc[..., 1::3].mean() > 0.005, "four key points open"
    assert batch.clue_btc.abs().max() < 0.005, "seventeen only shiver"


def test_padding_is_never_learnt_and_never_given(batch: ClipBatch) -> None:
    row = show(batch, Rows(), TINY, NORMALISER, 0)
    assert not row.audio_generated[~batch.audio_valid_ba].any() and not row.motion_generated[~batch.motion_valid_bt].any()
    assert not row.audio.context_btc[~batch.audio_valid_ba].any()
    assert not row.motion.given_bt[~batch.motion_valid_bt].any()


def test_every_place_is_given_or_learnt_and_not_both(batch: ClipBatch) -> None:
    row = show(batch, Rows(), TINY, NORMALISER, 0)
    given_a = row.audio.context_btc.abs().sum(-1) > 0
    assert torch.equal(given_a, batch.audio_valid_ba & ~row.audio_generated)
    assert torch.equal(row.motion.given_bt, batch.motion_valid_bt & ~row.motion_generated)
    assert not row.motion.context_btc[~row.motion.given_bt].any()


def kind(row: object, name: str) -> torch.Tensor:
    return row.kind_b == KINDS.index(name)  # type: ignore[attr-defined]


def test_what_each_kind_is_shown(batch: ClipBatch) -> None:
    row = show(batch, Rows(), TINY, NORMALISER, 0)
    null, alone, together, animate, dub = (kind(row, name) for name in KINDS)
    assert all(k.any() for k in (null, alone, together, animate, dub))
    assert row.audio.drop_text_b[null].all() and row.motion.drop_clue_b[null].all()
    assert not row.audio.context_btc[null].any() and not row.motion.given_bt[null].any()
    sees_motion, sees_audio = row.visibility.audio_sees_motion_b, row.visibility.motion_sees_audio_b
    assert torch.equal(sees_motion, together | dub) and torch.equal(sees_audio, together | animate)
    assert (row.audio.time_b[animate] == 1).all() and (row.motion.time_b[dub] == 1).all()
    assert torch.equal(row.audio.x_btc[animate], NORMALISER.mel(batch.mel_bac[animate])), "given speech is clean"
    assert not row.audio_generated[animate].any() and not row.motion_generated[dub].any()


def test_unknown_lips_and_texts_are_not_learnt(batch: ClipBatch) -> None:
    blind = replace(batch, lips_b=torch.zeros_like(batch.lips_b))
    row = show(blind, Rows(), TINY, NORMALISER, 0)
    assert set(row.kind_b.tolist()) == {0, 1} and not row.motion_generated.any() and not row.motion.given_bt.any()
    mute = replace(batch, text_b=torch.zeros_like(batch.text_b))
    row = show(mute, Rows(), TINY, NORMALISER, 0)
    assert {KINDS[k] for k in row.kind_b.tolist()} == {"null", "animate", "dub"} and row.audio.drop_text_b.all()


@pytest.mark.parametrize(("share", "equal"), [(1.0, True), (0.0, False)])
def test_flow_time_is_shared_or_separate(batch: ClipBatch, share: float, equal: bool) -> None:
    rows = Rows(same_time=share, together=1.0, animate=0.0, dub=0.0)
    row = show(batch, rows, TINY, NORMALISER, 0)
    assert bool((row.audio.time_b == row.motion.time_b).all()) is equal
    assert not equal or len(set(row.audio.time_b.tolist())) > 1


def test_spans_have_the_sizes_that_are_asked_for(batch: ClipBatch) -> None:
    rows = Rows(drop_all=0.0, drop_context=0.0, span=(0.2, 0.4), together=1.0, animate=0.0, dub=0.0)
    row = show(batch, rows, TINY, NORMALISER, 0)
    for generated, valid in ((row.audio_generated, batch.audio_valid_ba), (row.motion_generated, batch.motion_valid_bt)):
        share = generated.sum(1) / valid.sum(1)
        assert float(share.min()) > 0.15 and float(share.max()) <= 0.4 and float(share.std()) > 0.03


def test_draws_depend_on_seed_and_number_alone(batch: ClipBatch) -> None:
    def noise(number: int, seed: int) -> torch.Tensor:
        return show(replace(batch, number=number), Rows(), TINY, NORMALISER, seed).audio_noise

    torch.manual_seed(1)
    first = noise(3, 0)
    torch.manual_seed(2)
    assert torch.equal(noise(3, 0), first)
    assert not torch.equal(noise(4, 0), first) and not torch.equal(noise(3, 1), first)


def test_clips_that_are_no_numbers_are_named(reader: ClipReader) -> None:
    batch = reader.batch(0, np.array([0, 1]))
    assert batch.broken() == []
    batch.clue_btc[1, 3, 2] = float("nan")
    assert batch.broken() == ["shard-0, clip 1 (voice-0)"]


def test_the_text_of_a_clip_that_is_too_long_is_cut(reader: ClipReader, tmp_path: Path) -> None:
    """As F5-TTS does."""
    shard = reader.shards[0]
    first = shard.utterances[0]
    shard.utterances[0] = replace(first, text="hum " * 200)
    try:
        batch = reader.batch(0, np.array([0]))
    finally:
        shard.utterances[0] = first
    assert batch.text_bn.shape[1] == batch.mel_bac.shape[1]


def test_key_points_have_unit_scale_and_those_that_hardly_move_are_not_scaled_up(reader: ClipReader, tmp_path: Path) -> None:
    """The first coordinate of all points is made to stand still."""
    folder = make_talking_corpus(tmp_path, shards_n=1)
    motion = np.load(folder / "shard-0/motion.npy")
    motion[..., 0] = 0
    np.save(folder / "shard-0/motion.npy", motion)
    parts = list(shards(folder))
    still = ClipReader(parts, list_clips(parts, 0.1, 99), TINY, reader.vocabulary)
    normaliser = Normaliser(100, 12, 51)
    measure_motion(still, normaliser)
    frames = torch.cat([still.batch(0, np.array([i])).mouth_btc[0] for i in range(6)])
    torch.testing.assert_close(normaliser.mouth(frames)[:, 1::3].std(0, correction=0), torch.ones(4), atol=1e-3, rtol=0)
    torch.testing.assert_close(normaliser.mouth_std[0::3], (0.1 * normaliser.mouth_std.max()).expand(4))
    assert bool((normaliser.mel_std == 1).all()), "mels stay as F5-TTS has them"
