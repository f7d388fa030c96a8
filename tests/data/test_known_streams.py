"""Rows of people: filmed lips lie under their own sound, and what is not known of a row is not made up."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from corpora import MEL
from jamflow.data import batches
from jamflow.data.batches import Packer
from jamflow.data.corpus import ShardWriter, shards
from jamflow.data.features import Example, common_frames, examples, prepare
from jamflow.data.statistics import statistics
from jamflow.face.liveportrait.space import LIVEPORTRAIT_SPACE
from jamflow.face.mesh.space import MESH_SPACE
from jamflow.mel_format import MelFormat
from jamflow.model.config import JointConfig, MotionConfig, mini
from jamflow.speech.bandwidth import bands_below
from jamflow.text.phonemes import symbols

CONFIG = mini(len(symbols()))
TOKENS = 128
FRAMES = 2 * TOKENS
MOTION_FRAMES = CONFIG.motion_frames(TOKENS)
PHONES = [("_", 0.0, 0.5), ("m", 0.5, 1.0), ("ɑ", 1.0, 1.6), ("_", 1.6, 2.0)]


def spoken(
    seconds: float = 1.92,
    *,
    filmed: bool = False,
    text: bool = True,
    bandwidth_hz: float | None = None,
    voice: str = "v",
    seed: int = 0,
) -> Example:
    """Every value of mel and motion is the time in the utterance that it belongs to, but for key points' own offsets."""
    rng = np.random.default_rng(seed)
    frames = int(seconds * MEL.frame_rate_hz) // common_frames(MEL) * common_frames(MEL)
    time_s = np.arange(frames) / MEL.frame_rate_hz
    mel = np.tile(time_s[:, None], (1, MEL.bands)).astype(np.float32)
    motion = None
    if filmed:
        rows = round(frames / MEL.frame_rate_hz * 25)
        motion = np.arange(rows)[:, None, None] / 25 + 100 * np.arange(21)[:, None] + np.zeros((rows, 21, 3))
        motion = motion.astype(np.float32)
    heard = mel + rng.normal(0, 0.01, mel.shape).astype(np.float32)
    phones = [(s, a * seconds / 2, b * seconds / 2) for s, a, b in PHONES] if text else []
    return Example(voice, phones, mel, heard, np.ones(frames), motion, bandwidth_hz)


@pytest.fixture(autouse=True)
def own_voices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "ANOTHER_VOICE", 0.0)


def packer(*data: Example, config: JointConfig = CONFIG) -> Packer:
    return Packer(list(data), config, np.random.default_rng(0))


def test_filmed_lips_lie_under_their_own_sound_however_often_utterances_follow_one_another() -> None:
    data = [spoken(seconds, filmed=True) for seconds in (0.9, 1.37, 1.92)]
    batch = packer(*data).batch(8, TOKENS)
    assert batch.lips_b.all()
    heard_at = torch.arange(MOTION_FRAMES) / 25 * MEL.frame_rate_hz
    low = heard_at.floor().long()
    mel = batch.mel_bac.reshape(8, FRAMES, -1)[..., 0]
    sound_s = torch.lerp(mel[:, low], mel[:, (low + 1).clamp(max=FRAMES - 1)], heard_at - low)
    off = (batch.mouth_btc[:, :, 0] - sound_s).abs()
    joints = (mel.diff(dim=1) < 0).sum(1)
    assert (joints >= 1).all(), "several utterances in every row"
    assert ((off > 1e-4).sum(1) <= joints).all(), "but for the frame in which one utterance follows another"


def test_lips_and_clue_of_a_filmed_face_are_its_own_key_points() -> None:
    batch = packer(spoken(8.0, filmed=True)).batch(40, TOKENS)
    which = torch.div(batch.mouth_btc[0, 0], 100, rounding_mode="floor").long().tolist()
    assert which == [k for k in MESH_SPACE.mouth for _ in range(3)]
    rest = torch.div(batch.clue_btc[0, 0], 100, rounding_mode="floor").long().tolist()
    assert rest == [k for k in MESH_SPACE.clue for _ in range(3)]
    assert torch.equal(batch.seen_btc, batch.mouth_btc), "a tracker saw them already"
    now = (batch.clue_btc[:, :, 0] - 900 - batch.mouth_btc[:, :, 0]).abs().amax(1) < 1e-3
    assert 0.3 < now.float().mean() < 0.75, "cheeks of another moment in half of the rows"


