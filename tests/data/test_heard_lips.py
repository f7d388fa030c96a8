"""Lips that a teacher hears: how they reach a training row, in time and in style."""

from dataclasses import replace

import numpy as np
import pytest

from jamflow.data.batches import Packer
from jamflow.data.corpus import Shard, ShardFacts, ShardWriter
from jamflow.data.features import Example, examples, lips_between, lips_frames, prepare
from jamflow.data.lips import OWN_GAIN, heard
from jamflow.model.config import mini
from jamflow.text.phonemes import symbols

CONFIG = mini(len(symbols()))


def example(seconds: float, phones: list, value: float, *, lips: bool = True) -> Example:
    """An utterance whose lips say its number: channel 1 is `value` plus the time in seconds."""
    frames = int(seconds * CONFIG.mel.frame_rate_hz)
    rows = lips_frames(frames * CONFIG.mel.hop, CONFIG.mel.sample_rate_hz)
    lips_tc = np.zeros((rows, 18), np.float32)
    lips_tc[:, 1] = value + np.arange(rows) / 25
    mel = np.zeros((frames, CONFIG.mel.bands), np.float16)
    return Example("v", phones, mel, mel, np.ones(frames, np.float32), None, None, lips_tc if lips else None)


def test_lips_are_read_between_frames_and_held_beyond_the_ends():
    lips = np.arange(4, dtype=np.float32)[:, None]
    assert lips_between(lips, np.array([-1.0, 0.0, 0.02, 0.06, 9.0])).ravel() == pytest.approx([0, 0, 0.5, 1.5, 3])


def test_a_part_of_an_utterance_has_the_lips_of_its_own_time():
    whole = example(4.0, [], 0.0)
    part = whole.part(90, 240, CONFIG.mel)  # from 0.96 s
    assert part.lips_tc is not None and len(part.lips_tc) == 40
    assert part.lips_tc[:, 1] == pytest.approx(0.96 + np.arange(40) / 25, abs=1e-5)


def test_lips_of_a_row_follow_its_sound_piece_by_piece():
    packer = Packer([example(1.3, [], 10.0)], CONFIG, np.random.default_rng(0))
    for _ in range(20):
        row = packer.batch(1, 256)
        if (row.mouth_btc == row.plain_btc).all():
            break
    piece_s = int(1.3 * CONFIG.mel.frame_rate_hz) / CONFIG.mel.frame_rate_hz
    time_s = np.arange(row.mouth_btc.shape[1]) / 25
    within = np.minimum(time_s % piece_s, (lips_frames(int(piece_s * 24000), 24000) - 1) / 25)
    assert row.mouth_btc[0, :, 1].numpy() == pytest.approx(OWN_GAIN * (10 + within), abs=0.05)
    assert row.lips_b.all() and not row.text_b.any()


def test_a_row_with_a_piece_without_heard_lips_gets_them_from_phonemes_or_not_at_all():
    known = example(3.0, [], 0.0, lips=False)
    row = Packer([known], CONFIG, np.random.default_rng(0)).batch(1, 64)
    assert not row.lips_b.any() and not row.mouth_btc.any()


def open_mouth(frames: int) -> np.ndarray:
    lips = np.zeros((frames, 6, 3), np.float32)
    lips[:, [2, 4], 1], lips[:, [3, 5], 1] = 0.2, -0.8
    return lips.reshape(frames, -1)


def gap(lips_tc: np.ndarray) -> np.ndarray:
    points = lips_tc.reshape(len(lips_tc), 6, 3)
    return points[:, 2, 1] - points[:, 3, 1]


def test_lips_are_shut_in_b_and_in_pauses_where_the_phonemes_are_known():
    phones = [("_", 0.0, 0.4), ("ɑ", 0.4, 0.8), ("b", 0.8, 0.9), ("ɑ", 0.9, 1.4), ("_", 1.4, 2.0)]
    _, own = heard(open_mouth(50), phones, 25.0, np.random.default_rng(0))
    opening = gap(own)
    assert opening[:7] == pytest.approx(0, abs=1e-6) and opening[38:] == pytest.approx(0, abs=1e-6)
    assert opening[18:24].min() < 0.02
    assert opening[13:16].min() > 0.7 and opening[28:33].min() > 0.7
    _, unknown = heard(open_mouth(50), [], 25.0, np.random.default_rng(0))
    assert gap(unknown) == pytest.approx(OWN_GAIN)


def test_other_styles_differ_and_the_own_one_does_not():
    rng = np.random.default_rng(1)
    pairs = [heard(open_mouth(10), [], 25.0, rng) for _ in range(40)]
    owns = np.stack([own for _, own in pairs])
    assert (owns == owns[0]).all()
    same = sum(bool((lips == own).all()) for lips, own in pairs)
    assert 10 < same < 30
    assert len({round(float(gap(lips)[0]), 4) for lips, _ in pairs}) > 10


def test_filmed_lips_are_preferred(monkeypatch):
    frames = 150
    motion = np.full((40, 21, 3), 0.25, np.float32)
    e = replace(example(frames / CONFIG.mel.frame_rate_hz, [], 5.0), motion_tk3=motion)
    row = Packer([e], CONFIG, np.random.default_rng(0)).batch(1, 60)
    assert row.mouth_btc.numpy() == pytest.approx(0.25)


def test_in_a_row_too_heard_lips_are_shut_where_the_phonemes_say_so():
    e = example(3.0, [("ɑ", 0.0, 1.0), ("_", 1.0, 2.0), ("ɑ", 2.0, 3.0)], 0.0)
    assert e.lips_tc is not None
    e.lips_tc[:, :] = open_mouth(len(e.lips_tc))
    row = Packer([e], CONFIG, np.random.default_rng(0)).batch(1, 128)
    opening = gap(row.plain_btc[0].numpy())
    assert opening[30:42] == pytest.approx(0, abs=1e-6) and opening[4:16].min() > 0.7


def test_every_utterance_of_a_shard_has_its_own_lips(tmp_path):
    writer = ShardWriter(tmp_path / "s", ShardFacts())
    for samples in (24000, 30001, 26000):
        writer.add(np.zeros(samples, np.float32), "", "v", [])
    writer.close()
    shard = Shard(tmp_path / "s")
    prepare(shard, CONFIG.mel)
    rows = [lips_frames(u.samples, 24000) for u in shard.utterances]
    lips = np.repeat(np.arange(3.0), rows)[:, None] * np.ones((1, 18))
    np.save(shard.folder / "lips.npy", lips.astype(np.float32))
    for number, (e, frames) in enumerate(zip(examples(shard, CONFIG.mel), rows, strict=True)):
        assert e.lips_tc is not None and e.lips_tc.shape == (frames, 18)
        assert (e.lips_tc == number).all()
