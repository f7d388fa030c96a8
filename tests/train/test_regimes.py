"""What a training row shows and what it asks for: nothing that is asked for may be seen."""

import numpy as np
import pytest
import torch

from corpora import make_corpus
from jamflow.data.batches import Batch, Packer
from jamflow.data.corpus import shards
from jamflow.data.features import examples
from jamflow.model.config import mini
from jamflow.model.normalise import Normaliser
from jamflow.text.phonemes import symbols
from jamflow.train.regimes import Regimes, Row, assign

CONFIG = mini(len(symbols()))
NORMALISER = Normaliser(100, CONFIG.motion.mouth_channels, CONFIG.motion.clue_channels)
ROWS, TOKENS = 64, 48


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"), utterances=2)
    data = [e for s in shards(corpus) for e in examples(s)]
    return Packer(data, CONFIG, np.random.default_rng(0)).batch(ROWS, TOKENS)


def rows(batch: Batch, free_timing: float = 0.0, **shares: float) -> Row:
    return assign(batch, Regimes(**shares), CONFIG, NORMALISER, free_timing, torch.Generator().manual_seed(0))


ONLY = {"together": 0.0, "animate": 0.0, "dub": 0.0, "speech": 0.0}


def test_what_is_generated_is_not_in_the_context(batch: Batch) -> None:
    row = rows(batch)
    assert not row.audio.context_btc[row.audio_generated].any()
    assert not row.motion.context_btc[row.motion_generated].any()
    assert torch.equal(row.motion.given_bt, ~row.motion_generated)
    row = rows(batch, **ONLY | {"together": 1.0, "recorded": 0.0})
    assert torch.equal(row.audio.context_btc[~row.audio_generated], row.audio_data[~row.audio_generated])
    # motion is given only where speech is given too
    at = (torch.arange(row.motion_generated.shape[1]) / CONFIG.motion_fps * CONFIG.token_rate_hz).long()
    assert not ((~row.motion_generated) & row.audio_generated[:, at.clamp(max=TOKENS - 1)]).any()


def test_animate_freezes_the_recorded_speech(batch: Batch) -> None:
    row = rows(batch, **ONLY | {"animate": 1.0})
    assert torch.equal(row.audio.x_btc, batch.heard_bac) and (row.audio.time_b == 1).all()
    assert not row.audio_generated.any() and row.motion_generated.any()
    assert row.visibility.motion_sees_audio_b.all() and not row.visibility.audio_sees_motion_b.any()


def test_dub_freezes_the_tracked_motion(batch: Batch) -> None:
    row = rows(batch, **ONLY | {"dub": 1.0, "prompt": 0.0, "infill": 0.0})
    assert torch.equal(row.motion.x_btc, batch.seen_btc) and (row.motion.time_b == 1).all()
    assert not row.motion_generated.any() and row.audio_generated.any()
    assert row.visibility.audio_sees_motion_b.all() and not row.visibility.motion_sees_audio_b.any()
    assert torch.equal(row.audio_data, batch.mel_bac)  # what is learnt stays clean


def test_the_own_voice_is_dubbed_with_its_own_lips(batch: Batch) -> None:
    row = rows(batch, **ONLY | {"dub": 1.0, "prompt": 1.0, "infill": 0.0})
    at = (torch.arange(batch.mouth_btc.shape[1]) / CONFIG.motion_fps * CONFIG.token_rate_hz).long().clamp(max=TOKENS - 1)
    of_voice = ~row.audio_generated[:, at]
    assert torch.equal(row.motion.x_btc[~of_voice], batch.seen_btc[~of_voice])
    plain = (row.motion.x_btc == batch.plain_btc).all(-1)
    whole = [bool(plain[b][of_voice[b]].all()) for b in range(ROWS)]
    assert 0.3 < np.mean(whole) < 0.7


def test_recorded_voices_are_continued_clean_and_recorded_sentences_as_they_are(batch: Batch) -> None:
    voice = rows(batch, **ONLY | {"speech": 1.0, "recorded": 1.0, "prompt": 1.0, "infill": 0.0})
    given = ~voice.audio_generated
    assert torch.equal(voice.audio.context_btc[given], batch.heard_bac[given])
    assert torch.equal(voice.audio_data, batch.mel_bac)
    sentence = rows(batch, **ONLY | {"speech": 1.0, "recorded": 1.0, "prompt": 0.0, "infill": 1.0})
    assert torch.equal(sentence.audio_data, batch.heard_bac)


def test_speech_alone_sees_no_motion(batch: Batch) -> None:
    row = rows(batch, **ONLY | {"speech": 1.0})
    assert not row.visibility.audio_sees_motion_b.any() and not row.visibility.motion_sees_audio_b.any()


def test_shares_are_kept(batch: Batch) -> None:
    row = rows(batch, together=0.25, animate=0.25, dub=0.25, speech=0.25)
    animate = ~row.audio_generated.any(1)
    dub = ~row.motion_generated.any(1)
    for share in (animate, dub):
        assert 0.1 < float(share.float().mean()) < 0.4
    assert not (animate & dub).any()


def test_text_is_hidden_only_where_speech_is_given(batch: Batch) -> None:
    row = rows(batch, hide_prompt_text=1.0, hide_infill_text=1.0)
    hidden = row.audio.tokens_bn < 0
    assert hidden.any() and torch.equal(hidden, ~row.audio_generated)


def test_free_timing_gives_the_text_from_the_start(batch: Batch) -> None:
    assert torch.equal(rows(batch, 1.0).audio.tokens_bn, batch.free_ba)
    row = rows(batch, 0.0, hide_prompt_text=0.0, hide_infill_text=0.0)
    assert torch.equal(row.audio.tokens_bn[row.audio_generated], batch.timed_ba[row.audio_generated])
    as_aligned = row.audio.tokens_bn == batch.aligned_ba
    assert (as_aligned | (row.audio.tokens_bn == batch.timed_ba)).all() and not as_aligned.all()


def test_noisy_state_lies_on_the_path(batch: Batch) -> None:
    row = rows(batch, **ONLY | {"together": 1.0})
    t = row.audio.time_b[:, None, None]
    torch.testing.assert_close(row.audio.x_btc, (1 - t) * row.audio_noise + t * row.audio_data)
    t = row.motion.time_b[:, None, None]
    torch.testing.assert_close(row.motion.x_btc, (1 - t) * row.motion_noise + t * row.motion_data)
