"""What a training row shows and what it asks for: nothing that is asked for may be seen."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from corpora import make_corpus
from jamflow.data.batches import Batch, Packer
from jamflow.data.corpus import shards
from jamflow.data.features import examples
from jamflow.model.config import AudioConfig, JointConfig, MotionConfig, mini
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.model.streams import AudioInput, MotionInput
from jamflow.text.phonemes import symbols
from jamflow.train.regimes import Regimes, Row, assign
from tiny_base import awake

CONFIG = mini(len(symbols()))
NORMALISER = Normaliser(100, CONFIG.motion.mouth_channels, CONFIG.motion.clue_channels)
ROWS, TOKENS = 64, 48


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"), utterances=2)
    data = [e for s in shards(corpus) for e in examples(s, CONFIG.mel)]
    return Packer(data, CONFIG, np.random.default_rng(0)).batch(ROWS, TOKENS)


def rows(batch: Batch, free_timing: float = 0.0, **shares: float) -> Row:
    return assign(batch, Regimes(**shares), CONFIG, NORMALISER, free_timing, torch.Generator().manual_seed(0))


def seen_context(stream: AudioInput | MotionInput) -> Tensor:
    """What the model is shown of the given context."""
    return stream.context_btc * ~stream.drop_context_b[:, None, None]


ONLY = {"drop_all": 0.0, "drop_other": 0.0, "together": 0.0, "animate": 0.0, "dub": 0.0}
KINDS: dict[str, dict[str, float]] = {
    "null": ONLY | {"drop_all": 1.0},
    "alone": ONLY | {"drop_other": 1.0},
    "together": ONLY | {"together": 1.0},
    "animate": ONLY | {"animate": 1.0},
    "dub": ONLY | {"dub": 1.0},
}


def test_what_is_generated_is_not_shown(batch: Batch) -> None:
    row = rows(batch)
    assert not seen_context(row.audio)[row.audio_generated].any()
    assert not seen_context(row.motion)[row.motion_generated].any()
    assert torch.equal(row.motion.given_bt & ~row.motion.drop_context_b[:, None], ~row.motion_generated)
    row = rows(batch, **KINDS["together"] | {"recorded": 0.0})
    assert torch.equal(row.audio.context_btc[~row.audio_generated], row.audio_data[~row.audio_generated])
    # motion is given only where speech is given too
    at = (torch.arange(row.motion_generated.shape[1]) / CONFIG.motion_fps * CONFIG.token_rate_hz).long()
    assert not ((~row.motion_generated) & row.audio_generated[:, at.clamp(max=TOKENS - 1)]).any()


def test_animate_freezes_the_recorded_speech(batch: Batch) -> None:
    row = rows(batch, **KINDS["animate"])
    assert torch.equal(row.audio.x_btc, batch.heard_bac) and (row.audio.time_b == 1).all()
    assert not row.audio_generated.any() and row.motion_generated.any()
    assert row.visibility.motion_sees_audio_b.all() and not row.visibility.audio_sees_motion_b.any()


def test_dub_freezes_the_tracked_motion(batch: Batch) -> None:
    row = rows(batch, **KINDS["dub"] | {"prompt": 0.0, "infill": 0.0})
    assert torch.equal(row.motion.x_btc, batch.seen_btc) and (row.motion.time_b == 1).all()
    assert not row.motion_generated.any() and row.audio_generated.any()
    assert row.visibility.audio_sees_motion_b.all() and not row.visibility.motion_sees_audio_b.any()
    assert torch.equal(row.audio_data, batch.mel_bac)  # what is learnt stays clean


def test_the_own_voice_is_dubbed_with_its_own_lips(batch: Batch) -> None:
    row = rows(batch, **KINDS["dub"] | {"prompt": 1.0, "infill": 0.0})
    at = (torch.arange(batch.mouth_btc.shape[1]) / CONFIG.motion_fps * CONFIG.token_rate_hz).long().clamp(max=TOKENS - 1)
    of_voice = ~row.audio_generated[:, at]
    assert torch.equal(row.motion.x_btc[~of_voice], batch.seen_btc[~of_voice])
    plain = (row.motion.x_btc == batch.plain_btc).all(-1)
    whole = [bool(plain[b][of_voice[b]].all()) for b in range(ROWS)]
    assert 0.3 < np.mean(whole) < 0.7


def test_recorded_voices_are_continued_clean_and_recorded_sentences_as_they_are(batch: Batch) -> None:
    voice = rows(batch, **KINDS["alone"] | {"recorded": 1.0, "prompt": 1.0, "infill": 0.0})
    given = ~voice.audio_generated
    assert torch.equal(voice.audio.context_btc[given], batch.heard_bac[given])
    assert torch.equal(voice.audio_data, batch.mel_bac)
    sentence = rows(batch, **KINDS["alone"] | {"recorded": 1.0, "prompt": 0.0, "infill": 1.0})
    assert torch.equal(sentence.audio_data, batch.heard_bac)


def test_streams_that_are_alone_do_not_see_each_other(batch: Batch) -> None:
    row = rows(batch, **KINDS["alone"], drop_text=0.0, clue=1.0)
    assert not row.visibility.audio_sees_motion_b.any() and not row.visibility.motion_sees_audio_b.any()
    assert row.audio_generated.any(1).all() and row.motion_generated.any(1).all()
    assert not (row.audio.drop_text_b | row.audio.drop_context_b).any(), "the other stream is hidden alone"
    assert not (row.motion.drop_clue_b | row.motion.drop_context_b).any()


def test_streams_that_are_together_see_each_other(batch: Batch) -> None:
    row = rows(batch, **KINDS["together"])
    assert row.visibility.audio_sees_motion_b.all() and row.visibility.motion_sees_audio_b.all()


def share(batch: Batch, of: Callable[[Row], Tensor], **shares: float) -> float:
    """Of 40 batches' rows."""
    drawn = (assign(batch, Regimes(**shares), CONFIG, NORMALISER, 0.0, torch.Generator().manual_seed(i)) for i in range(40))
    return float(torch.stack([of(row).float() for row in drawn]).mean())


