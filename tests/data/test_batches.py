"""Training rows: what is in them belongs together."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from corpora import PITCH_HZ, SYMBOLS, make_corpus
from jamflow.data import batches
from jamflow.data.augment import aligned_phones, another_voice, degrade_sound, track_noise, tracked_lips
from jamflow.data.batches import Packer
from jamflow.data.corpus import ShardWriter, shards
from jamflow.data.features import Example, examples, loudness
from jamflow.data.statistics import statistics
from jamflow.mel_format import MelFormat
from jamflow.model.config import mini
from jamflow.speech.mel import LogMel
from jamflow.text.phonemes import symbols, tokens_in_time

MEL = MelFormat()

CONFIG = mini(len(symbols()))
TOKENS = 128


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def packer(corpus: Path) -> Packer:
    return Packer([e for s in shards(corpus) for e in examples(s, MEL)], CONFIG, np.random.default_rng(0))


def test_features_are_the_log_mel_of_the_stored_sound(corpus: Path) -> None:
    shard = next(iter(shards(corpus)))
    for utterance, example in zip(shard.utterances, examples(shard, MEL), strict=True):
        expected = LogMel(MEL)(torch.from_numpy(shard.samples(utterance)))[: len(example.mel_fm)].numpy()
        np.testing.assert_allclose(example.mel_fm, expected, atol=0.01)


def test_a_row_is_one_voice_from_end_to_end(packer: Packer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "ANOTHER_VOICE", 0.0)
    bins = {name: LogMel(MEL)(_tone(hz)).mean(0).argmax() for name, hz in PITCH_HZ.items()}
    mel = packer.batch(8, TOKENS).mel_bac.reshape(8, 2 * TOKENS, -1)
    loud = mel.max(-1).values > -2
    for row, heard in zip(mel, loud, strict=True):
        peaks = set(row[heard].argmax(-1).tolist())
        assert len(peaks & {int(b) for b in bins.values()}) == 1


def test_another_voice_is_higher_or_lower_and_the_same_in_what_is_given_and_what_is_generated() -> None:
    hz = 1000.0
    clean = LogMel(MEL)(_tone(hz)).numpy()
    noisy = clean + np.random.default_rng(1).normal(0, 0.01, clean.shape).astype(np.float32)
    peaks = set()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        mel, heard = another_voice([clean, noisy], MEL, rng.uniform(*batches.PITCH), rng)
        assert mel.shape == clean.shape and np.isfinite(mel).all() and mel.min() >= np.log(1e-5)
        assert np.abs(mel - heard)[mel > -8].max() < 0.1
        peaks.add(int(mel.mean(0).argmax()))
    assert min(peaks) < clean.mean(0).argmax() < max(peaks)


def test_favoured_voices_are_drawn_more_often(corpus: Path) -> None:
    data = [e for s in shards(corpus) for e in examples(s, MEL)]
    name = sorted(PITCH_HZ)[0]
    plain, favoured = (Packer(data, CONFIG, np.random.default_rng(0), favour) for favour in ((), ((name, 3.0),)))
    mine = plain.names.index(name)
    odds = plain.weights[mine] / (1 - plain.weights[mine])
    assert favoured.weights[mine] / (1 - favoured.weights[mine]) == pytest.approx(3 * odds)
    assert favoured.weights.sum() == pytest.approx(1)


def test_text_in_time_and_free_text_are_the_same_phonemes(packer: Packer) -> None:
    batch = packer.batch(4, TOKENS)
    for timed, free in zip(batch.timed_ba.tolist(), batch.free_ba.tolist(), strict=True):
        said = [timed[0]]
        for token in timed[1:]:
            if token != said[-1]:
                said.append(token)
        spoken = [t for t in free if t >= 0]
        merged = [t for i, t in enumerate(spoken) if i == 0 or t != spoken[i - 1]]  # the pauses of two utterances
        assert said == merged[: len(said)] and len(merged) - len(said) <= 1
        assert free[len(spoken) :] == [-1] * (TOKENS - len(spoken))


def test_lips_belong_to_the_text_of_their_row(packer: Packer) -> None:
    batch = packer.batch(16, TOKENS)
    m, vowel = symbols().index("m"), symbols().index("ɑ")
    opening = batch.mouth_btc[:, :, 7] - batch.mouth_btc[:, :, 10]
    at = ((torch.arange(opening.shape[1]) / CONFIG.motion_fps) * CONFIG.token_rate_hz).long().clamp(max=TOKENS - 1)
    said = batch.timed_ba[:, at]
    assert opening[said == vowel].mean() > 2.5 * opening[said == m].mean()


def test_statistics_bring_rows_to_unit_scale(packer: Packer, corpus: Path) -> None:
    made = statistics([e for s in shards(corpus) for e in examples(s, MEL)], CONFIG, np.random.default_rng(1))
    mel = packer.batch(32, TOKENS).mel_bac.reshape(-1, 100)
    scaled = (mel - made["mel_mean"]) / made["mel_std"]
    assert abs(float(scaled.mean())) < 0.1 and 0.5 < float(scaled.std()) < 1.2


def test_tokens_in_time_take_the_phoneme_at_the_middle() -> None:
    phones = [("_", 0.0, 0.1), ("m", 0.1, 0.26), ("ɑ", 0.26, 0.4)]
    ids = [symbols()[i] for i in tokens_in_time(phones, 6, 10.0)]
    assert ids == ["_", "m", "m", "ɑ", "_", "_"]  # at 0.05, 0.15, 0.25..., silence after the end


def test_half_written_shards_are_not_read(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path / "a")
    writer.add(np.zeros(2560, np.float32), "x", "v", [("_", 0.0, 0.1)])
    assert list(shards(tmp_path)) == []
    writer.close()
    assert [s.utterances[0].text for s in shards(tmp_path)] == ["x"]


@pytest.mark.parametrize("seed", range(6))
def test_degraded_sound_is_the_same_speech_worse(seed: int) -> None:
    wave = _tone(300.0).numpy()
    worse = degrade_sound(wave, MEL.sample_rate_hz, np.random.default_rng(seed))
    assert worse.shape == wave.shape and np.abs(worse).max() <= 1 and not np.array_equal(worse, wave)
    assert np.corrcoef(wave, worse)[0, 1] > 0.6
    np.testing.assert_array_equal(worse, degrade_sound(wave, MEL.sample_rate_hz, np.random.default_rng(seed)))


def test_tracker_noise_is_small_and_does_not_touch_its_input() -> None:
    motion = np.zeros((100, 18), np.float32)
    seen = np.concatenate([track_noise(motion, np.random.default_rng(s)) for s in range(20)])
    assert not motion.any() and 0.01 < seen.std() < 0.06


def test_loudness_is_relative_to_the_loud_parts() -> None:
    mel = np.full((100, 100), -11.5)
    mel[20:60] = 0.0
    level = loudness(mel)
    assert level[:20].max() == 0 and level[25:55].min() == 1
    mel[60:80] = -22.5 * np.log(10) / 20
    for louder in (0.0, -1.0, -8.0):
        assert loudness(mel + louder)[60:80] == pytest.approx(0.5, abs=1e-3), "22.5 of 45 dB"
        assert loudness(mel + louder)[25:55].min() == pytest.approx(1)


def test_what_is_given_is_degraded_and_what_is_generated_is_not(packer: Packer, corpus: Path) -> None:
    for example in examples(next(iter(shards(corpus))), MEL):
        off = np.abs(example.heard_fm.astype(np.float32) - example.mel_fm)
        assert example.heard_fm.shape == example.mel_fm.shape and off.mean() > 0.05
    batch = packer.batch(16, TOKENS)
    assert (batch.heard_bac != batch.mel_bac).any(-1).any(-1).all()
    assert (batch.seen_btc != batch.mouth_btc).any(-1).any(-1).all()


def test_a_voice_that_nobody_has_is_given_as_it_is_generated(packer: Packer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pitch moves in both by as much; so the peak of both stays the same band."""
    monkeypatch.setattr(batches, "ANOTHER_VOICE", 1.0)
    for group in packer.groups:
        for example in group:
            object.__setattr__(example, "heard_fm", example.mel_fm)
    batch = packer.batch(30, TOKENS)
    torch.testing.assert_close(batch.heard_bac, batch.mel_bac)
    plain = {int(LogMel(MEL)(_tone(hz)).mean(0).argmax()) for hz in PITCH_HZ.values()}
    peaks = {int(row.reshape(2 * TOKENS, -1).mean(0).argmax()) for row in batch.mel_bac}
    assert len(peaks - plain) > 1