def test_any_stretch_of_a_long_utterance_is_a_row() -> None:
    long = spoken(20.0, filmed=True)
    batch = packer(long).batch(60, TOKENS)
    starts = batch.mel_bac[:, 0, 0]
    assert starts.min() < 4 and starts.max() > 12 and len(set(starts.tolist())) > 30
    torch.testing.assert_close(batch.mouth_btc[:, 0, 0], starts, atol=1e-5, rtol=0)
    index = {s: i for i, s in enumerate(symbols())}
    for b, start in enumerate(starts.tolist()):
        middle_s = start + 0.5 / CONFIG.token_rate_hz
        said = [s for s, a, e in long.phones if a <= middle_s < e]
        assert batch.timed_ba[b, 0] == index[said[0]]


def test_a_part_keeps_what_was_said_in_it() -> None:
    part = spoken(1.92, filmed=True).part(60, 120, MEL)
    start_s, end_s = 60 / MEL.frame_rate_hz, 120 / MEL.frame_rate_hz
    assert [s for s, _, _ in part.phones] == ["m", "ɑ"]
    assert part.phones[0][1] == 0 and part.phones[-1][2] == pytest.approx(end_s - start_s)
    assert part.phones[0][2] == pytest.approx(0.96 - start_s)
    assert part.motion_tk3 is not None and len(part.motion_tk3) == 16 and part.motion_tk3[0, 0, 0] == pytest.approx(start_s)
    assert len(part.heard_fm) == len(part.loudness_f) == len(part) == 60


def test_a_row_has_the_same_things_known_throughout() -> None:
    """One voice with and without text, with and without a film."""
    data = [spoken(filmed=f, text=t) for f in (True, False) for t in (True, False)]
    batch = packer(*data).batch(60, TOKENS)
    known = {(bool(t), bool(m)) for t, m in zip(batch.text_b, batch.lips_b, strict=True)}
    assert known == {(True, True), (False, True), (False, False)}
    filmed = batch.mouth_btc[:, :, 3] > 99  # key point 1
    assert torch.equal(filmed.all(1), filmed.any(1)) and not filmed[~batch.lips_b].any()
    silent = (batch.timed_ba < 0) & (batch.aligned_ba < 0) & (batch.free_ba < 0)
    assert torch.equal(silent.all(1), ~batch.text_b) and not silent[batch.text_b].all(1).any()
    assert not batch.mouth_btc[~batch.lips_b].any() and not batch.clue_btc[~batch.lips_b].any()


def test_lips_come_from_what_the_packer_is_given() -> None:
    asked = []

    def lips(phones, duration_s, fps, loudness_t, rng):
        asked.append((phones, duration_s, fps))
        shape = (len(loudness_t), 18)
        return np.full(shape, 7, np.float32), np.full(shape, 3, np.float32)

    made = Packer([spoken()], CONFIG, np.random.default_rng(0), lips=lips).batch(2, TOKENS)
    assert (made.mouth_btc == 7).all() and (made.plain_btc == 3).all() and (made.seen_btc - 7).abs().max() < 3
    phones, duration_s, fps = asked[0]
    assert phones[0][1] == 0 and phones[-1][2] >= duration_s - 0.04 and duration_s * fps == MOTION_FRAMES
    filmed = Packer([spoken(filmed=True)], CONFIG, np.random.default_rng(0), lips=lips).batch(1, TOKENS)
    assert (filmed.plain_btc == 3).all() and not (filmed.mouth_btc == 7).any(), "the model's own style for the same words"


def test_without_a_filmed_face_lips_are_unknown_in_another_motion_space() -> None:
    """Lips made from phonemes are those of the face mesh."""
    config = replace(CONFIG, motion=MotionConfig())
    batch = packer(spoken(), spoken(filmed=True, voice="w"), config=config).batch(30, TOKENS)
    filmed = batch.mouth_btc[:, 0, 0] > 99
    assert filmed.any() and torch.equal(filmed, batch.lips_b) and batch.text_b.all()
    which = torch.div(batch.clue_btc[batch.lips_b][0, 0], 100, rounding_mode="floor").long().tolist()
    assert which == [k for k in LIVEPORTRAIT_SPACE.clue for _ in range(3)]