def near(wanted: float) -> object:
    """Four standard deviations of a share of so many rows."""
    return pytest.approx(wanted, abs=4 * (wanted * (1 - wanted) / (40 * ROWS)) ** 0.5)


def shows_nothing(row: Row) -> Tensor:
    """What the null row of a call sees: neither text, nor given context, nor clue, nor the other stream."""
    audio, motion = row.audio, row.motion
    hidden = audio.drop_text_b & audio.drop_context_b & motion.drop_context_b & motion.drop_clue_b
    return hidden & ~row.visibility.audio_sees_motion_b & ~row.visibility.motion_sees_audio_b


def test_ten_to_twenty_percent_of_the_rows_show_the_null_row(batch: Batch) -> None:
    shares = Regimes()
    assert 0.1 <= share(batch, shows_nothing) <= 0.2
    assert share(batch, shows_nothing) == near(shares.drop_all * (1 - shares.keep_beginning))
    assert share(batch, shows_nothing, drop_all=0.4, keep_beginning=0.0) == near(0.4)
    assert share(batch, lambda row: row.motion.drop_context_b, drop_all=0.4) == near(0.4)


def test_shares_of_the_kinds(batch: Batch) -> None:
    shares = Regimes()
    seeing = 1 - shares.drop_all - shares.drop_other
    assert shares.together + shares.animate + shares.dub == pytest.approx(1)
    assert share(batch, lambda row: row.audio.time_b == 1) == near(seeing * shares.animate)
    assert share(batch, lambda row: row.motion.time_b == 1) == near(seeing * shares.dub)
    both = share(batch, lambda row: row.visibility.audio_sees_motion_b & row.visibility.motion_sees_audio_b)
    assert both == near(seeing * shares.together)
    apart = share(batch, lambda row: ~row.visibility.audio_sees_motion_b & ~row.visibility.motion_sees_audio_b)
    assert apart == near(1 - seeing)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("alone", 0.12), ("together", 0.12), ("animate", 0.85), ("dub", 1 - (1 - 0.12) * (1 - 0.45)), ("null", 1.0)],
)
def test_text_is_dropped_as_often_as_the_kind_says(batch: Batch, kind: str, wanted: float) -> None:
    assert share(batch, lambda row: row.audio.drop_text_b, **KINDS[kind]) == near(wanted)