def test_a_row_begins_anew_at_every_draw_and_every_seed_has_its_own(corpus: Path) -> None:
    data = [e for s in shards(corpus) for e in examples(s, MEL)]
    one, same, other = (Packer(data, CONFIG, np.random.default_rng(seed)).batch(4, TOKENS) for seed in (1, 1, 2))
    assert torch.equal(one.mel_bac, same.mel_bac) and torch.equal(one.seen_btc, same.seen_btc)
    assert not torch.equal(one.mel_bac, other.mel_bac)
    assert not torch.equal(one.mel_bac[0], one.mel_bac[1])


def test_about_half_of_the_rows_are_in_the_models_own_style(packer: Packer) -> None:
    batch = packer.batch(60, 32)
    own = (batch.plain_btc == batch.mouth_btc).flatten(1).all(1)
    assert 0.3 < own.float().mean() < 0.7
    cosine = torch.cosine_similarity(batch.plain_btc.flatten(1), batch.mouth_btc.flatten(1))
    assert cosine.min() > 0.8, "the same words"


def test_aligned_text_is_a_little_off_and_in_order(packer: Packer) -> None:
    batch = packer.batch(30, TOKENS)
    differ = (batch.aligned_ba != batch.timed_ba).float().mean()
    assert 0.02 < differ < 0.25
    phones = [("_", 0.0, 0.3), ("m", 0.3, 0.31), ("ɑ", 0.31, 0.32), ("b", 0.32, 0.6), ("_", 0.6, 0.9)]
    starts = []
    for seed in range(300):
        moved = aligned_phones(phones, np.random.default_rng(seed))
        assert [s for s, _, _ in moved] == [s for s, _, _ in phones]
        assert moved[0][1] == 0.0 and moved[-1][2] == 0.9
        assert all(a[1] <= a[2] == b[1] for a, b in pairwise(moved))
        starts.append(moved[-1][1])
    assert np.mean(starts) == pytest.approx(0.6, abs=0.005) and np.std(starts) == pytest.approx(0.02, rel=0.2)