def test_above_a_recordings_bandwidth_bands_are_filled_and_not_known() -> None:
    low = spoken(bandwidth_hz=4000.0)
    empty = bands_below(4000.0, MEL)
    for mel in (low.mel_fm, low.heard_fm):
        mel -= 2.0
        mel[:, empty:] = -11.5
    batch = packer(low, spoken(voice="w")).batch(20, TOKENS)
    limited = ~batch.known_bc.all(1)
    assert limited.any() and not limited.all()
    known = batch.known_bc[limited][0].reshape(2, -1)
    assert torch.equal(known[0], known[1]) and known[0].sum() == empty - 2, "without the slope of the filter"
    mel, heard, given = (x[limited].reshape(-1, 100) for x in (batch.mel_bac, batch.heard_bac, batch.given_bac))
    assert (mel[:, empty:] > -6).all() and (given[:, empty:] > -6).all(), "as a recording is continued"
    assert (heard[:, empty:] == -11.5).all(), "as it is heard"
    assert torch.equal(heard[:, : empty - 2], given[:, : empty - 2])


def test_a_changed_voice_takes_its_bandwidth_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "ANOTHER_VOICE", 1.0)
    low = spoken(bandwidth_hz=4000.0)
    batch = packer(low).batch(30, TOKENS)
    kept = batch.known_bc.reshape(30, 2, -1)[:, 0].sum(1)
    assert bands_below(0.86 * 4000, MEL) - 2 <= kept.min() < bands_below(0.95 * 4000, MEL) - 2
    assert bands_below(1.05 * 4000, MEL) - 2 < kept.max() <= bands_below(1.16 * 4000, MEL) - 2


def test_bands_below_a_frequency() -> None:
    assert bands_below(None, MEL) == bands_below(12_000.0, MEL) == MEL.bands
    assert 80 < bands_below(8000.0, MEL) < 90 and bands_below(100.0, MEL) == bands_below(2200.0, MEL)


def test_statistics_do_not_count_lips_that_are_unknown() -> None:
    data = [spoken(filmed=True), spoken(text=False, voice="w", seconds=8.0)]
    made = statistics(data, CONFIG, np.random.default_rng(0))
    assert made["mouth_mean"][3] == pytest.approx(101, abs=0.3), "mostly unknown, and zero there"
    alone = statistics([spoken(text=False)], CONFIG, np.random.default_rng(0))
    assert not alone["mouth_mean"].any() and (alone["clue_std"] == 1).all()


@pytest.mark.parametrize("mel_format", [MEL, MelFormat(16_000, 256, 1024, 80)])
def test_examples_of_a_filmed_shard_are_whole_in_both_clocks(tmp_path, mel_format: MelFormat) -> None:
    rng = np.random.default_rng(0)
    writer = ShardWriter(tmp_path / "a")
    motion = rng.normal(0, 1, (200, 21, 3)).astype(np.float32)
    pose = np.zeros((200, 7), np.float32)
    rate_hz = mel_format.sample_rate_hz
    first = rng.normal(0, 0.1, int(3.01 * rate_hz)).astype(np.float32)
    writer.add(first, "", "v", [], motion=(motion[:75], pose[:75]))
    writer.add(first, "", "v", [], motion=(motion[75:130], pose[75:130]), bandwidth_hz=5000.0)  # the face is lost after 2.2 s
    writer.add(first, "x", "v", [("_", 0.0, 3.01)])
    writer.close()
    shard = next(iter(shards(tmp_path)))
    prepare(shard, mel_format)
    one, short, unfilmed = examples(shard, mel_format)
    assert one.motion_tk3 is not None and short.motion_tk3 is not None and unfilmed.motion_tk3 is None
    for example, last_s in ((one, 3.0), (short, 2.2)):
        assert len(example) / mel_format.frame_rate_hz == len(example.motion_tk3) / 25
        assert last_s - 0.17 < len(example) / mel_format.frame_rate_hz <= last_s
    np.testing.assert_array_equal(short.motion_tk3, motion[75 : 75 + len(short.motion_tk3)])
    assert short.bandwidth_hz == 5000.0 and one.bandwidth_hz is None
    assert len(unfilmed) == len(first) // mel_format.hop