def test_the_clue_is_dropped_as_often_as_said(batch: Batch) -> None:
    assert share(batch, lambda row: row.motion.drop_clue_b, **KINDS["together"], clue=0.7) == near(0.3)
    assert share(batch, lambda row: row.motion.drop_clue_b, **KINDS["null"], clue=1.0) == 1


def test_null_rows_generate_everything_from_noise(batch: Batch) -> None:
    row = rows(batch, **KINDS["null"], keep_beginning=0.0)
    assert row.audio_generated.all() and row.motion_generated.all()
    assert (row.audio.time_b < 1).all() and (row.motion.time_b < 1).all()
    assert row.audio.context_btc.any() and row.motion.context_btc.any(), "what is withheld is there"


def test_some_null_rows_hear_the_beginning(batch: Batch) -> None:
    row = rows(batch, **KINDS["null"], keep_beginning=1.0, prompt=1.0, infill=0.0, recorded=0.0)
    given = ~row.audio_generated
    assert given.any(1).all() and row.audio_generated.any(1).all()
    assert torch.equal(seen_context(row.audio)[given], row.audio_data[given])
    assert row.audio.drop_text_b.all() and row.motion_generated.all()
    assert share(batch, lambda row: ~row.audio.drop_context_b, **KINDS["null"]) == near(Regimes().keep_beginning)


@torch.inference_mode()
def test_the_model_sees_nothing_of_a_null_row(batch: Batch) -> None:
    """Its velocities are those of each stream without the other, without context and clue, and with any other text."""
    torch.manual_seed(0)
    audio = AudioConfig(channels=200, dim=32, depth=2, heads=2, head_dim=16, text_dim=16, text_layers=1)
    config = JointConfig(audio, MotionConfig(18, 36, dim=16), frames_per_token=2)
    model = awake(JointModel(config))
    row = rows(batch, **KINDS["null"], keep_beginning=0.0, hide_prompt_text=0.0, hide_infill_text=0.0)
    speech, lips = model(row.audio, row.motion, row.visibility)
    yes = torch.ones(ROWS, dtype=torch.bool)
    text = torch.ones_like(row.audio.tokens_bn)
    alone = AudioInput(row.audio.x_btc, torch.zeros_like(row.audio.x_btc), row.audio.time_b, text, yes, ~yes)
    torch.testing.assert_close(speech, model(alone, None)[0], atol=1e-5, rtol=1e-4)
    x, none = row.motion.x_btc, torch.zeros_like(row.motion.x_btc)
    still = MotionInput(x, none, none[..., 0], torch.zeros_like(row.motion.clue_btc), row.motion.time_b, yes, ~yes)
    torch.testing.assert_close(lips, model(None, still)[1], atol=1e-5, rtol=1e-4)


def test_text_is_hidden_only_where_speech_is_given(batch: Batch) -> None:
    row = rows(batch, drop_all=0.0, hide_prompt_text=1.0, hide_infill_text=1.0)
    hidden = row.audio.tokens_bn < 0
    assert hidden.any() and torch.equal(hidden, ~row.audio_generated)


def test_free_timing_gives_the_text_from_the_start(batch: Batch) -> None:
    assert torch.equal(rows(batch, 1.0).audio.tokens_bn, batch.free_ba)
    row = rows(batch, 0.0, hide_prompt_text=0.0, hide_infill_text=0.0)
    assert torch.equal(row.audio.tokens_bn[row.audio_generated], batch.timed_ba[row.audio_generated])
    as_aligned = row.audio.tokens_bn == batch.aligned_ba
    assert (as_aligned | (row.audio.tokens_bn == batch.timed_ba)).all() and not as_aligned.all()


def test_noisy_state_lies_on_the_path(batch: Batch) -> None:
    row = rows(batch, **KINDS["together"])
    t = row.audio.time_b[:, None, None]
    torch.testing.assert_close(row.audio.x_btc, (1 - t) * row.audio_noise + t * row.audio_data)
    t = row.motion.time_b[:, None, None]
    torch.testing.assert_close(row.motion.x_btc, (1 - t) * row.motion_noise + t * row.motion_data)