def test_cheeks_lean_on_the_lips_of_this_moment_in_half_of_the_rows(packer: Packer) -> None:
    """And on those of another moment in the others, as in a video whose mouth is made anew."""
    batch = packer.batch(60, TOKENS)
    lags = []
    for clue, mouth in zip(batch.clue_btc.numpy(), batch.mouth_btc.numpy(), strict=True):
        lip = mouth[:, 1] - mouth[:, 1].mean()
        still = np.delete(clue, [13, 16], axis=1)  # the lids blink
        shared = np.fft.rfft(still - still.mean(0), axis=0) * np.fft.rfft(lip).conj()[:, None]
        lags.append(int(np.square(np.fft.irfft(shared, len(lip), axis=0)).sum(1).argmax()))
    here = np.array([min(lag, len(lip) - lag) <= 1 for lag in lags])
    assert 0.25 < here.mean() < 0.75


def test_lids_close_in_blinks_and_nothing_else_of_the_eyes_moves_as_much(packer: Packer) -> None:
    clue = packer.batch(40, TOKENS).clue_btc
    low = clue.amin(1)
    blinked = low[:, 13] < -0.6
    assert 0.3 < blinked.float().mean() < 0.7 and torch.equal(blinked, low[:, 16] < -0.6)
    others = [c for c in range(36) if c not in (13, 16)]
    assert clue[:, :, others].abs().max() < 0.5


