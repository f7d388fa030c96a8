"""Training rows: what is in them belongs together."""

from pathlib import Path

import numpy as np
import pytest
import torch

from corpora import PITCH_HZ, SYMBOLS, make_corpus
from jamflow.data import batches
from jamflow.data.augment import another_voice, degrade_sound, track_noise
from jamflow.data.batches import Packer
from jamflow.data.corpus import ShardWriter, shards
from jamflow.data.features import examples, loudness
from jamflow.data.statistics import statistics
from jamflow.model.config import mini
from jamflow.speech.mel import SAMPLE_RATE_HZ, LogMel
from jamflow.text.phonemes import symbols, tokens_in_time

CONFIG = mini(len(symbols()))
TOKENS = 128


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def packer(corpus: Path) -> Packer:
    return Packer([e for s in shards(corpus) for e in examples(s)], CONFIG, np.random.default_rng(0))


def test_features_are_the_log_mel_of_the_stored_sound(corpus: Path) -> None:
    shard = next(iter(shards(corpus)))
    for utterance, example in zip(shard.utterances, examples(shard), strict=True):
        expected = LogMel()(torch.from_numpy(shard.samples(utterance)))[: len(example.mel_fm)].numpy()
        np.testing.assert_allclose(example.mel_fm, expected, atol=0.01)


def test_a_row_is_one_voice_from_end_to_end(packer: Packer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "ANOTHER_VOICE", 0.0)
    bins = {name: LogMel()(_tone(hz)).mean(0).argmax() for name, hz in PITCH_HZ.items()}
    mel = packer.batch(8, TOKENS).mel_bac.reshape(8, 2 * TOKENS, -1)
    loud = mel.max(-1).values > -2
    for row, heard in zip(mel, loud, strict=True):
        peaks = set(row[heard].argmax(-1).tolist())
        assert len(peaks & {int(b) for b in bins.values()}) == 1


def test_another_voice_is_higher_or_lower_and_the_same_in_what_is_given_and_what_is_generated() -> None:
    hz = 1000.0
    clean = LogMel()(_tone(hz)).numpy()
    noisy = clean + np.random.default_rng(1).normal(0, 0.01, clean.shape).astype(np.float32)
    peaks = set()
    for seed in range(20):
        mel, heard = another_voice([clean, noisy], np.random.default_rng(seed))
        assert mel.shape == clean.shape and np.isfinite(mel).all() and mel.min() >= np.log(1e-5)
        assert np.abs(mel - heard)[mel > -8].max() < 0.1
        peaks.add(int(mel.mean(0).argmax()))
    assert min(peaks) < clean.mean(0).argmax() < max(peaks)


def test_favoured_voices_are_drawn_more_often(corpus: Path) -> None:
    data = [e for s in shards(corpus) for e in examples(s)]
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
    made = statistics([e for s in shards(corpus) for e in examples(s)], CONFIG, np.random.default_rng(1))
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
    worse = degrade_sound(wave, SAMPLE_RATE_HZ, np.random.default_rng(seed))
    assert worse.shape == wave.shape and np.abs(worse).max() <= 1 and not np.array_equal(worse, wave)
    assert np.corrcoef(wave, worse)[0, 1] > 0.6
    np.testing.assert_array_equal(worse, degrade_sound(wave, SAMPLE_RATE_HZ, np.random.default_rng(seed)))


def test_tracker_noise_is_small_and_does_not_touch_its_input() -> None:
    motion = np.zeros((100, 18), np.float32)
    seen = np.concatenate([track_noise(motion, np.random.default_rng(s)) for s in range(20)])
    assert not motion.any() and 0.01 < seen.std() < 0.06


def test_loudness_is_relative_to_the_loud_parts() -> None:
    mel = np.full((100, 100), -11.5)
    mel[20:60] = 0.0
    level = loudness(mel)
    assert level[:20].max() == 0 and level[25:55].min() == 1
    np.testing.assert_allclose(loudness(mel - 1.0)[20:60], level[20:60])


def _tone(hz: float) -> torch.Tensor:
    return 0.3 * torch.sin(2 * np.pi * hz * torch.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ)


assert set(SYMBOLS) <= set(symbols())