def test_tracked_lips_are_never_seen_more_open_where_they_are_shut() -> None:
    shut = np.zeros((100, 18), np.float32)
    wide = shut.copy()
    wide[:, 7], wide[:, 10], wide[:, 13], wide[:, 16] = 0.2, -0.8, 0.15, -0.75
    for seed in range(30):
        seen, open_ = (tracked_lips(x, np.random.default_rng(seed)) for x in (shut, wide))
        assert np.abs(seen.mean(0)).max() < 0.12
        opening = (open_[:, 7] - open_[:, 10]).mean()
        assert 0.35 < opening < 1.4
        np.testing.assert_allclose(open_[:, :6], seen[:, :6], atol=1e-6)  # the corners are as wide as before


def test_tracked_lips_are_blurred_in_time_without_a_shift() -> None:
    flash = np.zeros((101, 18), np.float32)
    flash[50, 10] = -1.0
    weights = np.zeros(101)
    for seed in range(200):
        weights -= tracked_lips(flash, np.random.default_rng(seed))[:, 10] / 200
    assert weights[49] == pytest.approx(weights[51], abs=0.02) and 0.1 < weights[49] < 0.25 and weights[50] > 0.5
    assert np.abs(weights[:48]).max() < 0.03


def test_voices_are_drawn_by_how_long_they_speak() -> None:
    def spoken(voice: str, seconds: float) -> Example:
        mel = np.zeros((int(seconds * 100), 100))
        return Example(voice, [("_", 0.0, seconds)], mel, mel, mel[:, 0])

    packer = Packer([spoken("a", 1.0), spoken("b", 2.0), spoken("b", 1.0)], CONFIG, np.random.default_rng(0))
    assert dict(zip(packer.names, packer.weights, strict=True)) == pytest.approx({"a": 0.25, "b": 0.75})


def test_loud_samples_are_clipped_not_wrapped(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path / "a")
    writer.add(np.array([0.5, -0.25], np.float32), "x", "v", [("_", 0.0, 0.1)])
    writer.add(np.array([1.5, -1.5, 0.125], np.float32), "y", "v", [("_", 0.0, 0.1)])
    writer.close()
    shard = next(iter(shards(tmp_path)))
    np.testing.assert_allclose(shard.samples(shard.utterances[1]), [1, -1, 0.125], atol=1e-4)
    np.testing.assert_allclose(shard.samples(shard.utterances[0]), [0.5, -0.25], atol=1e-4)


def test_a_channel_that_hardly_moves_is_not_blown_up(corpus: Path) -> None:
    """The depth of shut lips, and the tracker's noise on brows."""
    made = statistics([e for s in shards(corpus) for e in examples(s, MEL)], CONFIG, np.random.default_rng(1))
    assert made["mouth_std"].min() == pytest.approx(0.03) and made["mouth_std"].max() > 0.1
    assert made["clue_std"].min() == pytest.approx(0.05) and made["mel_std"].min() >= 0.5


def test_noise_is_quieter_than_speech_at_the_ratio_that_was_drawn() -> None:
    """Of many draws, half have more than 17.5 dB between speech and noise, where there is any."""
    wave = _tone(300.0).numpy()
    ratios = []
    for seed in range(40):
        worse = degrade_sound(wave, MEL.sample_rate_hz, np.random.default_rng(seed))
        gain = float(worse @ wave / (wave @ wave))
        ratios.append(10 * np.log10(np.square(gain * wave).sum() / np.square(worse - gain * wave).sum()))
    assert np.quantile(ratios, 0.1) > -2 and np.median(ratios) > 10


def _tone(hz: float) -> torch.Tensor:
    return 0.3 * torch.sin(2 * np.pi * hz * torch.arange(MEL.sample_rate_hz) / MEL.sample_rate_hz)


assert set(SYMBOLS) <= set(symbols())
